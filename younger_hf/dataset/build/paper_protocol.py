"""The protocol of the Younger paper, for comparison with its tables: rows are split, not groups, and edges are asked for that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.protocol_rows import ProtocolRows, Report
from younger_hf.tasks import GENERATION_NODES
from younger_hf.task_types import PUBLIC_SPLITS, SIGNATURES, SPLITS
from younger_hf.dataset.build.tables import (
    architecture_table,
    dataflow_tables,
    generation_table,
    operator_tables,
    prediction_table,
)
from younger_hf.dataset.tasks.dataflow import HeldOut, uniform_pairs
from younger_hf.dataset.tasks.operator import OperatorSample, regions, sample_of
from younger_hf.dataset.build.vocabulary import build_vocabulary
from younger_hf.graph.vocabulary import Signature

SEED = 1234
"""Of the paper's splits."""

_SECRET = "paper"  # noqa: S105 - names test rows; this protocol hides nothing
_Item = TypeVar("_Item")


def paper_rows(
    architectures: Sequence[Architecture], report: Report = lambda _: None, *, seed: int = SEED
) -> ProtocolRows:
    """Every task's rows as the paper defines them (Yang et al., section 4 and appendix).

    Its vocabularies are those of all architectures: each task has a split of its own, and there is no training set for all of them.

    Args:
        architectures: Distinct architectures, in any order.
        report: Called with the name of each step as it begins.
        seed: Of the splits and of the pairs without a data flow.
    """
    items = sorted(architectures, key=lambda a: a.graph_id)
    built = {kind: build_vocabulary(items, kind) for kind in SIGNATURES}
    classes = {
        kind: {a.graph_id: vocabulary.encode(a.dag.signatures(kind)) for a in items}
        for kind, (vocabulary, _) in built.items()
    }
    parts = _split(items, seed)
    groups = {a.graph_id: a.graph_id for a in items}
    w_attrs, wo_attrs = (built[kind][0] for kind in SIGNATURES)
    tables: dict[str, dict[str, pa.Table]] = {
        "architectures": {name: architecture_table(parts[name], w_attrs, wo_attrs, groups) for name in PUBLIC_SPLITS},
        "prediction": {name: prediction_table(parts[name], w_attrs, wo_attrs) for name in PUBLIC_SPLITS},
    }
    answers: dict[str, pa.Table] = {}
    counts: dict[str, int | float] = {name: len(part) for name, part in parts.items()}
    report("Finding communities")
    found = [region for a in items for region in regions(a)]
    report("Making rows")
    with_edges = [a for a in items if a.dag.num_edges]
    pairs = _pairs(with_edges, seed)
    small = _split([a for a in items if a.dag.num_nodes <= GENERATION_NODES], seed)
    for kind in SIGNATURES:
        samples = [
            sample_of(r, classes[kind][r.architecture.graph_id], f"{r.architecture.graph_id}-c{r.number}")
            for r in found
        ]
        distinct = {sample.whole_hash: sample for sample in reversed(samples)}  # the first of equal ones
        operator = _split(sorted(distinct.values(), key=lambda s: s.graph_id), seed)
        dataflow = _known_classes_only(_split(with_edges, seed), kind)
        rows = {
            f"operator_{kind}": {
                name: operator_tables(f"operator_{kind}", _by_id(operator[name]), hide=name == "test")
                for name in SPLITS
            },
            f"dataflow_{kind}": {
                name: dataflow_tables(
                    f"dataflow_{kind}",
                    [(a, pairs[a.graph_id]) for a in dataflow[name]],
                    built[kind][0],
                    _SECRET,
                    hide=name == "test",
                )
                for name in SPLITS
            },
        }
        for track, splits in rows.items():
            tables[track] = {name: table for name, (table, _) in splits.items()}
            answers[track] = splits["test"][1]
        config = f"generation_{kind}"
        tables[config] = {name: generation_table(config, small[name], built[kind][0]) for name in PUBLIC_SPLITS}
        tables[f"vocabulary_{kind}"] = {"train": built[kind][1]}
        counts[f"operator_samples_{kind}"] = len(samples)
        counts[f"repeated_operator_samples_{kind}"] = len(samples) - len(distinct)
        counts[f"graphs_of_unseen_classes_{kind}"] = len(with_edges) - sum(map(len, dataflow.values()))
    counts["graphs_without_data_flows"] = len(items) - len(with_edges)
    return ProtocolRows(tables, answers, counts)


def _split(items: Sequence[_Item], seed: int) -> dict[str, list[_Item]]:
    """8 : 1 : 1 at random."""
    order = np.random.default_rng(seed).permutation(len(items)).tolist()
    cuts = [0, len(items) * 8 // 10, len(items) * 9 // 10, len(items)]
    return {name: [items[i] for i in sorted(order[cuts[n] : cuts[n + 1]])] for n, name in enumerate(SPLITS)}


def _pairs(architectures: Sequence[Architecture], seed: int) -> dict[str, HeldOut]:
    """All data flows, which messages pass along as well, and as many pairs of nodes without one, in random order."""
    rng = np.random.default_rng(seed)
    found = {}
    for architecture in architectures:
        dag = architecture.dag
        edges = np.unique(dag.edge_index, axis=1).astype(np.int32)
        taken = set(zip(*edges.tolist(), strict=True))
        others = np.array(uniform_pairs(dag.num_nodes, taken, edges.shape[1], rng), dtype=np.int32).reshape(-1, 2).T
        y = np.repeat(np.array([1, 0], dtype=np.int32), [edges.shape[1], others.shape[1]])
        order = rng.permutation(len(y))
        pairs = np.concatenate([edges, others], axis=1)[:, order]
        found[architecture.graph_id] = HeldOut(np.arange(dag.num_nodes, dtype=np.int32), edges, pairs, y[order])
    return found


def _known_classes_only(
    parts: Mapping[str, Sequence[Architecture]], kind: Signature
) -> dict[str, Sequence[Architecture]]:
    """Without the validation and test graphs that hold a class that no training graph has."""
    known = {text for a in parts["train"] for text in a.dag.signatures(kind)}
    return {
        name: [a for a in part if name == "train" or known.issuperset(a.dag.signatures(kind))]
        for name, part in parts.items()
    }


def _by_id(samples: Sequence[OperatorSample]) -> list[OperatorSample]:
    return sorted(samples, key=lambda sample: sample.graph_id)
