"""Metrics of the generation task: how many generated graphs are of use, and how near all of them are to real architectures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray, IntArray, Ragged
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.operators.schema_versions import read_signature
from younger_hf.graph.vocabulary import Vocabulary
from younger_hf.metrics.generation.descriptors import Descriptors, describe
from younger_hf.metrics.generation.distances import pool
from younger_hf.metrics.generation.uniqueness import firsts, isomorphism_classes
from younger_hf.metrics.generation.validity import validity

SCALES: Mapping[str, float] = MappingProxyType(
    {"size": 90.0, "depth": 80.0, "in_degree": 0.1, "out_degree": 0.1, "operator": 0.6, "spectral": 0.06}
)
"""Scale of each descriptor's kernel exp(-W1 / scale), fixed so that values can be compared: one digit of the mean distance between two
training architectures of the first release (86, 78, .11, .12, .59, .062), where the kernel tells most apart (O'Bray et al. 2022)."""


@dataclass(frozen=True)
class Assessment:
    """What each generated graph is, apart from what all of them look like.

    Attributes:
        acyclic: Whether it has no cycle, bool [G].
        valid: Whether it is acyclic, too, and its operators fit ONNX's schemas, bool [G].
        executable: Whether it runs, bool [G]; None if that was not tried.
        classes: Isomorphism class, int64 [G].
        novel: Whether it is isomorphic to no training graph, bool [G].
    """

    acyclic: BoolArray
    valid: BoolArray
    executable: BoolArray | None
    classes: IntArray
    novel: BoolArray

    def shares(self) -> dict[str, float]:
        """Name of each share -> its value, in [0, 1]; those about execution are left out if it was not tried."""
        tried = self.executable is not None
        runs = self.acyclic if self.executable is None else self.executable
        values = {
            "acyclic": self.acyclic,
            "valid": self.valid,
            "executable": runs,
            "unique": firsts(self.classes),
            "novel": self.novel,
            "valid_unique_novel": self._distinct(self.valid & self.novel),
            "executable_unique_novel": self._distinct(runs & self.novel),
        }
        return {name: float(np.mean(each)) for name, each in values.items() if tried or "executable" not in name}

    def _distinct(self, wanted: BoolArray) -> BoolArray:
        """The first of each isomorphism class among the wanted, bool [G]: how many they are does not depend on the order of the graphs."""
        chosen = np.flatnonzero(wanted)
        distinct = np.zeros(len(wanted), dtype=np.bool_)
        distinct[chosen[firsts(self.classes[chosen])]] = True
        return distinct


def generation_metrics(
    generated: Graphs,
    reference: Graphs,
    train: Graphs,
    vocabulary: Vocabulary,
    *,
    executable: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """All metrics of the generation task.

    Args:
        generated: The graphs to assess_graphs, G of them; the board wants 1,000.
        reference: Real architectures to compare them with, as those of the validation split.
        train: What the generator has seen: what is isomorphic to one of these is not novel.
        vocabulary: What class ids mean.
        executable: Whether each generated graph runs, bool [G], as `younger_hf.graph.rebuild.completion.executable` finds out.

    Returns:
        In the order of `METRICS["generation"]`: shares of the generated graphs, in [0, 1], higher is better, then `<descriptor>_w1`, at
        least 0, and `<descriptor>_mmd`, in [0, 2], lower is better. `executable` and `executable_unique_novel` are there only if
        `executable` is given.

    Raises:
        MetricError: If `executable` has not one truth for each generated graph, a graph has more than 5,000 nodes, or a class of the
            vocabulary is no signature.
    """
    judgement = assess_graphs(generated, train, vocabulary, executable=executable)
    return judgement.shares() | descriptor_distances(describe_generated(generated, vocabulary), describe(reference))


def assess_graphs(
    generated: Graphs, train: Graphs, vocabulary: Vocabulary, *, executable: npt.ArrayLike | None = None
) -> Assessment:
    """Check each generated graph; arguments and errors as for `generation_metrics`."""
    runs = None if executable is None else np.asarray(executable)
    if runs is not None and (runs.dtype != np.bool_ or runs.shape != (len(generated),)):
        raise MetricError(
            f"executable: expected one truth for each of {len(generated):,} graphs, got {runs.dtype} of shape {runs.shape}."
        )
    checked = validity(generated, vocabulary)
    classes, known = isomorphism_classes(generated, train)
    return Assessment(checked.acyclic, checked.valid, runs, classes, np.isin(classes, known, invert=True))


def describe_generated(generated: Graphs, vocabulary: Vocabulary) -> Descriptors:
    """`describe` of graphs whose class ids may be any: those outside of the vocabulary count as one.

    They are equally wrong, and a histogram of all that int32 has would not fit in memory.
    """
    known = np.minimum(generated.nodes.values, len(vocabulary))
    return describe(Graphs(Ragged(known, generated.nodes.offsets), generated.edges))


def distance_floor(reference: Graphs, train: Graphs) -> dict[str, float]:
    """The distances of the training graphs from the reference: what a generator of new graphs can hardly fall below.

    Returns:
        The distances of `generation_metrics`, by the same names.

    Raises:
        MetricError: If a graph has more than 5,000 nodes.
    """
    return descriptor_distances(describe(train), describe(reference))


def descriptor_distances(first: Descriptors, second: Descriptors) -> dict[str, float]:
    """`<descriptor>_w1` and `<descriptor>_mmd` of two sets of graphs, for each descriptor."""
    from threadpoolctl import threadpool_limits

    values: dict[str, float] = {}
    with threadpool_limits(1, "blas"):  # as in `spectra`
        for name in (field.name for field in fields(Descriptors)):
            pooled = pool(getattr(first, name), getattr(second, name))
            values[f"{name}_w1"] = float(pooled.wasserstein()[0])
            values[f"{name}_mmd"] = float(pooled.squared_mmd(SCALES[name])[0])
    return values


def generation_metrics_of_rows(
    references: Graphs | Iterable[Mapping[str, Any]],
    predictions: Graphs | Iterable[Mapping[str, Any]],
    *,
    train: Graphs | Iterable[Mapping[str, Any]],
    vocabulary: Vocabulary | Sequence[str],
    executable: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """`generation_metrics` of graphs as rows of the dataset, with `evaluate`'s names for them.

    Args:
        references: Real architectures, each with `node_feat` [N] and `edge_index` [2, E].
        predictions: Generated graphs, likewise.
        train: Training graphs, likewise.
        vocabulary: The vocabulary, or its signatures from class id 2 on.
        executable: Whether each generated graph runs, bool [G].

    Raises:
        MetricError: If a row is no such graph, there are none, or as for `generation_metrics`.
    """
    return generation_metrics(
        graphs_of_rows(predictions, "predictions"),
        graphs_of_rows(references, "references"),
        graphs_of_rows(train, "train"),
        vocabulary if isinstance(vocabulary, Vocabulary) else vocabulary_of(vocabulary),
        executable=executable,
    )


def graphs_of_rows(rows: Graphs | Iterable[Mapping[str, Any]], name: str) -> Graphs:
    """Graphs from rows with `node_feat` [N] and `edge_index` [2, E]; graphs stay as they are.

    Raises:
        MetricError: If there are no rows, or one is no such graph.
    """
    if isinstance(rows, Graphs):
        return rows
    try:
        pairs = [(row["node_feat"], row["edge_index"]) for row in rows]
    except (TypeError, KeyError, IndexError) as error:
        raise MetricError(
            f"{name}: expected rows with 'node_feat' and 'edge_index', got others ({type(error).__name__}: {error}).",
            'As {"node_feat": [2, 3], "edge_index": [[0], [1]]}.',
        ) from error
    return Graphs.of(pairs, name)


def vocabulary_of(signatures: Sequence[str]) -> Vocabulary:
    """The vocabulary that has these signatures from class id 2 on.

    Raises:
        MetricError: If one is no signature.
    """
    classes = tuple(signatures)
    with_attributes = bool(classes) and read_signature(classes[0])[2] is not None
    return Vocabulary("w_attrs" if with_attributes else "wo_attrs", classes)
