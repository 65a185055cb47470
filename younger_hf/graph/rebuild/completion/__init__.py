"""A generated graph -> a model with its operators and data flows: slots, weights, shapes and inputs are chosen."""
