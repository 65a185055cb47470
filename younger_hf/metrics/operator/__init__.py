"""Metrics of the operator task, with their `evaluate` module and card."""
