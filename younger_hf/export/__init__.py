"""A framework's model -> ONNX, without allocating its weights. Needs the extra `sources`."""
