"""Metrics of the generation task.

How many generated graphs are useful, and how close they are to real architectures.
"""

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
from younger_hf.metrics.generation.uniqueness import first_occurrences, isomorphism_classes
from younger_hf.metrics.generation.validity import validity

SCALES: Mapping[str, float] = MappingProxyType(
    {"size": 90.0, "depth": 80.0, "in_degree": 0.1, "out_degree": 0.1, "operator": 0.6, "spectral": 0.06}
)
"""Scale of each descriptor's kernel exp(-W1 / scale), fixed so that values can be compared.

It is the mean distance between two training architectures of the first release (86, 78, .11, .12,
.59 and .062) to one digit, where the kernel discriminates best (O'Bray et al. 2022).
"""


@dataclass(frozen=True)
class Assessment:
    """Properties of each generated graph.

    Attributes:
        acyclic: Whether the graph has no cycle, bool [G].
        valid: Whether it is acyclic and its operators fit ONNX's schemas, bool [G].
        executable: Whether it runs, bool [G]; None if that was not tried.
        classes: Its isomorphism class, int64 [G].
        novel: Whether it is not isomorphic to any training graph, bool [G].
    """

    acyclic: BoolArray
    valid: BoolArray
    executable: BoolArray | None
    classes: IntArray
    novel: BoolArray

    def shares(self) -> dict[str, float]:
        """Return the shares by name, in [0, 1].

        Those about execution are left out if it was not tried.
        """
        tried = self.executable is not None
        runs = self.acyclic if self.executable is None else self.executable
        values = {
            "acyclic": self.acyclic,
            "valid": self.valid,
            "executable": runs,
            "unique": first_occurrences(self.classes),
            "novel": self.novel,
            "valid_unique_novel": self._distinct(self.valid & self.novel),
            "executable_unique_novel": self._distinct(runs & self.novel),
        }
        return {name: float(np.mean(each)) for name, each in values.items() if tried or "executable" not in name}

    def _distinct(self, wanted: BoolArray) -> BoolArray:
        """The first of each isomorphism class among the wanted graphs, bool [G].

        Their number does not depend on the order.
        """
        chosen = np.flatnonzero(wanted)
        distinct = np.zeros(len(wanted), dtype=np.bool_)
        distinct[chosen[first_occurrences(self.classes[chosen])]] = True
        return distinct


def generation_metrics(
    generated: Graphs,
    reference: Graphs,
    train: Graphs,
    vocabulary: Vocabulary,
    *,
    executable: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """Compute all metrics of the generation task.

    Args:
        generated: The graphs to assess, G of them; the board requires 1,000.
        reference: Real architectures to compare them with, such as those of the validation split.
        train: The generator's training graphs: a graph that is isomorphic to one of them is not
            novel.
        vocabulary: The classes.
        executable: Whether each generated graph runs, bool [G], as returned by
            `younger_hf.metrics.generation.execution.executable`.

    Returns:
        In the order of `METRICS["generation"]`: shares of the generated graphs, in [0, 1], higher
        is better, then `<descriptor>_w1`, at least 0, and `<descriptor>_mmd`, in [0, 2], lower is
        better. `executable` and `executable_unique_novel` are included only if `executable` is
        given.

    Raises:
        MetricError: If `executable` does not have one boolean per generated graph, a graph has more
            than 5,000 nodes, or a class of the vocabulary is not a signature.
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
            f"executable: expected one boolean for each of {len(generated):,} graphs, got {runs.dtype} of shape {runs.shape}."
        )
    checked = validity(generated, vocabulary)
    classes, known = isomorphism_classes(generated, train)
    return Assessment(checked.acyclic, checked.valid, runs, classes, np.isin(classes, known, invert=True))


def describe_generated(generated: Graphs, vocabulary: Vocabulary) -> Descriptors:
    """Describe graphs with arbitrary class ids: those outside of the vocabulary count as one class.

    They are equally wrong, and a histogram over all of int32 would not fit in memory.
    """
    known = np.minimum(generated.nodes.values, len(vocabulary))
    return describe(Graphs(Ragged(known, generated.nodes.offsets), generated.edges))


def distance_floor(reference: Graphs, train: Graphs) -> dict[str, float]:
    """Compute the distances of the training graphs from the reference, a practical minimum.

    Returns:
        The distances of `generation_metrics`, by the same names.

    Raises:
        MetricError: If a graph has more than 5,000 nodes.
    """
    return descriptor_distances(describe(train), describe(reference))


def descriptor_distances(first: Descriptors, second: Descriptors) -> dict[str, float]:
    """Compute `<descriptor>_w1` and `<descriptor>_mmd` for each descriptor."""
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
    """Compute `generation_metrics` of rows of the dataset, with `evaluate`'s argument names.

    Args:
        references: Real architectures, each with `node_feat` [N] and `edge_index` [2, E].
        predictions: Generated graphs, in the same form.
        train: Training graphs, in the same form.
        vocabulary: The vocabulary, or its signatures from class id 2 on.
        executable: Whether each generated graph runs, bool [G].

    Raises:
        MetricError: If a row is not such a graph, rows are missing, or as for `generation_metrics`.
    """
    return generation_metrics(
        graphs_of_rows(predictions, "predictions"),
        graphs_of_rows(references, "references"),
        graphs_of_rows(train, "train"),
        vocabulary if isinstance(vocabulary, Vocabulary) else vocabulary_of(vocabulary),
        executable=executable,
    )


def graphs_of_rows(rows: Graphs | Iterable[Mapping[str, Any]], name: str) -> Graphs:
    """Read rows with `node_feat` [N] and `edge_index` [2, E]; graphs are returned unchanged.

    Raises:
        MetricError: If rows are missing, or a row is not such a graph.
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
    """Make the vocabulary with these signatures from class id 2 on.

    Raises:
        MetricError: If one of them is not a signature.
    """
    classes = tuple(signatures)
    with_attributes = bool(classes) and read_signature(classes[0])[2] is not None
    return Vocabulary("w_attrs" if with_attributes else "wo_attrs", classes)
