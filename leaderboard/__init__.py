"""The leaderboard: receive predictions, score them against hidden answers, and rank the systems."""
