"""Many Dags -> a Hub dataset repo, and back into memory."""
