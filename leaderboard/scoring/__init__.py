"""Scoring in processes of its own: a worker takes submissions, and a limited child process scores each."""
