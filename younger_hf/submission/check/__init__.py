"""What is wrong with a submission, all of it at once."""
