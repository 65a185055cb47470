"""The fields of an ONNX model that belong to its architecture, by their tags in a file.

Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

KEEP, PAYLOAD, LIST = "keep", "payload", "list"
"""Rules for fields that are not messages: they stay, or they are payloads or lists, which stay if
they are small."""

_FIELDS: dict[str, dict[int, str]] = {
    # message -> field number -> rule or message; fields that are not named are dropped
    "model": {7: "graph", 25: "function", **dict.fromkeys((1, 2, 3, 4, 5, 8), KEEP)},
    "graph": {1: "node", 5: "tensor", 15: "sparse", **dict.fromkeys((2, 11, 12, 13), KEEP)},
    "function": {7: "node", 11: "attribute", **dict.fromkeys((1, 4, 5, 6, 9, 10, 12, 13), KEEP)},
    "node": {5: "attribute", **dict.fromkeys((1, 2, 3, 4, 7, 8), KEEP)},
    "attribute": {
        **dict.fromkeys((1, 2, 3, 4, 14, 15, 20, 21), KEEP),
        **{5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse"},
        **dict.fromkeys((7, 8, 9), LIST),
    },
    "tensor": {**dict.fromkeys((1, 2, 8, 14), KEEP), **dict.fromkeys((4, 5, 6, 7, 9, 10, 11), PAYLOAD)},
    "sparse": {1: "tensor", 2: "tensor", 3: KEEP},
}

WIDTHS = {0: 0, 1: 8, 5: 4}
"""Wire type -> bytes of a value, 0 for variable-length integers; the only other type, 2, states its
length."""


def _by_tag(fields: dict[int, str]) -> dict[int, str]:
    """Return rules by tag, that is field number and wire type; a message has the wire type 2."""
    wires = {number: (2,) if rule in _FIELDS else (2, *WIDTHS) for number, rule in fields.items()}
    return {number << 3 | wire: rule for number, rule in fields.items() for wire in wires[number]}


RULES = {kind: _by_tag(fields) for kind, fields in _FIELDS.items()}
"""Message -> tag -> `KEEP`, `PAYLOAD`, `LIST`, or the message in the field."""

VERBATIM = {kind: frozenset(t for t, r in rules.items() if r not in (PAYLOAD, LIST)) for kind, rules in RULES.items()}
"""Message -> tags of the fields that are copied unchanged if they are small."""

INITIALIZER, NODE = 5 << 3 | 2, 1 << 3 | 2
"""Tags of a graph's tensors and nodes."""
PACKED_FLOATS, PACKED_INTS = 7 << 3 | 2, 8 << 3 | 2
"""Tags of an attribute's packed lists of numbers."""
DOC_STRING = 13
"""Field number of an attribute's doc string."""
