"""The WL hash against networkx's on graphs of at least 1,000 nodes, without the time to build them.

`python -m benchmarks.wl_hash FOLDER` measures the models in a folder. Without one, the graphs are the
light models inside the onnx package, joined, and repeated to make larger graphs.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import get_args

import networkx as nx
import numpy as np
import numpy.typing as npt
import onnx

from benchmarks.measure import Ratio, compare
from younger_hf import YoungerError, from_onnx
from younger_hf.cli import console
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash
from younger_hf.graph.vocabulary import Signature

LEAST = 1000
"""Fewest nodes of a graph that is measured."""
COPIES = (1, 3, 12)
"""How often the light models are repeated."""
ROUNDS = 21


@dataclass(frozen=True)
class Case:
    """A graph to hash: its name, `edge_index` int32 [2, E] and a label a node."""

    name: str
    edge_index: npt.NDArray[np.int32]
    labels: Sequence[str]


def run() -> list[Ratio]:
    """The light models together, once and repeated, with both signatures."""
    return [_measure(case) for case in light_models()]


def light_models() -> Iterator[Case]:
    """All light models as one graph; of several copies, each follows the one before it."""
    root = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    dags = [from_onnx(path) for path in sorted(root.glob("light_*.onnx"))]
    for copies in COPIES:
        row = dags * copies
        starts = np.cumsum([0, *(dag.num_nodes for dag in row)])
        parts = [dag.edge_index + start for dag, start in zip(row, starts[:-1], strict=True)]
        followed = starts[len(dags) : -1 : len(dags)]
        edge_index = np.concatenate([*parts, [followed - 1, followed]], axis=1).astype(np.int32)
        for kind in get_args(Signature):
            labels = [label for dag in row for label in dag.signatures(kind)]
            yield Case(f"{len(row)} light models, {len(labels):,} nodes, {kind}", edge_index, labels)


def models_in(folder: Path) -> Iterator[Case]:
    """The models below a folder that have at least `LEAST` nodes; those that cannot be read are named and left out."""
    for path in sorted(folder.rglob("*.onnx")):
        try:
            dag = from_onnx(path)
        except YoungerError as error:
            console.warn(str(error))
            continue
        if dag.num_nodes >= LEAST:
            for kind in get_args(Signature):
                yield Case(f"{path.stem}, {dag.num_nodes:,} nodes, {kind}", dag.edge_index, dag.signatures(kind))


def _measure(case: Case) -> Ratio:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from((node, {"label": label}) for node, label in enumerate(case.labels))
    graph.add_edges_from(case.edge_index.T.tolist())

    def ours() -> str:
        return weisfeiler_lehman_hash(case.edge_index, case.labels)

    def theirs() -> str:
        return str(nx.weisfeiler_lehman_graph_hash(graph, node_attr="label", iterations=3, digest_size=16))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The hashes produced for directed graphs", UserWarning)
        if ours() != theirs():
            raise ValueError(f"{case.name}: the hashes differ, {ours()} here and {theirs()} from networkx")
        return compare(f"WL hash: {case.name}", f"networkx {nx.__version__}", ours, theirs, rounds=ROUNDS)


def main(arguments: list[str]) -> int:
    """Measure the models of a folder, or the light models."""
    if arguments and not Path(arguments[0]).is_dir():
        console.warn(f"{arguments[0]}: not a folder; expected one with .onnx files.")
        return console.EXIT_BAD_INPUT
    ratios = [_measure(case) for case in (models_in(Path(arguments[0])) if arguments else light_models())]
    if not ratios:
        console.warn(f"{arguments[0]}: no model in it has {LEAST:,} nodes or more.")
        return console.EXIT_BAD_INPUT
    rows = [[r.name, r.ours, r.theirs, r.ratio] for r in ratios]
    console.show_table("Median seconds, and how many times faster", ["what", "ours", ratios[0].peer, "ratio"], rows)
    values = [r.ratio for r in ratios]
    console.say(f"{len(values)} graphs: {min(values):.2f} times faster at least, {median(values):.2f} in the median")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
