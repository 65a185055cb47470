"""Skipping a large payload in wire format: of a tensor, or of a node whose attribute is a tensor.

Only messages with their fields in order of their numbers are handled, as all exporters write them.
`weight_stripper` handles all others, at half the speed.
"""

from __future__ import annotations

import re

from younger_hf.graph.onnx_types import MAX_ELEMENTS

MAX_PAYLOAD = 12 * MAX_ELEMENTS
"""Maximum number of bytes of a payload that stays: 64 integers of at most 11 bytes, and their
lengths."""

_ATTRIBUTE = _TENSOR = _INITIALIZER = 5 << 3 | 2
_TEXTS = frozenset(number << 3 | 2 for number in (1, 2, 3, 4, 7))
"""Inputs, outputs, name, operator and domain of a node."""
_NAME = 1 << 3 | 2
_PACKED = frozenset(number << 3 | 2 for number in (4, 5, 7, 9, 10, 11))
"""Payloads in one piece."""
_HEAD = re.compile(rb"(?:\x08[\x80-\xff]{0,9}[\x00-\x7f]){0,16}\x10[\x00-\x7f](?:\x42([\x00-\x7f]))?", re.DOTALL)
"""Dims and data type of a tensor, and the tag and length of its name if that comes next."""

_Spans = list[tuple[int, int, int]]
"""Nested messages, outermost first: index of the length, index of the value, index after the
value."""


def skip_payload(data: bytes, begin: int, value: int, stop: int, max_rest: int) -> tuple[bytes, int] | None:
    """Leave out the large payload of a graph's node or initializer.

    Args:
        data: Bytes of the file.
        begin: Index of the field, whose tag is one byte.
        value: Index of its value.
        stop: Index after it, which may lie after the data.
        max_rest: Maximum number of bytes after the payload.

    Returns:
        The field up to its payload, all lengths reduced by the payload's, and the index after the
        payload. The bytes from there to `stop` belong to the field too, unchanged. None if the
        field has an unusual encoding or no large payload, or the data ends too early.
    """
    spans: _Spans = []
    try:
        at = value if data[begin] == _INITIALIZER else _enter_tensor(data, value, stop, spans)
        head = None if at is None else _HEAD.match(data, at)
        if head is None:
            return None
        at = head.end()
        if head.lastindex:
            at += data[at - 1]
        if data[at] not in _PACKED:
            return None
        length, after = read_varint(data, at + 1)
    except IndexError:
        return None
    after += length
    if length <= MAX_PAYLOAD or after > (spans[-1][2] if spans else stop) or stop - after > max_rest:
        return None
    omitted, kept = after - at, b""
    for position, inner, end in reversed(spans):
        encoded = write_varint(end - inner - omitted)
        kept = encoded + data[inner:at] + kept
        omitted += inner - position - len(encoded)
        at = position
    return data[begin : begin + 1] + write_varint(stop - value - omitted) + data[value:at] + kept, after


def _enter_tensor(data: bytes, at: int, end: int, spans: _Spans) -> int | None:
    """Return the index of the tensor in a node's first attribute, or None.

    Args:
        data: Bytes of the file.
        at: Index of the node.
        end: Index after it.
        spans: Empty; receives the attribute and the tensor.
    """
    while data[at] in _TEXTS and data[at + 1] < 0x80:
        at += 2 + data[at + 1]
    for tag in (_ATTRIBUTE, _TENSOR):
        if data[at] == _NAME and data[at + 1] < 0x80:
            at += 2 + data[at + 1]
        if data[at] != tag:
            return None
        length, inner = read_varint(data, at + 1)
        if inner + length > end:
            return None
        end = inner + length
        spans.append((at + 1, inner, end))
        at = inner
    return at


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length integer; return it and the index after it.

    Raises:
        IndexError: If it does not end.
    """
    result = data[at]
    if result < 0x80:
        return result, at + 1
    byte = data[at + 1]
    result += (byte - 1) << 7  # - 1 removes the continuation bit of the byte before
    if byte < 0x80:
        return result, at + 2
    byte = data[at + 2]
    result += (byte - 1) << 14
    if byte < 0x80:
        return result, at + 3
    for place in range(3, 10):
        byte = data[at + place]
        result += (byte - 1) << 7 * place
        if byte < 0x80:
            return result, at + place + 1
    raise IndexError


def write_varint(value: int) -> bytes:
    """Encode a variable-length integer."""
    if value < 0x80:
        return _SINGLE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


_SINGLE = [bytes((value,)) for value in range(0x80)]
