"""The Dag as it grows while a model's graph is walked, node by node, and its sub-graphs with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import onnx

from younger_hf.errors import ModelReadError
from younger_hf.graph.dag import Dag, FormalRead, GraphOutput, InputKind, NodeInput, SubGraph
from younger_hf.graph.onnx_types import INTEGER_NAMES, type_name, type_shape
from younger_hf.graph.operators.constant_info import ConstantValue, Known
from younger_hf.graph.operators.folding import constant_inputs, fold_known
from younger_hf.graph.operators.signatures import LONGEST_ATTRIBUTES
from younger_hf.graph.read.graph_parts import GraphParts, split_encoded
from younger_hf.graph.read.names import name_text, shown
from younger_hf.graph.read.operation import Operation, Opsets, operation
from younger_hf.graph.read.split_messages import NodeParts
from younger_hf.graph.read.topological_order import topological_order

SLOT = 32
"""A produced value is an integer: the index of its node, and from this bit on the position among that node's outputs."""
_NODE = (1 << SLOT) - 1

_POSITIONAL = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Operators that hand their inputs to their sub-graphs in order."""


class GraphInput(NamedTuple):
    """A value that the model is given: one of its inputs, whose type is looked at when it is read."""

    value: onnx.ValueInfoProto


class LoopCarried(NamedTuple):
    """A formal input of a sub-graph: in a loop it changes from turn to turn, and begins as `start`."""

    start: int | GraphInput | ConstantValue | None
    subgraph: int
    position: int


Value = int | Known | GraphInput | ConstantValue | LoopCarried | None
"""What a name stands for: an integer is a produced value, a plain tuple a constant of this name, None an absent value."""
Named = int | GraphInput | ConstantValue | LoopCarried | None
"""The same, if a constant bears its name itself."""
Scope = dict[bytes, Value]


@dataclass
class GraphBuilder:
    """One pass over a model.

    Attributes:
        name: Name of the model for messages.
        opsets: Its operator sets.
        scope: What each name stands for that can be read now.
    """

    name: str
    opsets: Opsets
    scope: Scope = field(default_factory=dict)
    nodes: list[Operation] = field(default_factory=list)
    num_outputs: list[int] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    inputs: list[NodeInput] = field(default_factory=list)
    marks: dict[int, tuple[int, str]] = field(default_factory=dict)
    subgraphs: list[SubGraph] = field(default_factory=list)
    formal_reads: list[FormalRead] = field(default_factory=list)
    inner_names: set[bytes] = field(default_factory=set)
    operations: dict[bytes, Operation] = field(default_factory=dict)
    captures: dict[bytes, frozenset[bytes]] = field(default_factory=dict)

    def main_graph(self, graph: GraphParts) -> Dag:
        """The Dag of a model's graph."""
        constants = {name for name, _ in graph.constants}
        for value in graph.inputs:
            given = name_text(value.name, self.name).encode()
            if given not in constants:  # up to IR version 3 parameters are listed as inputs too
                self.scope[given] = GraphInput(value)
        self.walk(graph)
        outputs = []
        for value in graph.outputs:
            name = name_text(value.name, self.name)
            made = self.scope.get(name.encode())
            if type(made) is int:
                kind = value.type
                outputs.append(GraphOutput(made & _NODE, made >> SLOT, name, type_name(kind), type_shape(kind)))
        return self.finish(tuple(outputs))

    def walk(self, graph: GraphParts) -> None:
        """Add a graph's nodes; the scope gains the values they give."""
        self.scope.update(graph.constants)
        self.scope[b""] = None  # how a node says that an optional input is absent
        for rest in {rest for _, _, rest in graph.nodes} - self.operations.keys():
            self.operations[rest] = operation(rest, self.opsets, self.name)
        self.add(graph.nodes)

    def add(self, nodes: Sequence[NodeParts]) -> None:
        """Add nodes, in topological order if theirs is none."""
        # This runs once for every node of every model: the usual case comes first, and without a call.
        scope, operations, inputs = self.scope, self.operations, self.inputs
        sources, targets, slots = self.sources, self.targets, self.slots
        look_up, made = scope.__getitem__, tuple.__new__
        for position, (names, outputs, rest) in enumerate(nodes):
            what = operations[rest]
            try:
                values = list(map(look_up, names))
            except KeyError:
                return self.add(self.sorted(nodes[position:]))
            if what.graphs and not all(name in scope for name in self.captured(what)):
                return self.add(self.sorted(nodes[position:]))
            for name in outputs:
                if name in scope and name and type(scope[name]) is not GraphInput:
                    raise ModelReadError(
                        f"{self.name}: the value {shown(name)} is defined twice, expected every value to be defined once."
                    )
            if what.is_constant:
                if outputs:
                    scope[outputs[0]] = what.constant
                continue
            if what.is_foldable and values and type(values[0]) is not int and (known := constant_inputs(values)):
                results = fold_known(what.op_type, what.encoded, known, len(outputs), what.version)
                scope.update(zip(outputs, results, strict=True))
                scope[b""] = None
                continue
            if what.graphs:
                values = self.flatten(what, names, values)
            index = len(self.nodes)
            self.nodes.append(what)
            self.num_outputs.append(len(outputs))
            for slot, value in enumerate(values):
                if isinstance(value, int):
                    sources.append(value)
                    targets.append(index)
                    slots.append(slot)
                elif type(value) is tuple:
                    dtype, shape, elements = value  # type: ignore[misc]  # a plain tuple is a Known
                    text = names[slot].decode()
                    if elements is None or dtype not in INTEGER_NAMES:
                        inputs.append(made(NodeInput, (index, slot, "parameter", text, dtype, shape, ())))
                    else:
                        inputs.append(made(NodeInput, (index, slot, "constant", text, dtype, shape, elements)))
                elif value is not None:
                    self.connect(index, slot, value)
            for name in outputs:
                if name:
                    scope[name] = index
                index += 1 << SLOT
        return None

    def connect(self, node: int, slot: int, value: Value) -> None:
        """Let a node read a value that bears its own name, at a slot."""
        if isinstance(value, ConstantValue):
            elements = value.integers
            what: InputKind = "parameter" if elements is None else "constant"
            self.inputs.append(NodeInput(node, slot, what, value.name, value.dtype, value.shape, elements or ()))
        elif isinstance(value, LoopCarried):
            self.formal_reads.append(FormalRead(node, slot, value.subgraph, value.position))
            self.connect(node, slot, value.start)
        elif isinstance(value, GraphInput):
            name, kind = value.value.name, value.value.type
            self.inputs.append(NodeInput(node, slot, "graph_input", name, type_name(kind), type_shape(kind)))
        elif isinstance(value, int):
            self.sources.append(value)
            self.targets.append(node)
            self.slots.append(slot)

    def flatten(self, what: Operation, names: list[bytes], values: Sequence[Value]) -> list[Value]:
        """Add the nodes of a node's sub-graphs; gives the node's inputs, then the results of each sub-graph."""
        actual = [self.named(name, value) for name, value in zip(names, values, strict=True)]
        values = list[Value](actual)
        spans, starts = [], self.starts(what, actual)
        for attribute, encoded in what.graphs:
            graph = split_encoded(encoded)
            subgraph, first, first_input = len(self.subgraphs), len(self.nodes), len(self.inputs)
            formals = tuple((name_text(v.name, self.name), type_name(v.type), type_shape(v.type)) for v in graph.inputs)
            self.subgraphs.append(SubGraph(-1, attribute, formals, len(values), len(graph.outputs)))
            own = set(_defined(graph))
            hidden = {name: self.scope[name] for name in own if name in self.scope}
            for position, (formal, _, _) in enumerate(formals):
                start = starts[position] if position < len(starts) else None
                start = start.start if isinstance(start, LoopCarried) else start
                self.scope[formal.encode()] = LoopCarried(start, subgraph, position)
            self.walk(graph)
            given = [name_text(v.name, self.name).encode() for v in graph.outputs]
            results = [self.named(name, self.scope.get(name)) for name in given]
            for name in own:
                self.scope.pop(name, None)  # a value of a sub-graph is seen by nothing outside it
            self.scope.update(hidden)
            values += self.told_apart(results, own & self.inner_names, subgraph, first_input)
            self.inner_names |= own
            spans.append((subgraph, attribute, first, len(self.nodes)))
        index = len(self.nodes)
        for subgraph, attribute, first, last in spans:
            self.subgraphs[subgraph] = self.subgraphs[subgraph]._replace(node=index)
            for inside in range(first, last):
                self.marks.setdefault(inside, (index, attribute))
        return values

    def named(self, name: bytes, value: Value) -> Named:
        """A value that bears its name itself, since it will be read under another or at a place where names are not known."""
        if type(value) is tuple:
            return ConstantValue(name_text(name, self.name), *value)
        return value  # type: ignore[return-value]  # no plain tuple, that is no Known

    def starts(self, what: Operation, actual: list[Named]) -> list[Named]:
        """What the formal inputs of a node's sub-graphs begin with, in their order."""
        if what.domain or what.op_type not in _POSITIONAL:
            return []  # what another operator hands to its sub-graphs it may compute itself, as FlexAttention its scores
        if what.op_type == "Scan" and what.version < 9:
            return actual[1:]  # Scan-8 begins with the lengths of its sequences, which no body sees
        return actual

    def told_apart(self, results: list[Named], names: set[bytes], subgraph: int, first_input: int) -> list[Named]:
        """Rename what has the name of another sub-graph's value: in a Dag, constants of one name are one constant."""
        if not names:
            return results
        for position, item in enumerate(self.inputs[first_input:], start=first_input):
            if item.name.encode() in names and item.kind != "graph_input":
                self.inputs[position] = item._replace(name=f"{item.name}@{subgraph}")
        return [
            value._replace(name=f"{value.name}@{subgraph}")
            if isinstance(value, ConstantValue) and value.name.encode() in names
            else value
            for value in results
        ]

    def captured(self, what: Operation) -> Iterator[bytes]:
        """Names that a node's sub-graphs read and do not define."""
        for _, encoded in what.graphs:
            if encoded not in self.captures:  # the walk asks again at each level of nested sub-graphs
                self.captures[encoded] = frozenset(self.captured_by(split_encoded(encoded)))
            yield from self.captures[encoded]

    def captured_by(self, graph: GraphParts) -> Iterator[bytes]:
        """Names that a graph reads and does not define."""
        own = set(_defined(graph))
        for inputs, _, rest in graph.nodes:
            yield from (name for name in inputs if name not in own and name)
            if (inner := operation(rest, self.opsets, self.name)).graphs:
                yield from (name for name in self.captured(inner) if name not in own)
        yield from (name for v in graph.outputs if (name := name_text(v.name, self.name).encode()) not in own)

    def sorted(self, nodes: Sequence[NodeParts]) -> list[NodeParts]:
        """Nodes in topological order."""
        reads = [{*inputs, *self.captured(self.operations[rest])} for inputs, _, rest in nodes]

        def title(position: int) -> str:
            _, outputs, rest = nodes[position]
            names = ", ".join(shown(name) for name in outputs[:3])
            return f"of type {shown(self.operations[rest].op_type)} that gives {names or 'nothing'}"

        order = topological_order(reads, [outputs for _, outputs, _ in nodes], self.scope, title, self.name)
        return [nodes[position] for position in order]

    def finish(self, outputs: tuple[GraphOutput, ...]) -> Dag:
        """The Dag of what was added."""
        for what in self.operations.values():
            if len(what.attributes) > LONGEST_ATTRIBUTES:
                raise ModelReadError(
                    f"{self.name}: the attributes of a node of type {shown(what.op_type)} take {len(what.attributes):,} characters, "
                    f"expected at most {LONGEST_ATTRIBUTES:,}."
                )
        nodes, count = self.nodes, len(self.nodes)
        edges = np.array([self.sources, self.targets, self.slots], dtype=np.int64)
        edge_output, edge_index = (edges[0] >> SLOT).astype(np.int32), edges[:2].astype(np.int32)
        parents, branches = np.full(count, -1, dtype=np.int32), [""] * count
        for node, (parent, branch) in self.marks.items():
            parents[node], branches[node] = parent, branch
        return Dag(
            op_types=tuple([what.op_type for what in nodes]),
            domains=tuple([what.domain for what in nodes]),
            attributes=tuple([what.attributes for what in nodes]),
            opset_versions=np.array([what.version for what in nodes], dtype=np.int32),
            num_outputs=np.array(self.num_outputs, dtype=np.int32),
            edge_index=edge_index,
            edge_output=edge_output,
            edge_input=edges[2].astype(np.int32),
            parents=parents,
            branches=tuple(branches),
            inputs=tuple(self.inputs),
            outputs=outputs,
            subgraphs=tuple(self.subgraphs),
            formal_reads=tuple(self.formal_reads),
        )


def _defined(graph: GraphParts) -> Iterator[bytes]:
    """The names that a graph defines: formal inputs, constants and what its nodes give."""
    for value in graph.inputs:
        yield value.name.encode() if isinstance(value.name, str) else value.name
    yield from (name for name, _ in graph.constants)
    for _, outputs, _ in graph.nodes:
        yield from filter(None, outputs)
