"""Scanning a serialised model with protobuf's parser, through message types of our own.

To split a graph, its nodes and tensors are declared to be bytes. To list the attributes of all
nodes at once, a model is declared to have *one* graph with *one* node and *one* tensor: the parser
merges all of them into it, so that all attributes come out as one list of bytes, few of them
distinct. See "Last One Wins" in https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES: dict[str, dict[int, str]] = {
    # message -> field number -> a message of this table or a plain type; a tensor has
    # all fields but payloads
    "Model": {7: "Graph", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 15: "bytes"},
    "Function": {7: "Node", 11: "bytes"},
    "Node": {5: "bytes"},
    "Parts": dict.fromkeys((1, 5, 11, 12, 15), "bytes"),
    "Tensor": {1: "int64", 2: "int64", 8: "bytes", 12: "bytes", 14: "int64", 16: "bytes"},
}
_TYPES = {"bytes": _FIELD.TYPE_BYTES, "int64": _FIELD.TYPE_INT64}


class FieldScan(NamedTuple):
    """The content of a model, summarised.

    Attributes:
        attributes: The distinct attributes of its nodes and functions in wire format, those of
            sub-graphs inside them.
        has_payloads: Whether any initializer of its graph has elements.
        has_sparse: Whether its graph has sparse initializers.
    """

    attributes: frozenset[bytes]
    has_payloads: bool
    has_sparse: bool


def scan_fields(model: bytes) -> FieldScan:
    """Scan a serialised model that `onnx` can parse."""
    scanned = _MODEL.FromString(model)
    graph, function = scanned.f7, scanned.f25
    attributes = frozenset((*graph.f1.f5, *function.f7.f5, *function.f11))
    size = graph.f5.ByteSize()
    graph.f5.DiscardUnknownFields()
    return FieldScan(attributes, graph.f5.ByteSize() != size, bool(graph.f15))


class EncodedParts(NamedTuple):
    """The messages of a graph in wire format."""

    nodes: list[bytes]
    tensors: list[bytes]
    inputs: list[bytes]
    outputs: list[bytes]
    sparse: list[bytes]


def split_encoded_graph(graph: bytes) -> EncodedParts:
    """Split a serialised GraphProto.

    Raises:
        DecodeError: If it is malformed.
    """
    parts = _PARTS.FromString(graph)
    return EncodedParts(parts.f1[:], parts.f5[:], parts.f11[:], parts.f12[:], parts.f15[:])


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="younger_hf/field_scan.proto", package="younger_hf.field_scan")
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
