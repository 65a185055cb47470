"""Data, metrics and a leaderboard for AI-generated neural-network architectures.

The names below load their modules when they are first used, so importing the package is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from younger_hf import baselines as baselines
    from younger_hf import dataset as dataset
    from younger_hf import graph as graph
    from younger_hf import metrics as metrics
    from younger_hf import sources as sources
    from younger_hf import submission as submission
    from younger_hf.dataset.read.load import load, num_classes
    from younger_hf.dataset.read.networkx import to_networkx
    from younger_hf.dataset.read.pyg import to_pyg
    from younger_hf.errors import YoungerError
    from younger_hf.graph.dag import Dag
    from younger_hf.graph.read.extract import from_onnx
    from younger_hf.graph.rebuild.to_onnx import to_onnx
    from younger_hf.metrics.load import load_metric

    __version__: str

__all__ = ["Dag", "YoungerError", "from_onnx", "load", "load_metric", "num_classes", "to_networkx", "to_onnx", "to_pyg"]

_MODULES = {
    "Dag": "younger_hf.graph.dag",
    "YoungerError": "younger_hf.errors",
    "from_onnx": "younger_hf.graph.read.extract",
    "load": "younger_hf.dataset.read.load",
    "load_metric": "younger_hf.metrics.load",
    "num_classes": "younger_hf.dataset.read.load",
    "to_networkx": "younger_hf.dataset.read.networkx",
    "to_onnx": "younger_hf.graph.rebuild.to_onnx",
    "to_pyg": "younger_hf.dataset.read.pyg",
}


_PACKAGES = ("baselines", "dataset", "graph", "metrics", "sources", "submission")

if not TYPE_CHECKING:  # type checkers would take every misspelt name for one that exists

    def __getattr__(name: str) -> object:
        """Load a public name or package when it is first used (PEP 562)."""
        from importlib import import_module

        if name in _PACKAGES:
            return import_module(f"{__name__}.{name}")
        if name in _MODULES:
            value = getattr(import_module(_MODULES[name]), name)
        elif name == "__version__":
            from importlib.metadata import version

            value = version("younger-hf")
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names and packages, loaded or not."""
    return sorted({*globals(), *__all__, *_PACKAGES, "__version__"})
