"""Metrics of the prediction task, with their `evaluate` module and card."""
