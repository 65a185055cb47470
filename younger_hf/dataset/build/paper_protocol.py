"""The protocol of the Younger paper, for comparison with its tables.

Rows are split instead of groups, and the data flows to predict also pass messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.protocol_rows import ProtocolRows, Report
from younger_hf.dataset.build.tables import Samples, build_tables
from younger_hf.dataset.build.build_vocabulary import build_vocabulary
from younger_hf.task_types import PUBLIC_SPLITS, SIGNATURES, SPLITS
from younger_hf.tasks import GENERATION_NODES
from younger_hf.dataset.tasks.dataflow import HeldOut, uniform_pairs
from younger_hf.dataset.tasks.operator import OperatorSample, Region, regions, sample_of
from younger_hf.graph.vocabulary import Signature, Vocabulary

SEED = 1234
"""Seed of the paper's splits."""

_SECRET = "paper"  # noqa: S105 - names test rows; this protocol hides nothing
_Item = TypeVar("_Item")


def paper_rows(
    architectures: Sequence[Architecture], report: Report = lambda _: None, *, seed: int = SEED
) -> ProtocolRows:
    """Build every task's rows as the paper defines them (Yang et al., section 4 and appendix).

    Its vocabularies are those of all architectures: each task has a split of its own, and no
    training set is shared by all.

    Args:
        architectures: Distinct architectures, in any order.
        report: Called with the name of each step as it begins.
        seed: Seed of the splits and of the pairs without a data flow.
    """
    items = sorted(architectures, key=lambda a: a.graph_id)
    built = {kind: build_vocabulary(items, kind) for kind in SIGNATURES}
    parts = _split(items, seed)
    report("Finding communities")
    found = [region for a in items for region in regions(a)]
    report("Building rows")
    with_edges = [a for a in items if a.dag.num_edges]
    pairs = _pairs(with_edges, seed)
    counts: dict[str, int | float] = {name: len(part) for name, part in parts.items()}
    operator: dict[Signature, dict[str, list[OperatorSample]]] = {}
    dataflow: dict[Signature, dict[str, list[tuple[Architecture, HeldOut]]]] = {}
    for kind in SIGNATURES:
        distinct = _distinct_samples(found, built[kind][0])
        operator[kind] = _split(distinct, seed)
        known = _known_classes_only(_split(with_edges, seed), kind)
        dataflow[kind] = {name: [(a, pairs[a.graph_id]) for a in part] for name, part in known.items()}
        counts[f"operator_samples_{kind}"] = len(found)
        counts[f"repeated_operator_samples_{kind}"] = len(found) - len(distinct)
        counts[f"graphs_of_unseen_classes_{kind}"] = len(with_edges) - sum(map(len, known.values()))
    counts["graphs_without_data_flows"] = len(items) - len(with_edges)
    small = _split([a for a in items if a.dag.num_nodes <= GENERATION_NODES], seed)
    samples = Samples(
        public={name: parts[name] for name in PUBLIC_SPLITS},
        groups={a.graph_id: a.graph_id for a in items},
        generation={name: small[name] for name in PUBLIC_SPLITS},
        operator=operator,
        dataflow=dataflow,
        vocabularies=built,
        secret=_SECRET,
    )
    return ProtocolRows(*build_tables(samples), counts)


def _split(items: Sequence[_Item], seed: int) -> dict[str, list[_Item]]:
    """Split 8 : 1 : 1 at random, keeping the order."""
    order = np.random.default_rng(seed).permutation(len(items)).tolist()
    cuts = [0, len(items) * 8 // 10, len(items) * 9 // 10, len(items)]
    return {name: [items[i] for i in sorted(order[cuts[n] : cuts[n + 1]])] for n, name in enumerate(SPLITS)}


def _distinct_samples(found: Sequence[Region], vocabulary: Vocabulary) -> list[OperatorSample]:
    """One sample for each distinct region, the first of equal ones, ordered by graph_id."""
    kind = vocabulary.signature
    dags = {region.architecture.graph_id: region.architecture.dag for region in found}
    classes = {graph_id: vocabulary.encode(dag.signatures(kind)) for graph_id, dag in dags.items()}
    distinct: dict[str, OperatorSample] = {}
    for region in found:
        graph_id = region.architecture.graph_id
        sample = sample_of(region, classes[graph_id], f"{graph_id}-c{region.number}")
        distinct.setdefault(sample.whole_hash, sample)
    return sorted(distinct.values(), key=lambda sample: sample.graph_id)


def _pairs(architectures: Sequence[Architecture], seed: int) -> dict[str, HeldOut]:
    """All data flows, which also pass messages, and as many pairs without one, in random order."""
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
    """Leave out validation and test graphs that hold a class absent from the training graphs."""
    known = {text for a in parts["train"] for text in a.dag.signatures(kind)}
    return {
        name: [a for a in part if name == "train" or known.issuperset(a.dag.signatures(kind))]
        for name, part in parts.items()
    }
