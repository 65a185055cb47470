"""Topological order of the nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from younger_hf.errors import ModelReadError
from younger_hf.graph.read.names import quoted


def topological_order(
    reads: Sequence[Iterable[bytes]],
    outputs: Sequence[Iterable[bytes]],
    known: Container[bytes],
    title: Callable[[int], str],
    model: str,
) -> list[int]:
    """Order nodes so that each comes after those whose values it reads.

    Args:
        reads: Names that each node reads, including those that its sub-graphs capture.
        outputs: Names that each node defines.
        known: Names defined before the first node.
        title: Description of a node for messages.
        model: Name of the model for messages.

    Returns:
        The positions of the nodes in that order.

    Raises:
        ModelReadError: If a node reads an undefined value, or nodes form a cycle.
    """
    producers = {name: node for node, names in enumerate(outputs) for name in names if name}
    waiting: list[int] = []
    readers: list[list[int]] = [[] for _ in reads]
    for node, names in enumerate(reads):
        sources = set()
        for name in names:
            if name in known:
                continue
            if name not in producers:
                raise ModelReadError(
                    f"{model}: node {title(node)} reads the value {quoted(name)}, which no node, input or initializer provides."
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
        raise ModelReadError(f"{model}: node {title(stuck)} is on or after a cycle, expected a directed acyclic graph.")
    return order
