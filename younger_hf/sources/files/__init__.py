"""Sources of local ONNX files."""
