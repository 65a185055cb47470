"""What a serialised model has, found by protobuf's own parser through messages of our own with ONNX's field numbers.

To take a graph apart its nodes and tensors are declared to be bytes. To see all attributes at once a model has *one* graph, that *one*
node, and that *one* tensor: the parser merges all of them into it, so that the attributes of all nodes come out as one list of bytes,
of which few are distinct. See "Last One Wins" in https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES: dict[str, dict[int, str]] = {
    # message -> field number -> a message of this table, or a plain type; the plain ones of a tensor are all that are no payload
    "Model": {7: "Graph", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 15: "bytes"},
    "Function": {7: "Node", 11: "bytes"},
    "Node": {5: "bytes"},
    "Parts": dict.fromkeys((1, 5, 11, 12, 15), "bytes"),
    "Tensor": {1: "int64", 2: "int64", 8: "bytes", 12: "bytes", 14: "int64", 16: "bytes"},
}
_TYPES = {"bytes": _FIELD.TYPE_BYTES, "int64": _FIELD.TYPE_INT64}


class FieldScan(NamedTuple):
    """What a model has.

    Attributes:
        attributes: The distinct attributes of its nodes and functions, serialised; those of sub-graphs are inside them.
        has_payloads: Whether any initializer of its graph has values.
        has_sparse: Whether its graph has sparse initializers.
    """

    attributes: frozenset[bytes]
    has_payloads: bool
    has_sparse: bool


def glance(payload: bytes) -> FieldScan:
    """Look at a serialised model, which `onnx` can parse."""
    model = _MODEL.FromString(payload)
    graph, function = model.f7, model.f25
    attributes = frozenset((*graph.f1.f5, *function.f7.f5, *function.f11))
    size = graph.f5.ByteSize()
    graph.f5.DiscardUnknownFields()
    return FieldScan(attributes, graph.f5.ByteSize() != size, bool(graph.f15))


class Pieces(NamedTuple):
    """The messages of a graph, each as bytes."""

    nodes: list[bytes]
    tensors: list[bytes]
    inputs: list[bytes]
    outputs: list[bytes]
    sparse: list[bytes]


def pieces(graph: bytes) -> Pieces:
    """Take a serialised GraphProto apart.

    Raises:
        DecodeError: If it is none.
    """
    parts = _PARTS.FromString(graph)
    return Pieces(parts.f1[:], parts.f5[:], parts.f11[:], parts.f12[:], parts.f15[:])


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="younger_hf/glance.proto", package="younger_hf.glance")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, kind in fields.items():
            field = message.field.add(name=f"f{number}", number=number)
            if kind in _TYPES:
                field.type, field.label = _TYPES[kind], _FIELD.LABEL_REPEATED
            else:
                field.type, field.label = _FIELD.TYPE_MESSAGE, _FIELD.LABEL_OPTIONAL
                field.type_name = f".{file.package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _message_classes()
_MODEL, _PARTS = _CLASSES["Model"], _CLASSES["Parts"]
