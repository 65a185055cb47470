"""Reading an ONNX model from any seekable file without reading its weights.

The protobuf wire format is walked field by field: tensor payloads are skipped where they lie, what is small is copied as it is, and the
stripped model that comes out is parsed by `onnx`. A payload stays only if it is an integer tensor of at most 64 elements.
Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import onnx
from google.protobuf.message import DecodeError

from younger_hf.errors import ModelReadError
from younger_hf.graph.blocks import Blocks, open_blocks
from younger_hf.graph.types import INTEGER_TYPES, MAX_ELEMENTS

Source = str | os.PathLike[str] | bytes | BinaryIO
"""Where a model comes from: a path, the bytes of a file, or a seekable binary file."""

SMALL = 1024
"""Messages of at most so many bytes are copied as they are: looking into them costs more than they weigh."""
MAX_STRIPPED = 256 << 20
"""Most bytes of a model without its weights; the largest architectures known have a tenth of it."""
MAX_DEPTH = 64
"""Deepest nesting of messages; protobuf itself stops at 100."""

LENGTH_MARK = "younger-hf: list of length "
"""Begins the doc string of an attribute whose long list was left out, followed by the list's length."""

_NO_MODEL = "Download or export the model again."

_KEEP, _PAYLOAD, _LIST = "keep", "payload", "list"

_RULES: dict[str, dict[int, str]] = {
    # message -> field -> what becomes of it: kept, a message of its own, a payload or a long list; fields not named are dropped
    "model": {1: _KEEP, 2: _KEEP, 3: _KEEP, 4: _KEEP, 5: _KEEP, 7: "graph", 8: _KEEP, 25: "function"},
    "graph": {1: "node", 2: _KEEP, 5: "tensor", 11: _KEEP, 12: _KEEP, 13: _KEEP, 15: "sparse"},
    "function": {
        1: _KEEP,
        4: _KEEP,
        5: _KEEP,
        6: _KEEP,
        7: "node",
        9: _KEEP,
        10: _KEEP,
        11: "attribute",
        12: _KEEP,
        13: _KEEP,
    },
    "node": {1: _KEEP, 2: _KEEP, 3: _KEEP, 4: _KEEP, 5: "attribute", 7: _KEEP, 8: _KEEP},
    "attribute": {
        **{1: _KEEP, 2: _KEEP, 3: _KEEP, 4: _KEEP, 14: _KEEP, 15: _KEEP, 20: _KEEP, 21: _KEEP},
        **{5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse"},
        **{7: _LIST, 8: _LIST, 9: _LIST},
    },
    "tensor": {1: _KEEP, 2: _KEEP, 8: _KEEP, 14: _KEEP, **dict.fromkeys((4, 5, 6, 7, 9, 10, 11), _PAYLOAD)},
    "sparse": {1: "tensor", 2: "tensor", 3: _KEEP},
}


_LIST_TYPES = (onnx.AttributeProto.FLOATS, onnx.AttributeProto.INTS, onnx.AttributeProto.STRINGS)


class _Field(NamedTuple):
    """One field of a message: its number and wire type, and where it, its value and the next field begin."""

    number: int
    wire: int
    start: int
    value: int
    stop: int


def read_model(source: Source) -> tuple[onnx.ModelProto, str]:
    """Read an ONNX model without its weights; external data is never opened.

    Returns:
        The stripped model, and the name to use for it in messages. An attribute list of more than 64 elements may be replaced by a doc
        string of `LENGTH_MARK` and its length.

    Raises:
        ModelReadError: If the source is missing, empty, cut off, no ONNX model, or larger without its weights than any model is.
    """
    with open_blocks(source) as blocks:
        if not blocks.size:
            raise ModelReadError(f"{blocks.name}: the file is empty, expected an ONNX model.", _NO_MODEL)
        payload = b"".join(_strip(blocks, 0, blocks.size, "model", 0))
        model = onnx.ModelProto()
        try:
            model.ParseFromString(payload)
        except (DecodeError, RecursionError) as error:
            raise _unreadable(blocks, "its fields do not parse") from error
        if not model.HasField("graph") or (model.ir_version == 0 and not model.opset_import):
            raise ModelReadError(
                f"{blocks.name}: this is no ONNX model: it has no graph, or neither IR version nor operator sets.",
                _NO_MODEL,
            )
        return model, blocks.name


def listed_length(attribute: onnx.AttributeProto) -> int | None:
    """The length of the list that `read_model` left out of an attribute; None if it left out none."""
    text = attribute.doc_string
    if not text.startswith(LENGTH_MARK) or attribute.type not in _LIST_TYPES:
        return None
    digits = text[len(LENGTH_MARK) :]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def _strip(blocks: Blocks, start: int, stop: int, kind: str, depth: int) -> list[bytes]:
    """The wire format of a message without its payloads, in pieces."""
    if depth > MAX_DEPTH:
        raise _unreadable(blocks, f"messages are nested more than {MAX_DEPTH} deep")
    if kind == "tensor":
        return _strip_tensor(blocks, start, stop)
    rules, pieces, lists = _RULES[kind], [], 0
    for field in _fields(blocks, start, stop):
        rule = rules.get(field.number)
        if rule is None:
            continue
        if rule == _LIST:
            lists += _list_length(blocks, field)
            if lists <= MAX_ELEMENTS:
                pieces.append(blocks.keep(field.start, field.stop, MAX_STRIPPED))
        elif rule == _KEEP or field.wire != 2 or field.stop - field.value <= SMALL:
            pieces.append(blocks.keep(field.start, field.stop, MAX_STRIPPED))
        else:
            inner = b"".join(_strip(blocks, field.value, field.stop, rule, depth + 1))
            pieces.append(_tagged(field.number, inner))
    if lists > MAX_ELEMENTS:
        kept = [piece for piece in pieces if _number(piece) not in (7, 8, 9)]
        return [*kept, _tagged(13, f"{LENGTH_MARK}{lists}".encode())]
    return pieces


def _strip_tensor(blocks: Blocks, start: int, stop: int) -> list[bytes]:
    """Name, type and shape; the payload only of a small integer tensor, which the fields before or after it decide."""
    rules = _RULES["tensor"]
    kept, payloads = [], []
    for field in _fields(blocks, start, stop):
        rule = rules.get(field.number)
        if rule == _PAYLOAD:
            payloads.append(field)
        elif rule == _KEEP:
            if field.stop - field.start > SMALL:
                raise _unreadable(blocks, "the name or shape of a tensor is longer than any is")
            kept.append(blocks.read(field.start, field.stop))
    if payloads and sum(field.stop - field.start for field in payloads) <= 12 * MAX_ELEMENTS:
        head = onnx.TensorProto()
        try:
            head.ParseFromString(b"".join(kept))
        except DecodeError as error:
            raise _unreadable(blocks, "a tensor's fields do not parse") from error
        if head.data_type in INTEGER_TYPES and _is_small(head):
            kept.extend(blocks.read(field.start, field.stop) for field in payloads)
    return kept


def _is_small(tensor: onnx.TensorProto) -> bool:
    size = 1
    for dim in tensor.dims:
        size *= dim
        if not 0 <= size <= MAX_ELEMENTS:
            return False
    return True


def _fields(blocks: Blocks, position: int, stop: int) -> Iterator[_Field]:
    """The fields of a message that lies at [position, stop)."""
    while position < stop:
        tag, value = _varint(blocks, position, stop)
        number, wire = tag >> 3, tag & 7
        if wire == 2:
            length, value = _varint(blocks, value, stop)
            after = value + length
        elif wire == 0:
            after = _varint(blocks, value, stop)[1]
        elif wire == 5:
            after = value + 4
        elif wire == 1:
            after = value + 8
        else:
            raise _unreadable(blocks, f"at byte {position} there is a field of wire type {wire}")
        if not number or after > stop:
            raise _unreadable(blocks, f"a field at byte {position} ends at byte {after}, expected at most {stop}")
        yield _Field(number, wire, position, value, after)
        position = after


def _varint(blocks: Blocks, position: int, stop: int) -> tuple[int, int]:
    """A variable-length integer, and the position behind it."""
    window = blocks.peek(position, min(position + 10, stop))
    result = shift = 0
    for offset, byte in enumerate(window):
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position + offset + 1
        shift += 7
    raise _unreadable(blocks, f"a number at byte {position} does not end")


def _list_length(blocks: Blocks, field: _Field) -> int:
    """How many elements a field adds to an attribute's list: one, or as many as are packed in it."""
    if field.wire != 2 or field.number == 9:
        return 1
    if field.number == 7:  # packed floats
        return (field.stop - field.value) // 4
    return blocks.count_below(field.value, field.stop, 0x80)  # each packed integer ends with a byte below 128


def _tagged(number: int, payload: bytes) -> bytes:
    return _encode(number << 3 | 2) + _encode(len(payload)) + payload


def _encode(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _number(piece: bytes) -> int:
    """The field number of an encoded field; all of an attribute's are below 2**11, in two bytes at most."""
    tag = piece[0] if piece[0] < 0x80 else piece[0] & 0x7F | piece[1] << 7
    return tag >> 3


def _unreadable(blocks: Blocks, what: str) -> ModelReadError:
    return ModelReadError(
        f"{blocks.name}: this is no readable ONNX model ({blocks.size:,} bytes; cut off, or another format: {what}).",
        _NO_MODEL,
    )
