"""Scoring outside the server: a worker claims submissions, a limited child process scores each."""
