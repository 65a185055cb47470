"""The leak audit: whatever of the hidden answers can be found in what is public."""
