"""The usual way to a large payload: a tensor, or a node whose attribute is a tensor, with its fields in order of their numbers.

What this finds at a glance the general walk of `wire.py` would find too, in twice the time.
"""

from __future__ import annotations

import re

from younger_hf.graph.onnx_types import MAX_ELEMENTS

MAX_PAYLOAD = 12 * MAX_ELEMENTS
"""Most bytes that a payload which is kept can take: 64 integers of at most 11 bytes, and their lengths."""

_ATTRIBUTE = _TENSOR = _INITIALIZER = 5 << 3 | 2
_TEXTS = frozenset(number << 3 | 2 for number in (1, 2, 3, 4, 7))
"""Inputs, outputs, name, operator and domain of a node."""
_NAME = 1 << 3 | 2
_PACKED = frozenset(number << 3 | 2 for number in (4, 5, 7, 9, 10, 11))
"""Payloads in one piece."""
_HEAD = re.compile(rb"(?:\x08[\x80-\xff]{0,9}[\x00-\x7f]){0,16}\x10[\x00-\x7f](?:\x42([\x00-\x7f]))?", re.DOTALL)
"""A tensor's dims and data type, and the tag and length of its name if that comes next."""


def leap(data: bytes, begin: int, value: int, stop: int, most: int) -> tuple[bytes, int] | None:
    """Leave out the large payload of a graph's node or initializer.

    Args:
        data: Bytes of the file.
        begin: Index of the field, whose tag is one byte.
        value: Index of its value.
        stop: Index behind it; it may lie behind the data.
        most: How many bytes may follow the payload.

    Returns:
        The field up to its payload with lengths that count without it, and the index behind the payload; what follows up to `stop`
        belongs to the field and is not changed. None if the field is another one than the usual, or not enough of it is there.
    """
    lengths: list[tuple[int, int, int]] = []  # of the messages inside: where each length and value begins, and the end
    at, end = value, stop
    try:
        if data[begin] != _INITIALIZER:
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
                lengths.append((at + 1, inner, end))
                at = inner
        head = _HEAD.match(data, at)
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
    if length <= MAX_PAYLOAD or after > end or stop - after > most:
        return None
    left_out, kept = after - at, b""
    for position, inner, end in reversed(lengths):
        encoded = write_varint(end - inner - left_out)
        kept = encoded + data[inner:at] + kept
        left_out += inner - position - len(encoded)
        at = position
    return data[begin : begin + 1] + write_varint(stop - value - left_out) + data[value:at] + kept, after


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and the index behind it.

    Raises:
        IndexError: If it does not end.
    """
    result = data[at]
    if result < 0x80:
        return result, at + 1
    byte = data[at + 1]
    result += (byte - 1) << 7  # - 1 takes away the bit of the byte before that says that another one follows
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
    """A variable-length integer."""
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
