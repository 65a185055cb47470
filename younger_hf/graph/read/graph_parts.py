"""Splitting an ONNX graph in wire format into the names of values and distinct operations.

Names make up most of a graph; without them a node is one of a few dozen byte strings, which
`operation` parses once each. Graphs in an unusual encoding (fields not in order of their numbers)
go through protobuf first, whose interpretation is the one that counts. Message and field numbers:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from typing import NamedTuple

import onnx

from younger_hf.errors import ModelReadError
from younger_hf.graph.onnx_types import sparse_info, tensor_info
from younger_hf.graph.read.blocks import Blocks
from younger_hf.graph.read.field_scan import split_encoded_graph
from younger_hf.graph.read.location import in_memory
from younger_hf.graph.read.skip_payload import read_varint, skip_payload
from younger_hf.graph.read.split_messages import (
    NodeParts,
    is_nameless,
    name_bytes,
    split_node,
    split_parsed_node,
    split_tensor,
)
from younger_hf.graph.read.weight_stripper import MAX_STRIPPED, SMALL, strip
from younger_hf.graph.values import TensorInfo

WHOLE = 1 << 20
"""Maximum size in bytes of a graph that is split in memory."""
TAIL = 1 << 10
"""Bytes after a model's graph, mostly its operator sets, that are read at once."""
LARGE = 64 << 10
"""Size in bytes of a node above which it may hold a weight and is stripped."""
MAX_NODES = 2_000_000
"""Maximum number of nodes of a graph; the largest architectures known have a tenth of it."""

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
        nodes: Its nodes, in the order of the file.
        constants: Name and description of each initializer, then of each sparse one.
        inputs: Its formal inputs.
        outputs: Its results.
    """

    nodes: list[NodeParts]
    constants: list[tuple[bytes, TensorInfo]]
    inputs: list[onnx.ValueInfoProto]
    outputs: list[onnx.ValueInfoProto]


class ModelParts(NamedTuple):
    """A model.

    Attributes:
        ir_version: Version of the format, 0 if not stated.
        opsets: The operator sets that it imports.
        graph: Its graph, unless the model is unusual.
        whole: An unusual model without its large payloads: it may have local functions, or no
            graph.
    """

    ir_version: int
    opsets: list[onnx.OperatorSetIdProto]
    graph: GraphParts | None
    whole: onnx.ModelProto | None


class UnusualError(Exception):
    """A message is not encoded as onnx's own writers do it."""


def split_model(blocks: Blocks) -> ModelParts:
    """Split a model.

    Raises:
        DecodeError: If it is malformed.
        ModelReadError: If it cannot be read, or is larger than 256 MiB without its weights.
    """
    graph: list[tuple[int, int]] = []
    others: list[bytes] = []
    has_functions, position = False, 0
    try:
        blocks.reach(0)
        data, base = blocks.data, blocks.base
        while position < blocks.size:
            if position - base > len(data) - Blocks.HEADER and base + len(data) < blocks.size:
                # read what follows the graph by itself, so that the window stays at the graph
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
    """Split a GraphProto in wire format, see `split_graph`."""
    return split_graph(in_memory(data, "a sub-graph"), 0, len(data))


def split_graph(blocks: Blocks, start: int, stop: int) -> GraphParts:
    """Split the GraphProto at [start, stop).

    Raises:
        DecodeError: If it is malformed.
        ModelReadError: If it cannot be read, or is larger than 256 MiB without its weights.
    """
    begin, end = start - blocks.base, stop - blocks.base
    if begin >= 0 and end <= len(blocks.data) and stop - start <= WHOLE:
        return _split_in_memory(blocks.data[begin:end])
    try:
        return _split(blocks, start, stop)
    except (UnusualError, IndexError):
        return _split_in_memory(encoded(blocks, start, stop, "graph"))


def _split_in_memory(data: bytes) -> GraphParts:
    """Split a graph that is in memory with protobuf."""
    parts = split_encoded_graph(data)
    nodes = [split_node(node) for node in parts.nodes]
    constants = [split_tensor(tensor, 0, len(tensor)) or _parsed_tensor(tensor) for tensor in parts.tensors]
    if not _are_nameless(nodes):  # some node has an unusual encoding
        nodes = [split_parsed_node(onnx.NodeProto.FromString(node)) for node in parts.nodes]
    return _graph(nodes, constants, parts.sparse, parts.inputs, parts.outputs)


def _parsed_tensor(message: bytes) -> tuple[bytes, TensorInfo]:
    tensor = onnx.TensorProto.FromString(message)
    return name_bytes(tensor.name), tensor_info(tensor)


def _graph(
    nodes: list[NodeParts],
    constants: list[tuple[bytes, TensorInfo]],
    sparse: list[bytes],
    inputs: list[bytes],
    outputs: list[bytes],
) -> GraphParts:
    for message in sparse:
        tensor = onnx.SparseTensorProto.FromString(message)
        constants.append((name_bytes(tensor.values.name), sparse_info(tensor)))
    values = onnx.ValueInfoProto.FromString
    return GraphParts(nodes, constants, list(map(values, inputs)), list(map(values, outputs)))


def _split(blocks: Blocks, start: int, stop: int) -> GraphParts:
    nodes: list[NodeParts] = []
    constants: list[tuple[bytes, TensorInfo]] = []
    others: dict[int, list[bytes]] = {_INPUT: [], _OUTPUT: [], _SPARSE: []}
    position, kept = start, 0
    data, base, safe = blocks.data, blocks.base, blocks.safe
    # This runs once for every node and every weight of a model: the usual case needs few calls.
    while position < stop:
        if position > safe or position < base:
            _check_size(blocks, kept, len(nodes))
            blocks.move(position, position)
            data, base, safe = blocks.data, blocks.base, blocks.safe
        begin = position - base
        tag, length, value = data[begin], data[begin + 1], begin + 2
        if tag > 0x7F or length > 0x7F:
            length, value = _long_length(data, begin)
        end = value + length
        position = base + end
        if position > stop:
            raise UnusualError
        if tag == _NODE and length <= LARGE:
            kept += length
            nodes.append(split_node(data[value:end] if end <= len(data) else blocks.load(base + value, position)))
            continue
        if tag == _TENSOR:
            constants.append(split_tensor(data, value, end) or _split_unusual_tensor(blocks, begin, value, end))
        elif tag == _NODE:
            nodes.append(split_node(_without_payload(blocks, begin, value, end, "node")))
        elif tag not in _SKIPPED:
            _add_other(others, tag, blocks, base + value, position)
        data, base, safe = blocks.data, blocks.base, blocks.safe
    if not _are_nameless(nodes):
        raise UnusualError
    return _graph(nodes, constants, others[_SPARSE], others[_INPUT], others[_OUTPUT])


def _check_size(blocks: Blocks, kept: int, num_nodes: int) -> None:
    if kept > MAX_STRIPPED or num_nodes > MAX_NODES:
        raise ModelReadError(f"{blocks.name}: the model without its weights is too large for an architecture.")


def _are_nameless(nodes: list[NodeParts]) -> bool:
    return all(map(is_nameless, {encoded for _, _, encoded in nodes}))


def _add_other(others: dict[int, list[bytes]], tag: int, blocks: Blocks, start: int, stop: int) -> None:
    """Add an input, an output or a sparse initializer at [start, stop); may move the window."""
    if tag not in others:
        raise UnusualError
    others[tag].append(encoded(blocks, start, stop, _KINDS[tag]))


def _long_length(data: bytes, begin: int) -> tuple[int, int]:
    """Return the length of a field, and the index after it, if tag or length have two bytes."""
    if data[begin] <= 0x7F:
        return read_varint(data, begin + 1)
    if (data[begin], data[begin + 1]) != _METADATA:
        raise UnusualError
    return read_varint(data, begin + 2)


def _split_unusual_tensor(blocks: Blocks, begin: int, value: int, end: int) -> tuple[bytes, TensorInfo]:
    """Split a tensor that `split_tensor` cannot split in the present window; may move the window.

    Args:
        blocks: The file.
        begin: Index of its tag in the window.
        value: Index of the tensor.
        end: Index after it, which may lie after the window.
    """
    if begin and end > len(blocks.data):  # perhaps only because the window ends in it
        blocks.move(blocks.base + begin, blocks.base + begin)
        begin, value, end = 0, value - begin, end - begin
        constant = split_tensor(blocks.data, value, end)
        if constant is not None:
            return constant
    return _parsed_tensor(_without_payload(blocks, begin, value, end, "tensor"))


def _without_payload(blocks: Blocks, begin: int, value: int, end: int, kind: str) -> bytes:
    """Return a message without its large payload, if it has one; may move the window.

    Args:
        blocks: The file.
        begin: Index of its tag in the window.
        value: Index of the message.
        end: Index after it, which may lie after the window.
        kind: `tensor` or `node`.
    """
    data, base = blocks.data, blocks.base
    skipped = skip_payload(data, begin, value, end, SMALL) if end - value > SMALL else None
    if skipped is None:
        return encoded(blocks, base + value, base + end, kind)
    head, after = skipped
    if after < end and end > len(data):
        blocks.move(base + after, base + after)  # the next field is then in the same window
    return head[read_varint(head, 1)[1] :] + blocks.read(base + after, base + end)


def encoded(blocks: Blocks, start: int = 0, stop: int | None = None, kind: str = "model") -> bytes:
    """Return the message at [start, stop) without its large payloads, see `strip`."""
    return strip(blocks, start, blocks.size if stop is None else stop, kind)
