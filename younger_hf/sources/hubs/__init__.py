"""Sources behind HTTP: the Hugging Face Hub, the ONNX Model Zoo, Kaggle."""
