"""Tests of the leaderboard, on small real boards."""
