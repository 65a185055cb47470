"""Metrics of the generation task, with their `evaluate` module and card."""
