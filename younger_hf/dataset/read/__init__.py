"""A dataset repo back into memory: opened, verified, loaded, batched."""
