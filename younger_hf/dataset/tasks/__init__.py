"""What one row of each task is."""
