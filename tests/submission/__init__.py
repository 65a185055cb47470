"""Tests of the submission format, on a small real release."""
