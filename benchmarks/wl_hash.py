"""The WL hash against networkx's, on the models inside the onnx package."""

from __future__ import annotations

import warnings
from pathlib import Path

import networkx as nx
import onnx

from benchmarks.measure import Ratio, compare
from younger_hf import from_onnx


def run() -> list[Ratio]:
    """The largest of the light models, graph building counted on neither side."""
    root = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    dag = from_onnx(root / "light_densenet121.onnx")
    graph = nx.DiGraph(dag.to_networkx())
    labels = dag.w_attrs
    assert labels

    def theirs() -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(nx.weisfeiler_lehman_graph_hash(graph, node_attr="w_attrs", iterations=3, digest_size=16))

    name = f"WL hash of densenet121 ({dag.num_nodes} nodes)"
    return [compare(name, f"networkx {nx.__version__}", lambda: dag.wl_hash("w_attrs"), theirs)]
