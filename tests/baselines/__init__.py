"""Tests of the baselines, trained on a small real dataset."""
