"""Metrics of the data-flow task, with their `evaluate` module and card."""
