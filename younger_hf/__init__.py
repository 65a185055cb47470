"""younger-hf: data, metrics and a leaderboard for AI-generated neural-network architectures."""

from younger_hf.dataset.load import load
from younger_hf.dataset.networkx import to_networkx
from younger_hf.dataset.pyg import to_pyg
from younger_hf.errors import YoungerError
from younger_hf.graph.dag import Dag
from younger_hf.graph.extract import from_onnx
from younger_hf.graph.rebuild import to_onnx
from younger_hf.metrics.load import load_metric

__all__ = ["Dag", "YoungerError", "from_onnx", "load", "load_metric", "to_networkx", "to_onnx", "to_pyg"]
