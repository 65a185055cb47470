"""Operators: signatures, schemas, folding, shape inference, FLOPs."""
