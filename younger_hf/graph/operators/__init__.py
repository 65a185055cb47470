"""What operators are and do: signatures, schemas, folding, shape inference, FLOPs."""
