"""Tests of younger-hf; they mirror the packages."""
