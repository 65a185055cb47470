"""Tests of younger_hf.metrics.execution."""
