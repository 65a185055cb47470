"""Scoring generated graphs against the public rows of a release.

A generation track has no hidden answers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from younger_hf.arrays import IntArray, Ragged, offsets_of
from younger_hf.dataset.build.build_vocabulary import read_vocabulary
from younger_hf.dataset.read.release import Release
from younger_hf.errors import DatasetError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.vocabulary import Signature, Vocabulary
from younger_hf.metrics import Interval, bootstrap_generation, distance_floor, generation_metrics
from younger_hf.metrics.generation.generation_metrics import assess_graphs
from younger_hf.submission.format.predictions import GeneratedGraphs


def generation_scores(
    generated: GeneratedGraphs,
    release: Release,
    on_graph: Callable[[int, int], None] | None = None,
    *,
    resamples: int = 0,
    seed: int = 0,
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Compute all metrics of generated graphs, and run each as a model, which takes minutes.

    Needs onnxruntime.

    Args:
        generated: From a `ValidationReport` without problems.
        release: The dataset they were validated against: its validation rows are what they are
            compared with.
        on_graph: Called with the number of graphs that were tried and of all of them, as they are.
        resamples: Bootstrap resamples of the generated graphs that the intervals come from, at
            least 40; 0 for none.
        seed: Of the resamples.

    Returns:
        Metric name -> value, and metric name -> 95% interval, for those that have one.

    Raises:
        DatasetError: If the release lacks rows or the vocabulary of the track, or they are damaged.
        MetricError: If a metric is not defined for them.
    """
    from younger_hf.metrics.generation.execution import executable

    vocabulary = vocabulary_of(release, generated.track)
    runs = executable(generated.graphs, vocabulary, on_graph=on_graph)
    reference, train = (graphs_of(release, generated.track, split) for split in ("validation", "train"))
    metrics = generation_metrics(generated.graphs, reference, train, vocabulary, executable=runs)
    if not resamples:
        return metrics, {}
    return metrics, bootstrap_generation(
        generated.graphs, reference, train, vocabulary, executable=runs, resamples=resamples, seed=seed
    )


def real_values(release: Release, track: str) -> dict[str, float]:
    """The scores of real architectures, for comparison with a generator's. Needs onnxruntime.

    Shares are those of the validation rows, judged as if a generator had made them: a validation
    architecture with an operator that training has not is not valid here. Distances are those of
    the training rows from the validation rows: what a generator of new graphs can hardly fall
    below.

    Args:
        release: The dataset.
        track: A generation track.

    Returns:
        By the names of `METRICS["generation"]`, in their order.
    """
    from younger_hf.metrics.generation.execution import executable

    vocabulary = vocabulary_of(release, track)
    reference, train = (graphs_of(release, track, split) for split in ("validation", "train"))
    shares = assess_graphs(reference, train, vocabulary, executable=executable(reference, vocabulary)).shares()
    return shares | distance_floor(reference, train)


def vocabulary_of(release: Release, track: str) -> Vocabulary:
    """The node classes of a track."""
    kind: Signature = "w_attrs" if track.endswith("_w_attrs") else "wo_attrs"
    return read_vocabulary(release.table(f"vocabulary_{kind}", "train"), kind)


def graphs_of(release: Release, track: str, split: str) -> Graphs:
    """The rows of a generation track, straight from Arrow's buffers.

    Args:
        release: The dataset.
        track: A generation track.
        split: `train` or `validation`.

    Raises:
        DatasetError: If they are missing or damaged.
    """
    table = release.table(track, split, ["node_feat", "edge_index"])
    nodes, edges = (table[name].combine_chunks() for name in ("node_feat", "edge_index"))
    lists = edges.flatten()
    lengths = _lengths(lists)
    if (_lengths(edges) != 2).any() or (lengths[::2] != lengths[1::2]).any():
        raise DatasetError(
            f"{release.root}: a row of {track} has no edge_index of shape [2, E].", "Build or download it again."
        )
    node_feat = nodes.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    ends = lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = Ragged(_pairs(ends, lengths[::2]), offsets_of(lengths[::2]))
    return Graphs(Ragged(node_feat, offsets_of(_lengths(nodes))), pairs)


def _lengths(lists: object) -> IntArray:
    lengths: IntArray = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def _pairs(ends: IntArray, num_edges: npt.NDArray[np.int64]) -> IntArray:
    """Convert rows with all sources, then all targets, to sources and targets [2, E]."""
    is_target = np.repeat(np.tile([False, True], len(num_edges)), np.repeat(num_edges, 2))
    return np.stack([ends[~is_target], ends[is_target]])
