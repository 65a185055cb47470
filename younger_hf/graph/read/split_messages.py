"""A node or tensor of a graph straight from its wire format: its names, and everything else as bytes that are looked into once.

Names make up most of a graph. What a node says without them is one of a few dozen byte strings, however many nodes there are.
"""

from __future__ import annotations

import re
from functools import lru_cache

import onnx
from google.protobuf.message import DecodeError, Message

from younger_hf.graph.operators.constant_info import Known, known_of_tensor
from younger_hf.graph.operators.signatures import LONGEST_KEY
from younger_hf.graph.read.names import LONGEST_NAME
from younger_hf.graph.read.payload_rules import keeps_payload
from younger_hf.graph.read.skip_payload import read_varint

LARGE = 64 << 10
"""Bytes of a tensor whose few elements are not looked for."""

NodeParts = tuple[list[bytes], list[bytes], bytes]
"""A node: names of the values it reads (`b""` for an absent one), names of those it gives, and the wire format of all but its own name."""

_READS, _GIVES, _NAME, _OP_TYPE = (number << 3 | 2 for number in (1, 2, 3, 4))
_HEAD = re.compile(rb"((?:\x08[\x80-\xff]{0,9}[\x00-\x7f])*\x10[\x00-\x7f])\x42([\x00-\x7f])", re.DOTALL)
"""A tensor's dims and data type, and the tag and length of its name behind them."""
_RAW_DATA = 9 << 3 | 2
_FIELD = 12
"""Bytes that a payload's tag and length take at most."""


def split_node(data: bytes) -> NodeParts:
    """The parts of an encoded NodeProto.

    Raises:
        DecodeError: If it is none.
    """
    if not data:
        raise DecodeError("a node is empty")  # and a megabyte would hold half a million of them
    inputs: list[bytes] = []
    outputs: list[bytes] = []
    position = 0
    try:
        while data[position] == _READS:
            start = position + 2
            position = start + data[position + 1]
            if data[start - 1] > 0x7F:
                length, start = read_varint(data, start - 1)
                position = start + _bearable(length)
            inputs.append(data[start:position])
        while data[position] == _GIVES:
            start = position + 2
            position = start + data[position + 1]
            if data[start - 1] > 0x7F:
                length, start = read_varint(data, start - 1)
                position = start + _bearable(length)
            outputs.append(data[start:position])
        if data[position] == _NAME:
            length, position = read_varint(data, position + 1)
            position += _bearable(length)
        if data[position] == _OP_TYPE:
            return inputs, outputs, data[position:]
    except IndexError:
        pass
    return split_message(onnx.NodeProto.FromString(data))


def _bearable(length: int) -> int:
    if length > LONGEST_NAME:
        raise DecodeError(f"a name has {length:,} characters, expected at most {LONGEST_NAME:,}")
    return length


def split_message(node: onnx.NodeProto) -> NodeParts:
    """The parts of a NodeProto, which is taken apart."""
    inputs, outputs = list(map(name_bytes, node.input)), list(map(name_bytes, node.output))
    for name in ("input", "output", "name", "doc_string"):
        node.ClearField(name)
    normalise(node)
    return inputs, outputs, node.SerializeToString()


def split_tensor(data: bytes, begin: int, end: int) -> tuple[bytes, Known] | None:
    """The name of an encoded TensorProto, and what is known of it; None if it is encoded in an unusual way.

    Args:
        data: Bytes of the file.
        begin: Where the tensor begins.
        end: Where it ends, which may be behind the data.
    """
    head = _HEAD.match(data, begin)
    if head is None:
        return None
    start = head.end()
    stop = start + data[start - 1]
    if end > len(data) and stop + _FIELD > len(data):
        return None  # the name, or the length of the payload, goes on behind the window
    if stop < end:
        if data[stop] != _RAW_DATA:
            return None
        length, value = read_varint(data, stop + 1)
        if value + length != end:
            return None
    elif stop > end:
        return None
    dtype, shape, keeps = _known_of_head(head[1])
    if not keeps:
        return data[start:stop], (dtype, shape, None)
    if end > len(data) or end - begin > LARGE:
        return None
    return data[start:stop], _known(head[1] + data[stop:end])


@lru_cache(maxsize=4096)
def _known_of_head(head: bytes) -> tuple[str, tuple[int, ...] | None, bool]:
    """Element type and shape of a tensor by its dims and data type, and whether its payload says more."""
    tensor = onnx.TensorProto.FromString(head)
    dtype, shape, _ = known_of_tensor(tensor)
    return dtype, shape, keeps_payload(tensor)


def _known(data: bytes) -> Known:
    return _known_of_tensor(data) if len(data) <= LONGEST_KEY else _known_of_tensor.__wrapped__(data)


@lru_cache(maxsize=4096)
def _known_of_tensor(data: bytes) -> Known:
    return known_of_tensor(onnx.TensorProto.FromString(data))


def is_rest(data: bytes) -> bool:
    """Whether an encoded node has neither inputs nor outputs nor a name: they would stand where they are not looked for."""
    return _is_rest(data) if len(data) <= LONGEST_KEY else _is_rest.__wrapped__(data)


@lru_cache(maxsize=4096)
def _is_rest(data: bytes) -> bool:
    node = onnx.NodeProto.FromString(data)
    return not node.input and not node.output and not node.HasField("name")


def normalise(message: Message) -> None:
    """Drop what protobuf does not know, so that writing the message again gives known fields in order of their numbers only."""
    message.DiscardUnknownFields()


def name_bytes(name: str | bytes) -> bytes:
    """A name as it stands in the file; protobuf gives bytes for what is no UTF-8."""
    return name if isinstance(name, bytes) else name.encode()
