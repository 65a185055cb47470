"""Tests of younger_hf.stages."""
