"""Tests of the dataset: from Dags to a repo that loads, on small real models."""
