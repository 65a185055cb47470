"""Building a Dag from a model's graph: sub-graphs are flattened, constants folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from younger_hf.errors import ModelReadError
from younger_hf.graph.dag import Dag, FormalRead, GraphOutput, NodeInput, SubGraph
from younger_hf.graph.onnx_types import INTEGER_NAMES, type_name, type_shape
from younger_hf.graph.operators.folding import constant_inputs, fold
from younger_hf.graph.operators.signatures import LONGEST_ATTRIBUTES
from younger_hf.graph.read.graph_parts import GraphParts, split_encoded
from younger_hf.graph.read.names import name_text, quoted
from younger_hf.graph.read.operation import Operation, Opsets, parse_operation
from younger_hf.graph.read.scope import (
    CapturedNames,
    GraphInput,
    LoopCarried,
    Named,
    NamedConstant,
    Value,
    defined_names,
)
from younger_hf.graph.read.split_messages import NodeParts
from younger_hf.graph.read.topological_order import topological_order
from younger_hf.graph.values import TensorInfo

SLOT = 32
"""An output of a node is an integer: the node's index below this bit, the position of the output
above."""
_NODE = (1 << SLOT) - 1

_POSITIONAL = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Operators that pass their inputs on to their sub-graphs in order."""


@dataclass
class GraphBuilder:
    """One pass over a model.

    Attributes:
        name: Name of the model for messages.
        opsets: Its operator sets.
        scope: The meaning of each name that can be read at this point.
        nodes: The operation of each node so far.
        sources: Source of each edge, as an integer with the position of the output.
        marks: Node of a sub-graph -> its control-flow node and the attribute of the sub-graph.
        inner_names: Names defined in the sub-graphs so far.
        operations: Wire format of a node without names -> its operation.
        captured: The names that its sub-graphs read from around them.
    """

    name: str
    opsets: Opsets
    scope: dict[bytes, Value] = field(default_factory=dict)
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

    def __post_init__(self) -> None:
        self.captured = CapturedNames(self.name, self.opsets)

    def build(self, graph: GraphParts) -> Dag:
        """Build the Dag of a model's graph."""
        constants = {name for name, _ in graph.constants}
        for value in graph.inputs:
            key = name_text(value.name, self.name).encode()
            if key not in constants:  # up to IR version 3 parameters are listed as inputs too
                self.scope[key] = GraphInput(value)
        self.add_graph(graph)
        outputs = []
        for value in graph.outputs:
            name, kind = name_text(value.name, self.name), value.type
            source = self.scope.get(name.encode())
            if type(source) is int:
                outputs.append(GraphOutput(source & _NODE, source >> SLOT, name, type_name(kind), type_shape(kind)))
        return self.finish(tuple(outputs))

    def add_graph(self, graph: GraphParts) -> None:
        """Add a graph's nodes and define its values."""
        self.scope.update(graph.constants)
        self.scope[b""] = None  # the name of an absent optional input
        for encoded in {encoded for _, _, encoded in graph.nodes} - self.operations.keys():
            self.operations[encoded] = parse_operation(encoded, self.opsets, self.name)
        self.add_nodes(graph.nodes)

    def add_nodes(self, nodes: Sequence[NodeParts]) -> None:
        """Add nodes, sorted topologically if they are not."""
        # This runs once for every node of every model: the usual case comes first, with few calls.
        scope, operations, defined = self.scope, self.operations, self.scope.keys()
        sources, targets, slots, look_up = self.sources, self.targets, self.slots, scope.__getitem__
        for position, (names, outputs, encoded) in enumerate(nodes):
            operation = operations[encoded]
            try:
                values = list(map(look_up, names))
                is_sorted = not operation.graphs or defined >= self.captured.of_node(operation)
            except KeyError:
                is_sorted = False
            if not is_sorted:
                return self.add_nodes(self.sorted(nodes[position:]))
            if not defined.isdisjoint(outputs):
                self.check_undefined(outputs)
            may_fold = operation.is_foldable and values and type(values[0]) is not int
            if (may_fold or operation.is_constant) and self.define_constants(operation, values, outputs):
                continue
            if operation.graphs:
                values = self.flatten(operation, names, values)
            index = len(self.nodes)
            self.nodes.append(operation)
            self.num_outputs.append(len(outputs))
            for slot, value in enumerate(values):
                if isinstance(value, int):
                    sources.append(value)
                    targets.append(index)
                    slots.append(slot)
                else:
                    self.connect(index, slot, value, names)
            for name in outputs:
                scope[name] = index
                index += 1 << SLOT
            scope[b""] = None  # the name of absent inputs and of outputs that are not used
        return None

    def check_undefined(self, names: Sequence[bytes]) -> None:
        """Raise ModelReadError if a value other than an input of the model is defined already."""
        for name in names:
            if name in self.scope and name and type(self.scope[name]) is not GraphInput:
                raise ModelReadError(f"{self.name}: the value {quoted(name)} is defined twice, expected once.")

    def define_constants(self, operation: Operation, values: Sequence[Value], outputs: Sequence[bytes]) -> bool:
        """Define the outputs of an operator over constants; return False if it is another."""
        if operation.is_constant:
            if outputs:
                self.scope[outputs[0]] = operation.constant
            return True
        constants = constant_inputs(values)
        if constants is None:
            return False
        results = fold(operation.op_type, operation.encoded, constants, len(outputs), operation.version)
        self.scope.update(zip(outputs, results, strict=True))
        self.scope[b""] = None
        return True

    def connect(self, node: int, slot: int, value: Value, names: Sequence[bytes] = ()) -> None:
        """Record an input of a node, which reads constants under the name in its slot."""
        if isinstance(value, TensorInfo):
            self.inputs.append(_constant_input(node, slot, names[slot].decode(), value))
        elif isinstance(value, LoopCarried):
            self.formal_reads.append(FormalRead(node, slot, value.subgraph, value.position))
            self.connect(node, slot, value.start)
        elif isinstance(value, GraphInput):
            name, kind = value.value.name, value.value.type
            self.inputs.append(NodeInput(node, slot, "graph_input", name, type_name(kind), type_shape(kind)))
        elif isinstance(value, NamedConstant):
            self.inputs.append(_constant_input(node, slot, value.name, value.info))
        elif value is not None:
            self.sources.append(value)
            self.targets.append(node)
            self.slots.append(slot)

    def flatten(self, operation: Operation, names: list[bytes], values: Sequence[Value]) -> list[Value]:
        """Add the nodes of a node's sub-graphs.

        Return the node's inputs, then the results of each sub-graph.
        """
        actual = [self.named(name, value) for name, value in zip(names, values, strict=True)]
        values = list[Value](actual)
        spans, starts = [], _starts(operation, actual)
        for attribute, encoded in operation.graphs:
            graph = split_encoded(encoded)
            subgraph, first, first_input = len(self.subgraphs), len(self.nodes), len(self.inputs)
            formals = tuple((name_text(v.name, self.name), type_name(v.type), type_shape(v.type)) for v in graph.inputs)
            self.subgraphs.append(SubGraph(-1, attribute, formals, len(values), len(graph.outputs)))
            own = set(defined_names(graph))
            hidden = {name: self.scope[name] for name in own if name in self.scope}
            for position, (formal, _, _) in enumerate(formals):
                start = starts[position] if position < len(starts) else None
                start = start.start if isinstance(start, LoopCarried) else start
                self.scope[formal.encode()] = LoopCarried(start, subgraph, position)
            self.add_graph(graph)
            result_names = [name_text(v.name, self.name).encode() for v in graph.outputs]
            results = [self.named(name, self.scope.get(name)) for name in result_names]
            for name in own:
                self.scope.pop(name, None)  # the values of a sub-graph are invisible outside it
            self.scope.update(hidden)
            values += self.renamed(results, own & self.inner_names, subgraph, first_input)
            self.inner_names |= own
            spans.append((subgraph, attribute, first, len(self.nodes)))
        index = len(self.nodes)
        for subgraph, attribute, first, last in spans:
            self.subgraphs[subgraph] = self.subgraphs[subgraph]._replace(node=index)
            for inside in range(first, last):
                self.marks.setdefault(inside, (index, attribute))
        return values

    def named(self, name: bytes, value: Value) -> Named:
        """Return a value by itself: constants receive the name that they have here."""
        return NamedConstant(name_text(name, self.name), value) if isinstance(value, TensorInfo) else value

    def renamed(self, results: list[Named], names: set[bytes], subgraph: int, first_input: int) -> list[Named]:
        """Rename constants whose names another sub-graph uses too.

        In a Dag, constants of one name are one constant.
        """
        if not names:
            return results
        for position, item in enumerate(self.inputs[first_input:], start=first_input):
            if item.name.encode() in names and item.kind != "graph_input":
                self.inputs[position] = item._replace(name=f"{item.name}@{subgraph}")
        for position, value in enumerate(results):
            if isinstance(value, NamedConstant) and value.name.encode() in names:
                results[position] = value._replace(name=f"{value.name}@{subgraph}")
        return results

    def sorted(self, nodes: Sequence[NodeParts]) -> list[NodeParts]:
        """Sort nodes topologically."""
        reads = [{*inputs, *self.captured.of_node(self.operations[encoded])} for inputs, _, encoded in nodes]

        def title(position: int) -> str:
            _, outputs, encoded = nodes[position]
            names = ", ".join(quoted(name) for name in outputs[:3])
            return f"of type {quoted(self.operations[encoded].op_type)} with the outputs {names or '(none)'}"

        order = topological_order(reads, [outputs for _, outputs, _ in nodes], self.scope, title, self.name)
        return [nodes[position] for position in order]

    def finish(self, outputs: tuple[GraphOutput, ...]) -> Dag:
        """Return the Dag of everything that was added."""
        for operation in self.operations.values():
            if len(operation.attributes) > LONGEST_ATTRIBUTES:
                raise ModelReadError(
                    f"{self.name}: the attributes of a node of type {quoted(operation.op_type)} take "
                    f"{len(operation.attributes):,} characters, expected at most {LONGEST_ATTRIBUTES:,}."
                )
        nodes, count = self.nodes, len(self.nodes)
        edges = np.array([self.sources, self.targets, self.slots], dtype=np.int64)
        parents, branches = np.full(count, -1, dtype=np.int32), [""] * count
        for node, (parent, branch) in self.marks.items():
            parents[node], branches[node] = parent, branch
        return Dag(
            op_types=tuple([operation.op_type for operation in nodes]),
            domains=tuple([operation.domain for operation in nodes]),
            attributes=tuple([operation.attributes for operation in nodes]),
            opset_versions=np.array([operation.version for operation in nodes], dtype=np.int32),
            num_outputs=np.array(self.num_outputs, dtype=np.int32),
            edge_index=edges[:2].astype(np.int32),
            edge_output=(edges[0] >> SLOT).astype(np.int32),
            edge_input=edges[2].astype(np.int32),
            parents=parents,
            branches=tuple(branches),
            inputs=tuple(self.inputs),
            outputs=outputs,
            subgraphs=tuple(self.subgraphs),
            formal_reads=tuple(self.formal_reads),
        )


def _constant_input(node: int, slot: int, name: str, info: TensorInfo) -> NodeInput:
    """Return an input that is a constant: integers with their values, parameters without."""
    dtype, shape, elements = info
    new = tuple.__new__  # twice as fast as NodeInput(...), which counts for models with many weights
    if elements is None or dtype not in INTEGER_NAMES:
        return new(NodeInput, (node, slot, "parameter", name, dtype, shape, ()))
    return new(NodeInput, (node, slot, "constant", name, dtype, shape, elements))


def _starts(operation: Operation, actual: list[Named]) -> list[Named]:
    """Return the initial values of the formal inputs of a node's sub-graphs."""
    if operation.domain or operation.op_type not in _POSITIONAL:
        return []  # other operators may compute what they pass on, as FlexAttention its scores
    if operation.op_type == "Scan" and operation.version < 9:
        return actual[1:]  # the first input of Scan-8, the lengths of its sequences, is not passed on
    return actual
