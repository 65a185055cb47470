"""ONNX model -> Dag: operators become nodes, data flows edges; the rest is kept only as far as a rebuild needs it.

Local functions are inlined. Sub-graphs of If, Loop and Scan are flattened: values they capture are real edges, the
formal inputs of a body stand for the control-flow node's own inputs, and a sub-graph's results flow into that node.
Operators over constants are folded away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import onnx
from onnx import AttributeProto

from younger_hf.errors import ModelReadError
from younger_hf.graph.dag import Dag, FormalRead, GraphOutput, InputKind, NodeInput, SubGraph
from younger_hf.graph.fold import ConstantValue, constant_inputs, constant_of_node, constant_of_tensor, fold
from younger_hf.graph.functions import inline_functions
from younger_hf.graph.names import check_names, shown
from younger_hf.graph.operators import LONGEST_ATTRIBUTES, canonical_attributes, canonical_domain
from younger_hf.graph.order import read_names, topological_order
from younger_hf.graph.types import dtype_name, type_name, type_shape
from younger_hf.graph.wire import Source, read_model


class Produced(NamedTuple):
    """A value that output `slot` of node `node` produces."""

    node: int
    slot: int


class Given(NamedTuple):
    """A value that the model is given: one of its inputs."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None


class Carried(NamedTuple):
    """A formal input of a sub-graph: in a loop it changes from turn to turn, and begins as `start`."""

    start: Produced | Given | ConstantValue | None
    subgraph: int
    position: int


Value = Produced | Given | ConstantValue | Carried | None
Scope = dict[str, Value]

_GRAPHS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)
_POSITIONAL = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Operators whose sub-graphs have formal inputs that stand for the operator's own, one by one."""


def from_onnx(source: Source) -> Dag:
    """Read the architecture of an ONNX model; its weights are neither kept nor needed.

    Args:
        source: A path, the bytes of a file, or a seekable binary file. External data files are never opened.

    Returns:
        The Dag, its nodes in topological order.

    Raises:
        ModelReadError: If the source is no readable ONNX model, or its graph is no valid one (a cycle, a value that
            nothing produces or that is defined twice).

    Example:
        >>> import onnx, onnx.parser
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[n] x) => (float[n] y) { z = Relu(x)  y = Mul(z, z) }''')
        >>> dag = from_onnx(model.SerializeToString())
        >>> dag.op_types, dag.edge_index.tolist()
        (('Relu', 'Mul'), [[0, 0], [1, 1]])
    """
    model, name = read_model(source)
    return extract(model, name)


def extract(model: onnx.ModelProto, name: str = "<model>") -> Dag:
    """The Dag of a parsed model; `name` is used in messages. See `from_onnx`."""
    check_names(model, name)
    model = inline_functions(model, name)
    opsets = {canonical_domain(item.domain): item.version for item in model.opset_import}
    extraction = _Extraction(name, opsets)
    scope: Scope = {}
    for value in model.graph.input:
        scope[value.name] = Given(value.name, type_name(value.type), type_shape(value.type))
    extraction.walk(model.graph, scope)
    outputs = tuple(
        GraphOutput(made.node, made.slot, value.name, type_name(value.type), type_shape(value.type))
        for value in model.graph.output
        if isinstance(made := scope.get(value.name), Produced)
    )
    return extraction.finish(outputs)


@dataclass
class _Extraction:
    """The Dag as it grows, node by node."""

    name: str
    opsets: Mapping[str, int]
    nodes: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    edges: list[tuple[int, int, int, int]] = field(default_factory=list)
    inputs: list[NodeInput] = field(default_factory=list)
    marks: dict[int, tuple[int, str]] = field(default_factory=dict)
    subgraphs: list[SubGraph] = field(default_factory=list)
    formal_reads: list[FormalRead] = field(default_factory=list)
    inner_names: set[str] = field(default_factory=set)

    def walk(self, graph: onnx.GraphProto, scope: Scope) -> None:
        """Add a graph's nodes; `scope` gains the values they produce."""
        for tensor in graph.initializer:
            scope[tensor.name] = constant_of_tensor(tensor.name, tensor)
        for sparse in graph.sparse_initializer:
            values = sparse.values
            scope[values.name] = ConstantValue(values.name, dtype_name(values.data_type), tuple(sparse.dims))
        scope[""] = None  # how a node says that an optional input is absent
        nodes: Sequence[onnx.NodeProto] = graph.node
        for position, node in enumerate(nodes):
            if not self._is_ready(node, scope):
                for later in topological_order(nodes[position:], scope.keys(), self.name):
                    self._add(later, scope)
                return
            self._add(node, scope)

    def _is_ready(self, node: onnx.NodeProto, scope: Scope) -> bool:
        """Whether all that a node reads is there."""
        for attribute in node.attribute:
            if attribute.type in _GRAPHS:
                return all(name in scope for name in read_names(node))
        return scope.keys() >= set(node.input)

    def _add(self, node: onnx.NodeProto, scope: Scope) -> None:
        op_type, outputs, attributes = node.op_type, list(node.output), list(node.attribute)
        for output in outputs:
            if output in scope and output and not isinstance(scope[output], Given):
                raise ModelReadError(
                    f"{self.name}: the value {shown(output)} is defined twice, expected every value to be defined once."
                )
        domain = canonical_domain(node.domain)
        if op_type == "Constant" and not domain:
            if outputs:
                scope[outputs[0]] = constant_of_node(node)
            return
        values = [scope[name] for name in node.input]
        version = self.opsets.get(domain, 1)
        branching = any(attribute.type in _GRAPHS for attribute in attributes) if attributes else False
        if not domain and not branching and (constants := constant_inputs(op_type, values)):
            scope.update(zip(outputs, fold(node, constants, version), strict=True))
            return
        if branching:
            values = self._flatten(node, values, scope)
        index = len(self.nodes)
        canonical = canonical_attributes(node, version)
        if len(canonical) > LONGEST_ATTRIBUTES:
            raise ModelReadError(
                f"{self.name}: the attributes of a node of type {shown(op_type)} take {len(canonical):,} characters, expected at "
                f"most {LONGEST_ATTRIBUTES:,}."
            )
        self.nodes.append((op_type, domain, canonical, version, len(outputs)))
        for slot, value in enumerate(values):
            self._connect(index, slot, value)
        for slot, output in enumerate(outputs):
            if output:
                scope[output] = Produced(index, slot)

    def _flatten(self, node: onnx.NodeProto, actual: list[Value], scope: Scope) -> list[Value]:
        """Add the nodes of a node's sub-graphs; gives the node's inputs, then the results of each sub-graph."""
        values, spans, starts = list(actual), [], self._starts(node, actual)
        for attribute in node.attribute:
            if attribute.type not in _GRAPHS:
                continue
            for graph in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
                subgraph, first, first_input = len(self.subgraphs), len(self.nodes), len(self.inputs)
                formals = tuple((v.name, type_name(v.type), type_shape(v.type)) for v in graph.input)
                self.subgraphs.append(SubGraph(-1, attribute.name, formals, len(values), len(graph.output)))
                names = set(_defined(graph))
                hidden = {name: scope[name] for name in names if name in scope}
                for position, formal in enumerate(graph.input):
                    start = starts[position] if position < len(starts) else None
                    scope[formal.name] = Carried(
                        start.start if isinstance(start, Carried) else start, subgraph, position
                    )
                self.walk(graph, scope)
                results = [scope.get(value.name) for value in graph.output]
                for name in names:
                    scope.pop(name, None)  # a value of a sub-graph is seen by nothing outside it
                scope |= hidden
                values += self._told_apart(results, names & self.inner_names, subgraph, first_input)
                self.inner_names |= names
                spans.append((subgraph, attribute.name, first, len(self.nodes)))
        index = len(self.nodes)
        for subgraph, name, first, last in spans:
            self.subgraphs[subgraph] = self.subgraphs[subgraph]._replace(node=index)
            for inside in range(first, last):
                self.marks.setdefault(inside, (index, name))
        return values

    def _starts(self, node: onnx.NodeProto, actual: list[Value]) -> list[Value]:
        """What the formal inputs of a node's sub-graphs begin with, in their order."""
        if canonical_domain(node.domain) or node.op_type not in _POSITIONAL:
            return []  # what another operator hands to its sub-graphs it may compute itself, as FlexAttention its scores
        if node.op_type == "Scan" and self.opsets.get("", 1) < 9:
            return actual[1:]  # Scan-8 begins with the lengths of its sequences, which no body sees
        return actual

    def _told_apart(self, results: list[Value], names: set[str], subgraph: int, first_input: int) -> list[Value]:
        """Rename what has the name of another sub-graph's value: in a Dag, constants of one name are one constant."""
        if not names:
            return results
        for position, item in enumerate(self.inputs[first_input:], start=first_input):
            if item.name in names and item.kind != "graph_input":
                self.inputs[position] = item._replace(name=f"{item.name}@{subgraph}")
        return [
            replace(value, name=f"{value.name}@{subgraph}")
            if isinstance(value, ConstantValue) and value.name in names
            else value
            for value in results
        ]

    def _connect(self, node: int, slot: int, value: Value) -> None:
        if isinstance(value, Carried):
            self.formal_reads.append(FormalRead(node, slot, value.subgraph, value.position))
            value = value.start
        if isinstance(value, Produced):
            self.edges.append((value.node, node, value.slot, slot))
        elif isinstance(value, Given):
            self.inputs.append(NodeInput(node, slot, "graph_input", value.name, value.dtype, value.shape))
        elif isinstance(value, ConstantValue):
            integers = value.integers
            kind: InputKind = "parameter" if integers is None else "constant"
            self.inputs.append(NodeInput(node, slot, kind, value.name, value.dtype, value.shape, integers or ()))

    def finish(self, outputs: tuple[GraphOutput, ...]) -> Dag:
        """The Dag of what was added."""
        op_types, domains, attributes, versions, num_outputs = (
            zip(*self.nodes, strict=True) if self.nodes else ((),) * 5
        )
        edges = np.array(self.edges, dtype=np.int32).reshape(-1, 4).T
        marks = [self.marks.get(node, (-1, "")) for node in range(len(self.nodes))]
        return Dag(
            op_types=tuple(op_types),
            domains=tuple(domains),
            attributes=tuple(attributes),
            opset_versions=np.array(versions, dtype=np.int32),
            num_outputs=np.array(num_outputs, dtype=np.int32),
            edge_index=np.ascontiguousarray(edges[:2]),
            edge_output=np.ascontiguousarray(edges[2]),
            edge_input=np.ascontiguousarray(edges[3]),
            parents=np.array([parent for parent, _ in marks], dtype=np.int32),
            branches=tuple(branch for _, branch in marks),
            inputs=tuple(self.inputs),
            outputs=outputs,
            subgraphs=tuple(self.subgraphs),
            formal_reads=tuple(self.formal_reads),
        )


def _defined(graph: onnx.GraphProto) -> Iterator[str]:
    """The names that a graph defines: formal inputs, initializers and what its nodes produce."""
    yield from (value.name for value in graph.input)
    yield from (tensor.name for tensor in graph.initializer)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield from filter(None, node.output)
