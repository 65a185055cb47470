"""Generators that learn nothing: the floor and the ceiling for generators of architectures.

Both are seeded, and use the training rows alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.read.release import Release
from younger_hf.errors import DatasetError
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.submission.score.generation_scores import graphs_of
from younger_hf.tasks import EDGES_PER_NODE, GENERATED_GRAPHS, GENERATION_NODES

GraphRow = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""node_feat [N] and edge_index [2, E]."""


def training_graphs(release: Release, track: str) -> list[Graph]:
    """The training graphs of a generation track that could be submitted.

    They have no UNK and are within the limits of a submission.

    Raises:
        DatasetError: If it has none of them.
    """
    graphs = [each for each in graphs_of(release, track, "train") if _can_be_submitted(each)]
    if not graphs:
        raise DatasetError(
            f"{release.root}: the training split of {track} has no graphs to draw from.", "Build the dataset again."
        )
    return graphs


def _can_be_submitted(graph: Graph) -> bool:
    num_nodes, num_edges = len(graph.node_feat), graph.edge_index.shape[1]
    return (
        1 <= num_nodes <= GENERATION_NODES
        and num_edges <= EDGES_PER_NODE * num_nodes
        and bool(graph.node_feat.min() >= FIRST_CLASS)
    )


def random_graphs(training: list[Graph], generator: np.random.Generator) -> Iterator[GraphRow]:
    """1,000 random acyclic graphs with the right sizes, density and operators: the floor.

    Each takes the number of nodes and of edges from a training graph that is drawn with
    replacement. Classes are drawn independently from those of all training nodes; edges uniformly,
    without repetition, from all pairs that go forward in a random order of the nodes.

    Args:
        training: From `training_graphs`.
        generator: Source of randomness.
    """
    classes = np.concatenate([graph.node_feat for graph in training])
    for index in generator.integers(len(training), size=GENERATED_GRAPHS):
        num_nodes = len(training[index].node_feat)
        pairs = num_nodes * (num_nodes - 1) // 2
        num_edges = min(training[index].edge_index.shape[1], pairs)
        node_feat = generator.choice(classes, num_nodes)
        chosen = generator.choice(pairs, num_edges, replace=False) if num_edges else np.zeros(0, dtype=np.int64)
        # Pair number k is (k - t(later), later), where t(later) = later (later - 1) / 2 pairs come
        # before those that end in `later`.
        starts = np.arange(num_nodes + 1) * np.arange(-1, num_nodes) // 2
        later = np.searchsorted(starts, chosen, "right") - 1
        order = generator.permutation(num_nodes)
        yield _row(node_feat, np.stack([order[chosen - starts[later]], order[later]]))


def bootstrap_graphs(training: list[Graph], generator: np.random.Generator) -> Iterator[GraphRow]:
    """1,000 training graphs drawn with replacement and renumbered: the ceiling of memorising.

    Args:
        training: From `training_graphs`.
        generator: Source of randomness.
    """
    for index in generator.integers(len(training), size=GENERATED_GRAPHS):
        graph = training[index]
        order = generator.permutation(len(graph.node_feat))  # node i becomes node order[i]
        node_feat = np.empty_like(graph.node_feat)
        node_feat[order] = graph.node_feat
        yield _row(node_feat, order[graph.edge_index])


def _row(node_feat: npt.NDArray[np.int64], edge_index: npt.NDArray[np.int64]) -> GraphRow:
    """A row as it is written: edges by source, then target, so that their order tells nothing."""
    edge_index = edge_index[:, np.lexsort(edge_index[::-1])]
    return node_feat.astype(np.int32), edge_index.astype(np.int32)
