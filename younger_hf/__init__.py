"""younger-hf: data, metrics and a leaderboard for AI-generated neural-network architectures."""

from younger_hf.dataset.read.load import load
from younger_hf.dataset.read.networkx import to_networkx
from younger_hf.dataset.read.pyg import to_pyg
from younger_hf.errors import YoungerError
from younger_hf.graph.dag import Dag
from younger_hf.graph.read.extract import from_onnx
from younger_hf.graph.rebuild.to_onnx import to_onnx
from younger_hf.metrics.load import load_metric

__all__ = ["Dag", "YoungerError", "from_onnx", "load", "load_metric", "to_networkx", "to_onnx", "to_pyg"]
