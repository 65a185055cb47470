"""ONNX <-> DAG. Needs numpy and onnx, never torch."""
