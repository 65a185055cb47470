"""Scoring in processes of its own: a worker takes submissions up, and a limited child scores each."""
