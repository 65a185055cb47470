"""Topological order of nodes that do not stand in one."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from younger_hf.errors import ModelReadError
from younger_hf.graph.read.names import shown


def topological_order(
    reads: Sequence[Iterable[bytes]],
    gives: Sequence[Iterable[bytes]],
    known: Container[bytes],
    title: Callable[[int], str],
    model: str,
) -> list[int]:
    """Nodes so that each stands after those whose values it reads.

    Args:
        reads: Names that each node reads, what its sub-graphs capture among them.
        gives: Names that each node gives.
        known: Names that are there before the first node; asked only for what the nodes read.
        title: What to call a node in messages.
        model: Name of the model for messages.

    Returns:
        Positions of the nodes.

    Raises:
        ModelReadError: If a node reads a value that nothing gives, or nodes form a cycle.
    """
    producers = {name: node for node, names in enumerate(gives) for name in names if name}
    waiting: list[int] = []
    readers: list[list[int]] = [[] for _ in reads]
    for node, names in enumerate(reads):
        sources = set()
        for name in names:
            if name in known:
                continue
            if name not in producers:
                raise ModelReadError(
                    f"{model}: node {title(node)} reads the value {shown(name)}, which no node, input or initializer provides."
                )
            sources.add(producers[name])
        waiting.append(len(sources))
        for source in sources:
            readers[source].append(node)
    order = [node for node, count in enumerate(waiting) if not count]
    for node in order:
        for reader in readers[node]:
            waiting[reader] -= 1
            if not waiting[reader]:
                order.append(reader)
    if len(order) < len(waiting):
        stuck = next(node for node, count in enumerate(waiting) if count)
        raise ModelReadError(
            f"{model}: node {title(stuck)} lies on or behind a cycle, expected a directed acyclic graph."
        )
    return order
