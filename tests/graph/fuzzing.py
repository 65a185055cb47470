"""Damaging model files: flipped bits, cut and spliced bytes, false lengths, tags and contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import NamedTuple

import onnx
from google.protobuf.message import DecodeError

from tests.graph.control_flow import HEAD, MODELS
from tests.graph.fuzzing_models import mutate_model
from tests.graph.models import ALL, parse
from tests.graph.planted import planted_model
from tests.graph.varint import varint

LARGEST_SEED = 300_000
FUNCTION = """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
g (bool c, float[n] x) => (float[n] y) { a = local.twice(x)  y = local.pick <slope = 0.5> (c, a) }
<opset_import: ["" : 17, "local" : 1], domain: "local">
twice (v) => (w) { b = local.pick(v, v)  w = Add(b, b) }
<opset_import: ["" : 17], domain: "local">
pick <slope: float = 0.1> (k, v) => (w) {
    w = If (k) <then_branch = t () => (float[n] p) { p = LeakyRelu <alpha: float = @slope> (v) },
                else_branch = e () => (float[n] q) { q = Abs(v) }>
}"""


@cache
def seeds() -> tuple[bytes, ...]:
    """Real files of the onnx package and small models with every kind of message."""
    made = [planted_model(large=large).SerializeToString() for large in (False, True)]
    made += [parse(HEAD + text) for text, _ in MODELS.values()]
    made.append(parse(FUNCTION))
    return (*(path.read_bytes() for path in ALL if path.stat().st_size < LARGEST_SEED), *made)


def mutated(rng: Random, files: tuple[bytes, ...]) -> bytes:
    """A damaged file, the same for the same generator and files.

    Two of three are damaged as a model and still parse; the others as bytes, as fields, or as both.
    """
    data = rng.choice(files)
    if rng.random() < 0.67:
        try:
            data = mutate_model(rng, onnx.ModelProto.FromString(data), files).SerializeToString()
        except (DecodeError, ValueError):  # too deep or too large for protobuf itself
            return data
        if rng.random() < 0.7:
            return data
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = rng.choice(_MUTATIONS)(rng, data, files)
    return data


def _flip_bits(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 4, 16))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set_bytes(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 4, 16))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(changed)


def _cut(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _splice(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    other = rng.choice(files)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]


def _repeat(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    start, stop = _range(rng, data)
    return data[:stop] + data[start:stop] * rng.choice((1, 2, 20)) + data[stop:]


def _remove(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    start, stop = _range(rng, data)
    return data[:start] + data[stop:]


def _range(rng: Random, data: bytes) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 4, 32, 1000)))


class _Field(NamedTuple):
    """Start of a field, start and end of its value; `wire` is its wire type."""

    start: int
    value: int
    stop: int
    number: int
    wire: int


def _fields(data: bytes, position: int, stop: int) -> Iterator[_Field]:
    """Yield the fields in a range until it stops being a message."""
    while position < stop:
        tag, value = _read_varint(data, position, stop)
        if value == 0:
            return
        wire = tag & 7
        after = value + {1: 8, 5: 4}.get(wire, 0)
        if wire == 2:
            length, value = _read_varint(data, value, stop)
            after = value + length
        elif wire == 0:
            after = _read_varint(data, value, stop)[1]
        elif wire not in (1, 5):
            return
        if value == 0 or after > stop or after <= position:
            return
        yield _Field(position, value, after, tag >> 3, wire)
        position = after


def _read_varint(data: bytes, position: int, stop: int) -> tuple[int, int]:
    result = shift = 0
    for at in range(position, min(position + 10, stop)):
        result |= (data[at] & 0x7F) << shift
        shift += 7
        if data[at] < 0x80:
            return result, at + 1
    return 0, 0


def _path(rng: Random, data: bytes) -> list[_Field]:
    """Fields inside one another, from the model down to a random one."""
    path: list[_Field] = []
    start, stop = 0, len(data)
    while True:
        fields = list(_fields(data, start, stop))
        if not fields or (path and fields[-1].stop != stop):
            return path
        path.append(rng.choice(fields))
        if path[-1].wire != 2 or rng.random() < 0.1:
            return path
        start, stop = path[-1].value, path[-1].stop


def _change_field(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    """Replace a field's contents and correct the lengths around it, so that the file parses."""
    path = _path(rng, data)
    if not path:
        return data
    field = path[-1]
    written = data[field.start : field.stop]
    tag, payload = varint(field.number << 3 | field.wire), data[field.value : field.stop]
    if field.wire == 2:
        payload = rng.choice(_PAYLOADS)(rng, payload)
        tagged = tag + varint(len(payload)) + payload
    elif field.wire == 0:
        tagged = tag + varint(rng.choice(_NUMBERS))
    else:
        tagged = tag + bytes(rng.randrange(256) for _ in payload)
    piece = rng.choice(
        (tagged, tagged, tagged, written * 2, b"", varint(rng.randrange(1, 30) << 3 | field.wire) + written[1:])
    )
    stop = field.stop
    for outer in reversed(path[:-1]):
        inner = data[outer.value : field.start] + piece + data[stop : outer.stop]
        piece = varint(outer.number << 3 | 2) + varint(len(inner)) + inner
        field, stop = outer, outer.stop
    return data[: field.start] + piece + data[stop:]


def _lie_about_length(rng: Random, data: bytes, files: tuple[bytes, ...]) -> bytes:
    path = [field for field in _path(rng, data) if field.wire == 2]
    if not path:
        return data
    field = rng.choice(path)
    length = field.stop - field.value
    claimed = rng.choice((0, length + 1, length - 1, 2 * length, 1 << 31, (1 << 31) - 1, 1 << 32, (1 << 63) - 1, -1))
    encoded = rng.choice((varint(claimed), varint(claimed), b"\xff" * 10, b"\xff" * 11, varint(length)[:-1] + b"\x80"))
    return data[: field.start] + varint(field.number << 3 | 2) + encoded + data[field.value :]


_NUMBERS = (0, 1, -1, 2, 7, 64, 65, 127, 128, 255, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 32, (1 << 63) - 1, -(1 << 63))
_TEXTS = (
    b"",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x00",
    b"a" * 70_000,
    "Ω".encode(),
    b"x",
    b"y",
    b"\xc3",
    b"ai.onnx.ml",
    b"If",
)
_PAYLOADS: tuple[Callable[[Random, bytes], bytes], ...] = (
    lambda rng, payload: rng.choice(_TEXTS),
    lambda rng, payload: payload + rng.choice(_TEXTS),
    lambda rng, payload: payload * rng.choice((0, 2, 3, 50)) if len(payload) < 20_000 else payload,
    lambda rng, payload: b"".join(varint(rng.choice(_NUMBERS)) for _ in range(rng.choice((1, 3, 64, 65, 1000)))),
    lambda rng, payload: bytes(rng.randrange(256) for _ in range(rng.choice((1, 8, 64, 300)))),
    lambda rng, payload: payload[: rng.randrange(len(payload) + 1)],
    lambda rng, payload: _nested(rng.choice((1, 5, 40, 120)), payload),
)


def _nested(depth: int, payload: bytes) -> bytes:
    """A payload in graphs in attributes in nodes, or the other way round."""
    for _ in range(depth):
        for tag in (b"\x0a", b"\x32", b"\x2a"):
            payload = tag + varint(len(payload)) + payload
        if len(payload) > LARGEST_SEED:
            break
    return payload


_MUTATIONS: tuple[Callable[[Random, bytes, tuple[bytes, ...]], bytes], ...] = (
    *[_flip_bits, _set_bytes, _cut, _splice, _repeat, _remove],
    *[_change_field] * 5,
    *[_lie_about_length] * 2,
)
