"""Deduplication of models: equal WL hash, then an exact isomorphism test."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from younger_hf.dataset.architecture import Architecture, Provenance
from younger_hf.graph.dag import Dag
from younger_hf.graph.identity.canonical_form import canonical_form


@dataclass(frozen=True)
class Deduplication:
    """Distinct architectures, with counts.

    Attributes:
        architectures: The distinct architectures, ordered by graph_id.
        num_models: Number of models that went in.
        hash_collisions: Number of architectures that share a WL hash with another one without being
            isomorphic to it.
    """

    architectures: tuple[Architecture, ...]
    num_models: int
    hash_collisions: int


def deduplicate(models: Iterable[tuple[Dag, Provenance]]) -> Deduplication:
    """Merge models with isomorphic Dags and equal `w_attrs` signatures, and their provenances.

    The result does not depend on the order of the models: of isomorphic Dags, the one whose model
    comes first by name stays.
    """
    buckets: dict[str, list[tuple[Dag, list[Provenance]]]] = {}
    num_models = 0
    for dag, provenance in _ordered(models):
        num_models += 1
        variants = buckets.setdefault(dag.wl_hash("w_attrs"), [])
        for known, sources in variants:
            if is_isomorphic(known, dag):
                sources.append(provenance)
                break
        else:
            variants.append((dag, [provenance]))
    architectures = [
        Architecture(dag, tuple(sources), variant)
        for digest in sorted(buckets)
        for variant, (dag, sources) in enumerate(buckets[digest])
    ]
    return Deduplication(tuple(architectures), num_models, len(architectures) - len(buckets))


def is_isomorphic(first: Dag, second: Dag) -> bool:
    """Whether two Dags differ only in the numbering of their nodes.

    Nodes are coloured by `w_attrs`; parallel edges count once.

    The test is exact, by BLISS: for two models of a dozen equal branches VF2 takes minutes, BLISS
    milliseconds.
    """
    if first.num_nodes != second.num_nodes or sorted(first.w_attrs) != sorted(second.w_attrs):
        return False
    if first.w_attrs == second.w_attrs and _edges(first) == _edges(second):
        return True
    ids = {text: index for index, text in enumerate(sorted(set(first.w_attrs)))}
    one, other = (canonical_form([ids[text] for text in dag.w_attrs], dag.edge_index) for dag in (first, second))
    return one == other


def _ordered(models: Iterable[tuple[Dag, Provenance]]) -> list[tuple[Dag, Provenance]]:
    """Models sorted by provenance; where all of it is equal, by the content of their Dags."""
    by_provenance: dict[tuple[str, ...], list[tuple[Dag, Provenance]]] = {}
    for dag, provenance in models:
        key = tuple(str(value) for value in astuple(provenance))
        by_provenance.setdefault(key, []).append((dag, provenance))
    return [
        item
        for _, items in sorted(by_provenance.items())
        for item in (items if len(items) == 1 else sorted(items, key=lambda item: json.dumps(item[0].to_dict())))
    ]


def _edges(dag: Dag) -> set[tuple[int, int]]:
    return set(zip(*dag.edge_index.tolist(), strict=True))
