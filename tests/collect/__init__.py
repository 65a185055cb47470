"""Tests of younger_hf.collect."""
