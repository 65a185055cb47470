"""The parts of an ONNX graph, straight from its wire format: who reads what, and everything else once however often it occurs.

Names make up most of a graph; a node without them is one of a few dozen byte strings, which `operation.py` looks into once each. What is
not encoded in the usual way (fields in order of their numbers) goes through protobuf first, whose reading is the one that counts.
Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from typing import NamedTuple

import onnx

from younger_hf.errors import ModelReadError
from younger_hf.graph.operators.constant_info import Known, known_of_tensor
from younger_hf.graph.read.blocks import Blocks
from younger_hf.graph.read.field_scan import pieces
from younger_hf.graph.read.location import in_memory
from younger_hf.graph.read.skip_payload import leap, read_varint
from younger_hf.graph.read.split_messages import NodeParts, is_rest, name_bytes, split_message, split_node, split_tensor
from younger_hf.graph.read.weight_stripper import MAX_STRIPPED, SMALL, strip

WHOLE = 1 << 20
"""Bytes of a graph that is taken apart in memory."""
TAIL = 1 << 10
"""Bytes that are read at once of what stands behind a model's graph: mostly its operator sets."""
LARGE = 64 << 10
"""Bytes of a node that may hold a weight: the weight-free reader takes it."""
MAX_NODES = 2_000_000
"""Nodes of a graph; the largest architectures known have a tenth of it."""

_GRAPH, _FUNCTION = 7 << 3 | 2, 25 << 3 | 2
_MODEL = frozenset({1 << 3, 8 << 3 | 2})
"""A model's IR version and operator sets."""
_NODE, _TENSOR, _INPUT, _OUTPUT, _SPARSE = (number << 3 | 2 for number in (1, 5, 11, 12, 15))
_KINDS = {_INPUT: "value", _OUTPUT: "value", _SPARSE: "sparse"}
_METADATA = (0x82, 0x01)
"""Tag of a graph's metadata, the only one of two bytes."""
_SKIPPED = frozenset({*(number << 3 | 2 for number in (2, 10, 13, 14)), _METADATA[0]})
"""Name, doc string, types of inner values, quantization annotation and metadata."""


class GraphParts(NamedTuple):
    """A graph.

    Attributes:
        nodes: Its nodes, as they stand in the file.
        constants: Name and what is known of each initializer, then of each sparse one.
        inputs: Its formal inputs.
        outputs: Its results.
    """

    nodes: list[NodeParts]
    constants: list[tuple[bytes, Known]]
    inputs: list[onnx.ValueInfoProto]
    outputs: list[onnx.ValueInfoProto]


class ModelParts(NamedTuple):
    """A model.

    Attributes:
        ir_version: Version of the format, 0 if it does not say.
        opsets: The operator sets that it imports.
        graph: Its graph, if that was found at a glance.
        whole: The model without its large payloads, if it was not: it may have local functions, or no graph.
    """

    ir_version: int
    opsets: list[onnx.OperatorSetIdProto]
    graph: GraphParts | None
    whole: onnx.ModelProto | None


class UnusualError(Exception):
    """Encoded in another way than onnx's own writers do."""


def split_model(blocks: Blocks) -> ModelParts:
    """The parts of a model.

    Raises:
        DecodeError: If it is none.
        ModelReadError: If it cannot be read, or is larger without its weights than any model is.
    """
    graph: list[tuple[int, int]] = []
    others: list[bytes] = []
    has_functions, position = False, 0
    try:
        blocks.reach(0)
        data, base = blocks.data, blocks.base
        while position < blocks.size:
            if position - base > len(data) - Blocks.HEADER and base + len(data) < blocks.size:
                # what stands behind the graph is read by itself: the window stays where the graph begins
                data, base = blocks.load(position, min(position + TAIL, blocks.size)), position
            start = position - base
            tag, at = read_varint(data, start)
            if tag & 7 not in (0, 2) or tag < 8:
                raise UnusualError
            length, value = read_varint(data, at)
            stop = base + (value + length if tag & 7 == 2 else value)
            if stop > blocks.size:
                raise UnusualError
            if tag == _GRAPH:
                graph.append((base + value, stop))
            elif tag == _FUNCTION:
                has_functions = True
            elif tag in _MODEL:
                inside = stop - base <= len(data)
                others.append(data[start : stop - base] if inside else blocks.keep(position, stop, MAX_STRIPPED))
            position = stop
    except (UnusualError, IndexError):
        graph = []
    if has_functions or len(graph) != 1:
        model = onnx.ModelProto.FromString(encoded(blocks))
        return ModelParts(model.ir_version, list(model.opset_import), None, model)
    model = onnx.ModelProto.FromString(b"".join(others))
    return ModelParts(model.ir_version, list(model.opset_import), split_graph(blocks, *graph[0]), None)


def split_encoded(data: bytes) -> GraphParts:
    """The parts of an encoded GraphProto; see `split_graph`."""
    return split_graph(in_memory(data, "a sub-graph"), 0, len(data))


def split_graph(blocks: Blocks, start: int, stop: int) -> GraphParts:
    """The parts of the encoded GraphProto that lies at [start, stop).

    Raises:
        DecodeError: If it is none.
        ModelReadError: As above.
    """
    begin, end = start - blocks.base, stop - blocks.base
    if begin >= 0 and end <= len(blocks.data) and stop - start <= WHOLE:
        return _split_whole(blocks.data[begin:end])
    try:
        return _split(blocks, start, stop)
    except (UnusualError, IndexError):
        return _split_whole(encoded(blocks, start, stop, "graph"))


def _split_whole(data: bytes) -> GraphParts:
    """A graph that is in memory, taken apart by protobuf."""
    parts = pieces(data)
    nodes = [split_node(node) for node in parts.nodes]
    constants = []
    for message in parts.tensors:
        constant = split_tensor(message, 0, len(message))
        if constant is None:
            tensor = onnx.TensorProto.FromString(message)
            constant = name_bytes(tensor.name), known_of_tensor(tensor)
        constants.append(constant)
    for rest in {node[2] for node in nodes}:
        if not is_rest(rest):  # some node is not encoded in the usual way
            nodes = [split_message(onnx.NodeProto.FromString(node)) for node in parts.nodes]
            break
    return _graph(nodes, constants, parts.sparse, parts.inputs, parts.outputs)


def _graph(
    nodes: list[NodeParts],
    constants: list[tuple[bytes, Known]],
    sparse: list[bytes],
    inputs: list[bytes],
    outputs: list[bytes],
) -> GraphParts:
    for message in sparse:
        tensor = onnx.SparseTensorProto.FromString(message)
        dtype, _, _ = known_of_tensor(tensor.values)
        constants.append((name_bytes(tensor.values.name), (dtype, tuple(max(dim, -1) for dim in tensor.dims), None)))
    values = onnx.ValueInfoProto.FromString
    return GraphParts(nodes, constants, list(map(values, inputs)), list(map(values, outputs)))


def _split(blocks: Blocks, start: int, stop: int) -> GraphParts:
    nodes: list[NodeParts] = []
    constants: list[tuple[bytes, Known]] = []
    others: dict[int, list[bytes]] = {_INPUT: [], _OUTPUT: [], _SPARSE: []}
    position, kept = start, 0
    data, base, safe = blocks.data, blocks.base, blocks.safe
    # This runs once for every node and every weight of a model: everything usual is done in place.
    while position < stop:
        if position > safe or position < base:
            if kept > MAX_STRIPPED or len(nodes) > MAX_NODES:
                raise ModelReadError(f"{blocks.name}: the model without its weights is larger than any model is.")
            blocks.move(position, position)
            data, base, safe = blocks.data, blocks.base, blocks.safe
        begin = position - base
        tag, length, value = data[begin], data[begin + 1], begin + 2
        if tag > 0x7F:
            if (tag, length) != _METADATA:
                raise UnusualError
            length, value = read_varint(data, value)
        elif length > 0x7F:
            length, value = read_varint(data, begin + 1)
        end = value + length
        position = base + end
        if position > stop:
            raise UnusualError
        if tag == _TENSOR:
            constant = split_tensor(data, value, end)
            if constant is None and begin and end > len(data):  # perhaps only since it begins at the window's end
                blocks.move(base + begin, base + begin)
                data, base, safe, value, end, begin = (
                    blocks.data,
                    blocks.base,
                    blocks.safe,
                    value - begin,
                    end - begin,
                    0,
                )
                constant = split_tensor(data, value, end)
            if constant is None:
                message = _without_payload(blocks, begin, value, end, "tensor")
                tensor = onnx.TensorProto.FromString(message)
                constant = name_bytes(tensor.name), known_of_tensor(tensor)
                data, base, safe = blocks.data, blocks.base, blocks.safe
            constants.append(constant)
        elif tag == _NODE:
            if length > LARGE:
                nodes.append(split_node(_without_payload(blocks, begin, value, end, "node")))
                data, base, safe = blocks.data, blocks.base, blocks.safe
            else:
                kept += length
                nodes.append(split_node(data[value:end] if end <= len(data) else blocks.load(base + value, position)))
        elif tag in others:
            others[tag].append(encoded(blocks, base + value, position, _KINDS[tag]))
            data, base, safe = blocks.data, blocks.base, blocks.safe
        elif tag not in _SKIPPED:
            raise UnusualError
    for rest in {node[2] for node in nodes}:
        if not is_rest(rest):
            raise UnusualError
    return _graph(nodes, constants, others[_SPARSE], others[_INPUT], others[_OUTPUT])


def _without_payload(blocks: Blocks, begin: int, value: int, end: int, kind: str) -> bytes:
    """A message without its large payload, if it has one.

    Args:
        blocks: The file.
        begin: Where its tag is in the window.
        value: Where it begins.
        end: Where it ends; that may lie behind the window.
        kind: `tensor` or `node`.
    """
    data, base = blocks.data, blocks.base
    usual = leap(data, begin, value, end, SMALL) if end - value > SMALL else None
    if usual is None:
        return encoded(blocks, base + value, base + end, kind)
    head, after = usual
    if after < end and end > len(data):
        blocks.move(base + after, base + after)  # the next field lies in the same window then
    return head[read_varint(head, 1)[1] :] + blocks.read(base + after, base + end)


def encoded(blocks: Blocks, start: int = 0, stop: int | None = None, kind: str = "model") -> bytes:
    """The message of a kind (see `fields.py`) that lies at [start, stop), without its large payloads."""
    return strip(blocks, start, blocks.size if stop is None else stop, kind)
