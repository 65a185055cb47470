"""Splitting nodes and tensors in wire format into names and bytes that are parsed once.

Names make up most of a graph. Without them a node is one of a few dozen byte strings, however many
nodes there are.
"""

from __future__ import annotations

import re
from functools import lru_cache

import onnx
from google.protobuf.message import DecodeError

from younger_hf.graph.onnx_types import has_readable_size, tensor_info
from younger_hf.graph.operators.signatures import LONGEST_KEY
from younger_hf.graph.read.names import LONGEST_NAME
from younger_hf.graph.read.skip_payload import read_varint
from younger_hf.graph.values import TensorInfo

LARGE = 64 << 10
"""Bytes of a tensor in an unusual encoding above which its few elements are not parsed."""

NodeParts = tuple[list[bytes], list[bytes], bytes]
"""A node: names of its inputs (`b""` for an absent one), names of its outputs, and its wire format
without these and its own name."""

_INPUT, _OUTPUT, _NAME, _OP_TYPE = (number << 3 | 2 for number in (1, 2, 3, 4))
_HEAD = re.compile(rb"((?:\x08[\x80-\xff]{0,9}[\x00-\x7f])*\x10[\x00-\x7f])\x42([\x00-\x7f])", re.DOTALL)
"""Dims and data type of a tensor, followed by the tag and length of its name."""
_RAW_DATA = 9 << 3 | 2
_FIELD = 12
"""Maximum number of bytes of a payload's tag and length."""


def split_node(data: bytes) -> NodeParts:
    """Split a NodeProto in wire format.

    Raises:
        DecodeError: If it is malformed.
    """
    if not data:
        raise DecodeError("a node is empty")  # and a megabyte would hold half a million of them
    inputs: list[bytes] = []
    outputs: list[bytes] = []
    position = 0
    try:
        names, tag = inputs, _INPUT
        while (field := data[position]) == tag or field == _OUTPUT:
            if field != tag:
                names, tag = outputs, _OUTPUT
            start = position + 2
            position = start + data[position + 1]
            if data[start - 1] > 0x7F:
                length, start = read_varint(data, start - 1)
                position = start + _checked_length(length)
            names.append(data[start:position])
        if data[position] == _NAME:
            length, position = read_varint(data, position + 1)
            position += _checked_length(length)
        if data[position] == _OP_TYPE:
            return inputs, outputs, data[position:]
    except IndexError:
        pass
    return split_parsed_node(onnx.NodeProto.FromString(data))


def _checked_length(length: int) -> int:
    if length > LONGEST_NAME:
        raise DecodeError(f"a name has {length:,} characters, expected at most {LONGEST_NAME:,}")
    return length


def split_parsed_node(node: onnx.NodeProto) -> NodeParts:
    """Split a NodeProto, which is changed."""
    inputs, outputs = list(map(name_bytes, node.input)), list(map(name_bytes, node.output))
    for name in ("input", "output", "name", "doc_string"):
        node.ClearField(name)
    node.DiscardUnknownFields()  # the others are then written in order of their numbers
    return inputs, outputs, node.SerializeToString()


def split_tensor(data: bytes, begin: int, end: int) -> tuple[bytes, TensorInfo] | None:
    """Describe a TensorProto in wire format: its name and info; None if it is unusual.

    Args:
        data: Bytes of the file.
        begin: Index of the tensor.
        end: Index after it, which may lie after the data.
    """
    head = _HEAD.match(data, begin)
    if head is None:
        return None
    start = head.end()
    stop = start + data[start - 1]
    if end > len(data) and stop + _FIELD > len(data):
        return None  # the name, or the length of the payload, continues after the window
    if stop < end:
        if data[stop] != _RAW_DATA:
            return None
        length, value = read_varint(data, stop + 1)
        stop_of_payload = value + length
    else:
        stop_of_payload = stop
    if stop_of_payload != end:
        return None
    info, is_readable = _head_info(head[1])
    if not is_readable:
        return data[start:stop], info
    if end > len(data) or end - begin > LARGE:
        return None
    message = head[1] + data[stop:end]
    return data[start:stop], (_info if len(message) <= LONGEST_KEY else _info.__wrapped__)(message)


@lru_cache(maxsize=4096)
def _head_info(head: bytes) -> tuple[TensorInfo, bool]:
    """Return the type and shape of a tensor by its head, and whether its elements are read."""
    tensor = onnx.TensorProto.FromString(head)
    return tensor_info(tensor)._replace(values=None), has_readable_size(tensor)


@lru_cache(maxsize=4096)
def _info(data: bytes) -> TensorInfo:
    return tensor_info(onnx.TensorProto.FromString(data))


def is_nameless(data: bytes) -> bool:
    """Return whether a node in wire format has neither inputs nor outputs nor a name.

    If it has any, its fields are not in the usual order and `split_node` did not find them.
    """
    return (_is_nameless if len(data) <= LONGEST_KEY else _is_nameless.__wrapped__)(data)


@lru_cache(maxsize=4096)
def _is_nameless(data: bytes) -> bool:
    node = onnx.NodeProto.FromString(data)
    return not node.input and not node.output and not node.HasField("name")


def name_bytes(name: str | bytes) -> bytes:
    """Return a name as bytes; protobuf returns bytes for names that are not UTF-8."""
    return name if isinstance(name, bytes) else name.encode()
