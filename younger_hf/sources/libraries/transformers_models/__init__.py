"""Configurations and example inputs of transformers models; imported only by processes that need torch."""
