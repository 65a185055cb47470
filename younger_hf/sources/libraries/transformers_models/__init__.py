"""Configurations and example inputs of transformers models, for processes that have torch."""
