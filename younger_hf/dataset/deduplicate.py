"""Many models -> distinct architectures: equal WL hash, then an exact isomorphism test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import igraph

from younger_hf.dataset.architecture import Architecture, Provenance
from younger_hf.graph.dag import Dag


@dataclass(frozen=True)
class Deduplication:
    """What deduplication gave.

    Attributes:
        architectures: The distinct architectures, ordered by graph_id.
        num_models: Number of models that went in.
        hash_collisions: Number of architectures that share a WL hash with another one that they are not isomorphic to.
    """

    architectures: tuple[Architecture, ...]
    num_models: int
    hash_collisions: int


def deduplicate(models: Iterable[tuple[Dag, Provenance]]) -> Deduplication:
    """Merge models whose Dags are isomorphic with equal `w_attrs` signatures; their provenance is kept together.

    The result does not depend on the order of the models.
    """
    buckets: dict[str, list[tuple[Dag, list[Provenance]]]] = {}
    num_models = 0
    for dag, provenance in sorted(models, key=lambda item: (item[1].hub, item[1].model, item[1].task)):
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
    """Whether two Dags differ in the numbering of their nodes alone (`w_attrs` as colours, parallel edges once)."""
    if first.num_nodes != second.num_nodes or sorted(first.w_attrs) != sorted(second.w_attrs):
        return False
    if first.w_attrs == second.w_attrs and _edges(first) == _edges(second):
        return True
    ids = {text: index for index, text in enumerate(sorted(set(first.w_attrs)))}
    one, other = _graph(first), _graph(second)
    return bool(one.isomorphic_vf2(other, color1=_colours(first.w_attrs, ids), color2=_colours(second.w_attrs, ids)))


def _edges(dag: Dag) -> set[tuple[int, int]]:
    return set(zip(*dag.edge_index.tolist(), strict=True))


def _graph(dag: Dag) -> igraph.Graph:
    return igraph.Graph(n=dag.num_nodes, edges=sorted(_edges(dag)), directed=True)


def _colours(signatures: Sequence[str], ids: dict[str, int]) -> list[int]:
    return [ids[text] for text in signatures]
