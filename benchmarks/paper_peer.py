"""The Younger paper's own code on one ONNX file after another; run by `benchmarks.paper` with the peer's Python.

It needs nothing of younger_hf. Each line on standard input is a path; each line on standard output is a JSON object:
the versions once, then for every path the seconds of each phase and the DAG, or an error.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from younger.datasets.modules import Network
from younger.datasets.utils import translation
from younger.datasets.utils.io import load_model

OPSET = translation.get_onnx_opset_version()
"""What the paper's filter takes if it is not told otherwise: the newest that onnx knows."""

_parts: dict[str, float] = {}


def timed_part(name: str) -> None:
    """Let a function that the translation calls add its seconds to `_parts`."""
    function: Callable[..., Any] = getattr(translation, name)

    def timed(*arguments: Any, **keywords: Any) -> Any:
        start = perf_counter()
        result = function(*arguments, **keywords)
        _parts[name] = _parts.get(name, 0.0) + perf_counter() - start
        return result

    setattr(translation, name, timed)


def run_once(path: Path) -> dict[str, Any]:
    """Take a file through the phases of the paper's `convert` and `filter`.

    Counted: `read`, `extract` (which includes the parts `inline_local_functions` and `infer_shapes`), `purify`
    (standardise, fill in default attributes), `hash`. Not counted: `onnx.checker`, which weight-free files do not pass,
    and `store`, the pickle on disk by which the two programs hand the graph over.
    """
    _parts.clear()
    start = perf_counter()
    model = load_model(path)
    read = perf_counter()
    graph = translation.trans_model_proto(model, neglect_tensor_values=True)
    extracted = perf_counter()
    store = _store(graph)
    resumed = perf_counter()
    dag = Network.standardize(graph)
    for node in dag.nodes():
        features = dag.nodes[node]["features"]
        operator = features["operator"]
        features["attributes"] = translation.get_complete_attributes_of_node(
            features["attributes"], operator["op_type"], operator["domain"], OPSET
        )
    purified = perf_counter()
    Network.hash(dag, node_attr="features")
    hashed = perf_counter()
    position = {node: index for index, node in enumerate(dag.nodes())}
    operators = [dag.nodes[node]["features"]["operator"] for node in dag.nodes()]
    return {
        "seconds": {
            "read": read - start,
            "extract": extracted - read,
            "purify": purified - resumed,
            "hash": hashed - purified,
        },
        "not_counted": {"store": store, **_parts},
        "nodes": [[operator["domain"], operator["op_type"]] for operator in operators],
        "edges": [[position[source], position[target]] for source, target in dag.edges()],
    }


def _store(graph: Any) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        Network(graph).save(Path(folder) / "network")
        Network().load(Path(folder) / "network")
        return perf_counter() - start


def main() -> None:
    """Answer until standard input ends; what the paper's code prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    gc.disable()  # as timeit does: garbage is collected between the runs
    timed_part("inline_local_functions")
    timed_part("infer_shapes")
    versions = {name: version(name) for name in ("onnx", "networkx", "numpy", "protobuf")}
    print(json.dumps({"python": platform.python_version(), **versions}), file=answers, flush=True)
    for line in sys.stdin:
        times, _, name = line.rstrip("\n").partition(" ")
        gc.collect()
        try:
            readings = [run_once(Path(name)) for _ in range(int(times))]
            answer = sorted(readings, key=lambda reading: sum(reading["seconds"].values()))[len(readings) // 2]
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
