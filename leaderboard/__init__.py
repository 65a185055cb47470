"""The leaderboard of younger-hf: takes predictions, scores them against hidden answers and shows who ranks where."""
