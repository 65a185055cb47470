"""Predictions files in Parquet, CSV and JSON lines -> typed columns."""
