"""Communities of architectures of 1,000 operators and more: time and modularity.

The peer is networkx's `greedy_modularity_communities`.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from statistics import median
from time import process_time

import networkx as nx

from younger_hf import Dag, from_onnx
from younger_hf.cli.console import show_json, show_table
from younger_hf.collect.archive import unpack
from younger_hf.dataset.tasks.communities import communities

LEAST_NODES = 1_000


def compare(dag: Dag) -> dict[str, float]:
    """Measure both sides on one architecture, in seconds of processor time.

    Building networkx's graph is not counted, building ours is.

    As `timeit` does, no garbage is collected meanwhile.
    """
    graph = nx.Graph(dag.to_networkx())
    gc.collect()
    gc.disable()
    start = process_time()
    ours = communities(dag)
    middle = process_time()
    theirs = nx.community.greedy_modularity_communities(graph)
    end = process_time()
    gc.enable()
    quality = nx.community.modularity(graph, [set(c.tolist()) for c in ours]) - nx.community.modularity(graph, theirs)
    return {"nodes": dag.num_nodes, "times as fast": (end - middle) / (middle - start), "modularity above": quality}


def main() -> None:
    """Compare on the models of an archive or a folder of ONNX files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, help="what `younger-hf pack` wrote, or a folder of ONNX files")
    parser.add_argument("--every", type=int, default=1, help="only each n-th of the large models")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    dags = (
        (dag for _, _, dag in unpack(given.models) if dag is not None)
        if given.models.is_file()
        else map(from_onnx, sorted(given.models.rglob("*.onnx")))
    )
    large = (dag for dag in dags if dag.num_nodes >= LEAST_NODES)
    rows = [compare(dag) for number, dag in enumerate(large) if number % given.every == 0]
    speeds, quality = [row["times as fast"] for row in rows], [row["modularity above"] for row in rows]
    figures = {
        "models": len(rows),
        "median times as fast": round(median(speeds), 1),
        "least times as fast": round(min(speeds), 1),
        "median modularity above": round(median(quality), 4),
        "least modularity above": round(min(quality), 4),
    }
    if given.json:
        show_json({"figures": figures, "models": rows})
    else:
        show_table("communities against networkx", list(figures), [list(figures.values())])


if __name__ == "__main__":
    main()
