"""Sources of ONNX files that are at hand."""
