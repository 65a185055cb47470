"""Dag -> an ONNX model that runs, and the completion of generated graphs."""
