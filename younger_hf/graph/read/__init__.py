"""ONNX bytes -> Dag, without reading weights."""
