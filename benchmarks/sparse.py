"""ONNX files of any size that take no space on disk: their payloads are holes, which read as zeros."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper

Parts = list[bytes | int]
"""Pieces of a file in order: bytes, or the length of a hole."""


def size_of(parts: Parts) -> int:
    """Bytes of a file's pieces."""
    return sum(part if isinstance(part, int) else len(part) for part in parts)


def varint(value: int) -> bytes:
    """A variable-length integer."""
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def field(number: int, parts: Parts) -> Parts:
    """A field of wire type 2 with its tag and length."""
    return [varint(number << 3 | 2) + varint(size_of(parts)), *parts]


def tensor(name: str, size: int, payload_field: int = 9) -> Parts:
    """A float tensor of `size` bytes in `raw_data` (9) or packed in `float_data` (4)."""
    head = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[size // 4]).SerializeToString()
    return [head, *field(payload_field, [size])]


def write_model(path: Path, weights: list[Parts], attribute: Parts | None = None) -> None:
    """A chain of `Add`, one for each weight `w0`, `w1`, ..., and one node of another domain that may have an attribute."""
    value, names = helper.make_tensor_value_info, ["x", *(f"y{number}" for number in range(len(weights)))]
    nodes = [helper.make_node("Add", [names[n], f"w{n}"], [names[n + 1]]) for n in range(len(weights))]
    graph = helper.make_graph([], "g", [value("x", 1, [1])], [value("z", 1, [1])])
    last = helper.make_node("Custom", [names[-1]], ["z"], domain="other").SerializeToString()
    parts: Parts = []
    for node in nodes:
        parts += field(1, [node.SerializeToString()])
    parts += field(1, [last, *(field(5, attribute) if attribute else [])])
    for weight in weights:
        parts += field(5, weight)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("other", 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ClearField("graph")
    with path.open("wb") as file:
        for part in [model.SerializeToString(), *field(7, [graph.SerializeToString(), *parts])]:
            if isinstance(part, int):
                file.truncate(file.seek(part, 1))
            else:
                file.write(part)
