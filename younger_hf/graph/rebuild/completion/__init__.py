"""Completion of generated graphs: slots, weights, shapes and inputs are chosen for a model."""
