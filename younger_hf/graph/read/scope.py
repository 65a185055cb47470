"""The scope of a graph: what its names mean, and which names its sub-graphs capture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import onnx

from younger_hf.graph.read.graph_parts import GraphParts, split_encoded
from younger_hf.graph.read.names import name_text
from younger_hf.graph.read.operation import Operation, Opsets, parse_operation
from younger_hf.graph.values import TensorInfo


class GraphInput(NamedTuple):
    """An input of the model; its type is only parsed when a node reads it."""

    value: onnx.ValueInfoProto


class NamedConstant(NamedTuple):
    """A constant that a node reads under another name, or where names are unknown."""

    name: str
    info: TensorInfo


Start = int | GraphInput | NamedConstant | None
"""A value outside loops: an integer for the output of a node, None for an absent value."""


class LoopCarried(NamedTuple):
    """A formal input of a sub-graph.

    In a loop it changes between iterations, the first of which reads `start`.
    """

    start: Start
    subgraph: int
    position: int


Named = Start | LoopCarried
"""A value by itself."""
Value = Named | TensorInfo
"""The meaning of a name in a graph: a value, or a constant that has this name."""


@dataclass
class CapturedNames:
    """The names that the sub-graphs of a model's nodes read and do not define.

    Attributes:
        model: Name of the model for messages.
        opsets: Its operator sets.
        found: Wire format of a sub-graph -> its names, which every outer level needs again.
    """

    model: str
    opsets: Opsets
    found: dict[bytes, frozenset[bytes]] = field(default_factory=dict)

    def of_node(self, operation: Operation) -> frozenset[bytes]:
        """Return the names that a node's sub-graphs capture."""
        for _, encoded in operation.graphs:
            if encoded not in self.found:
                self.found[encoded] = frozenset(self._of_graph(split_encoded(encoded)))
        return frozenset[bytes]().union(*(self.found[encoded] for _, encoded in operation.graphs))

    def _of_graph(self, graph: GraphParts) -> Iterator[bytes]:
        own = set(defined_names(graph))
        for inputs, _, encoded in graph.nodes:
            yield from (name for name in inputs if name not in own and name)
            if (inner := parse_operation(encoded, self.opsets, self.model)).graphs:
                yield from self.of_node(inner) - own
        yield from (name for v in graph.outputs if (name := name_text(v.name, self.model).encode()) not in own)


def defined_names(graph: GraphParts) -> Iterator[bytes]:
    """Yield the names that a graph defines: formal inputs, constants and outputs of its nodes."""
    for value in graph.inputs:
        yield value.name.encode() if isinstance(value.name, str) else value.name
    yield from (name for name, _ in graph.constants)
    for _, outputs, _ in graph.nodes:
        yield from filter(None, outputs)
