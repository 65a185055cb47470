"""Dag -> ONNX model that runs.

The model has the same operators and data flows, and random weights of the recorded shapes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import onnx
from onnx import TensorProto, helper

from younger_hf.errors import RebuildError
from younger_hf.graph.dag import Dag, NodeInput
from younger_hf.graph.onnx_types import type_proto
from younger_hf.graph.operators.node_protos import node_proto
from younger_hf.graph.operators.shape_inference import infer_values
from younger_hf.graph.operators.signatures import ML_DOMAIN
from younger_hf.graph.rebuild.random_weights import TILE_OPSET, Parameters
from younger_hf.graph.values import TensorInfos

LARGEST_NODES = 1 << 29
"""Maximum bytes of all nodes of a rebuilt model; protobuf's limit is four times as high."""


def to_onnx(dag: Dag, seed: int = 0) -> onnx.ModelProto:
    """Rebuild a model with everything that the Dag records, and random weights.

    Float parameters are uniform in [0.01, 0.1): positive, so that variances
    and scales are valid. Parameters of more than 2**20 elements repeat themselves along all axes
    but the last. Integer parameters without recorded values are zero, which is a valid index
    everywhere; booleans are true, so that loops run.

    Args:
        dag: The architecture.
        seed: Seed of the weights; the same seed results in the same model.

    Returns:
        The model; `from_onnx` of it returns a Dag with the same hash.

    Raises:
        RebuildError: If the Dag lacks what an operator needs: the values of an attribute, the type
            or shape of a parameter, or the values of a parameter that determines shapes (such as
            the scales of a Resize).

    Example:
        >>> import onnx, onnx.parser
        >>> from younger_hf import from_onnx
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[2] x) => (float[2] y) { y = Relu(x) }''')
        >>> rebuilt = to_onnx(from_onnx(model.SerializeToString()))
        >>> [node.op_type for node in rebuilt.graph.node]
        ['Relu']
    """
    if not dag.num_nodes:
        raise RebuildError("The DAG has no operators; expected at least one.")
    builder = _ModelBuilder(dag, np.random.default_rng(seed))
    builder.name_values()
    builder.connect()
    nodes = builder.nodes_of(-1, "")
    fillers, tensors = builder.parameters.fillers, list(builder.parameters.tensors.values())
    graph = helper.make_graph(
        [*fillers, *nodes], "rebuilt", list(builder.inputs.values()), _outputs(dag, builder), tensors
    )
    opsets = {"": TILE_OPSET} if fillers else {}
    for domain, version in zip(dag.domains, dag.opset_versions.tolist(), strict=True):
        opsets[domain] = version if not domain else max(opsets.get(domain, 0), version)
    imports = [helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items())]
    known = [item for item in imports if not item.domain or item.domain == ML_DOMAIN]
    # From IR version 4 on, initializers need not be inputs as well.
    ir_version = max(helper.find_min_ir_version_for(known, ignore_unknown=True), 4)
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version, producer_name="younger-hf")


@dataclass
class _ModelBuilder:
    """The state of a rebuild: names of all values, and each input and parameter once.

    Attributes:
        dag: The architecture.
        rng: Source of the weights.
        outputs: Name of each output of each node, `""` if nothing reads it.
        formals: Name of each formal input of each sub-graph.
        read: Slot -> name of the value read there, for each node.
        members: The nodes of the main graph (-1, "") and of each sub-graph (control-flow node,
            attribute).
        subgraphs: The sub-graphs of each control-flow node.
        inputs: Name -> declaration of the model's inputs.
        input_names: Recorded name of a graph input -> its name in the model.
        name_counts: Name in use -> number of names derived from it.
        size: Bytes of the nodes so far.
    """

    dag: Dag
    rng: np.random.Generator
    outputs: list[list[str]] = field(default_factory=list)
    formals: list[list[str]] = field(default_factory=list)
    read: list[dict[int, str]] = field(default_factory=list)
    members: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    subgraphs: dict[int, list[int]] = field(default_factory=dict)
    inputs: dict[str, onnx.ValueInfoProto] = field(default_factory=dict)
    input_names: dict[str, str] = field(default_factory=dict)
    name_counts: dict[str, int] = field(default_factory=dict)
    size: int = 0

    @cached_property
    def parameters(self) -> Parameters:
        """Parameters and constants of the model."""
        return Parameters(self.dag, self.unique, self.rng)

    def unique(self, wanted: str) -> str:
        """Return the wanted name, or one derived from it if it is in use."""
        name = wanted = wanted or "value"
        while name in self.name_counts:
            self.name_counts[wanted] += 1
            name = f"{wanted}_{self.name_counts[wanted]}"
        self.name_counts[name] = 0
        return name

    def name_values(self) -> None:
        """Name all outputs and formal inputs.

        The model's inputs and outputs come first, so that they keep their names.
        """
        dag = self.dag
        for item in dag.inputs:
            if item.kind == "graph_input" and item.name not in self.input_names:
                self.input_names[item.name] = self.unique(item.name)
        self.outputs = [[""] * count for count in dag.num_outputs.tolist()]
        for output in dag.outputs:
            self.outputs[output.node][output.slot] = self.unique(output.name)
        for source, slot in zip(dag.edge_index[0].tolist(), dag.edge_output.tolist(), strict=True):
            if not self.outputs[source][slot]:
                self.outputs[source][slot] = self.unique(f"node{source}_output{slot}")
        self.formals = [[self.unique(name) for name, _, _ in graph.formals] for graph in dag.subgraphs]

    def connect(self) -> None:
        """Find the value that each node reads in each slot.

        Create graph inputs and parameters on the way.
        """
        dag = self.dag
        self.read = [{} for _ in range(dag.num_nodes)]
        edges = zip(*dag.edge_index.tolist(), dag.edge_output.tolist(), dag.edge_input.tolist(), strict=True)
        for source, target, output, slot in edges:
            self.read[target][slot] = self.outputs[source][output]
        for read in dag.formal_reads:
            self.read[read.node][read.slot] = self.formals[read.subgraph][read.position]
        formal = {(read.node, read.slot) for read in dag.formal_reads}
        for node, graph in enumerate(zip(dag.parents.tolist(), dag.branches, strict=True)):
            self.members.setdefault(graph, []).append(node)
        for number, subgraph in enumerate(dag.subgraphs):
            self.subgraphs.setdefault(subgraph.node, []).append(number)
        for item in dag.inputs:
            if (item.node, item.slot) not in formal:
                name = self.graph_input(item) if item.kind == "graph_input" else self.parameters.name_of(item)
                self.read[item.node][item.slot] = name

    def graph_input(self, item: NodeInput) -> str:
        """Return the name of a graph input, and declare it on first use."""
        name = self.input_names[item.name]
        if name not in self.inputs:
            kind = type_proto(item.dtype, _dimensions(item.shape, name))
            if kind is None:
                raise RebuildError(
                    f"The type of the graph input {item.name!r} is unknown, expected a tensor's or a sequence's."
                )
            self.inputs[name] = helper.make_value_info(name, kind)
        return name

    def nodes_of(self, parent: int, branch: str) -> list[onnx.NodeProto]:
        """Write the nodes of the main graph (parent -1) or of a sub-graph."""
        return [self.node(index) for index in self.members.get((parent, branch), ())]

    def node(self, index: int) -> onnx.NodeProto:
        """Write a node with its sub-graphs."""
        graphs = [(number, self.dag.subgraphs[number]) for number in self.subgraphs.get(index, ())]
        stop = min((graph.first_result for _, graph in graphs), default=None)
        slots = {slot: name for slot, name in self.read[index].items() if stop is None or slot < stop}
        inputs = [slots.get(slot, "") for slot in range(max(slots, default=-1) + 1)]
        node = node_proto(self.dag, index, inputs, self.outputs[index])
        self.size += node.ByteSize()
        if self.size > LARGEST_NODES:
            raise RebuildError(
                f"The nodes take more than {LARGEST_NODES >> 20} MiB with tensors as attributes, expected them to fit in a file."
            )
        for number, graph in graphs:
            kinds = [type_proto(dtype, shape) for _, dtype, shape in graph.formals]
            formals = [
                onnx.ValueInfoProto(name=name, type=kind)
                for name, kind in zip(self.formals[number], kinds, strict=True)
            ]
            results, tensors = self.results(index, range(graph.first_result, graph.first_result + graph.num_results))
            body = helper.make_graph(
                self.nodes_of(index, graph.attribute), graph.attribute, formals, list(results), list(tensors)
            )
            node.attribute.append(helper.make_attribute(graph.attribute, body))
        return node

    def results(self, index: int, slots: Iterable[int]) -> tuple[list[onnx.ValueInfoProto], list[TensorProto]]:
        """List the results of a sub-graph, and copies of the constants among them."""
        values, tensors = [], []
        for slot in slots:
            if slot not in self.read[index]:
                raise RebuildError(
                    f"Node {index} ({self.dag.op_types[index]}): the results of its sub-graph are not recorded."
                )
            name = self.read[index][slot]
            if name in self.parameters.tensors:
                tensors.append(TensorProto.FromString(self.parameters.tensors[name].SerializeToString()))
                name = tensors[-1].name = self.unique(name)
            known = self.inferred.input(index, slot)
            values.append(onnx.ValueInfoProto(name=name, type=type_proto(known.dtype, None)))
        return values, tensors

    @cached_property
    def inferred(self) -> TensorInfos:
        """Types of all values of the Dag, for those that it does not record."""
        return infer_values(self.dag)


def _outputs(dag: Dag, builder: _ModelBuilder) -> list[onnx.ValueInfoProto]:
    """Declare the model's outputs; types that the Dag does not record are inferred."""
    values = []
    for output in dag.outputs:
        name, dtype, shape = builder.outputs[output.node][output.slot], output.dtype, output.shape
        if not dtype:
            known = builder.inferred.output(output.node, output.slot)
            dtype, shape = known.dtype, known.shape
        kind = type_proto(dtype, _dimensions(shape))
        if kind is None:
            raise RebuildError(f"The type of the output {output.name!r} is not recorded and cannot be inferred.")
        values.append(helper.make_value_info(name, kind))
    return values


def _dimensions(shape: tuple[int, ...] | None, name: str = "") -> list[int | str | None] | None:
    """Convert dimensions for onnx's helper; dynamic ones are named after the value."""
    if shape is None:
        return None
    return [dim if dim >= 0 else (f"{name}_dim{axis}" if name else None) for axis, dim in enumerate(shape)]
