"""Scores of valid submissions, comparisons, and reference predictions."""
