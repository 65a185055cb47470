"""Export of framework models to ONNX without allocating their weights.

Needs the extra `sources`.
"""
