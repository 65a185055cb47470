"""Which payloads of a model are architecture and stay, and dropping the others from a parsed model."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.onnx_types import MAX_ELEMENTS, most_values
from younger_hf.graph.read.field_scan import glance

LENGTH_MARK = "younger-hf: list of length "
"""Begins the doc string of an attribute whose long list was left out, followed by the list's length."""

_LIST_FIELDS = {AttributeProto.FLOATS: "floats", AttributeProto.INTS: "ints", AttributeProto.STRINGS: "strings"}
_CACHED_BYTES = 1024
"""Larger attributes, which are rare, are not remembered."""


def keeps_payload(tensor: TensorProto) -> bool:
    """Whether a tensor's elements stay: integers and truth values up to 64 of them, a float if it is the only one."""
    limit = most_values(tensor.data_type)
    size = 1
    for dim in tensor.dims:
        size *= dim
        if not 0 <= size <= limit:
            return False
    return size <= limit


def listed_length(attribute: AttributeProto) -> int | None:
    """The length of the list that was left out of an attribute of a stripped model; None if none was."""
    text = attribute.doc_string
    if not text.startswith(LENGTH_MARK) or attribute.type not in _LIST_FIELDS:
        return None
    digits = text[len(LENGTH_MARK) :]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def drop_payloads(model: onnx.ModelProto, serialised: bytes) -> None:
    """Drop every payload that does not stay, and every attribute list of more than 64 elements, in place.

    Args:
        model: The model.
        serialised: The same model, serialised: a glance at it says whether there is anything to drop.
    """
    seen = glance(serialised)
    graph = model.graph
    if seen.has_payloads:
        for tensor in graph.initializer:
            _of_tensor(tensor)
    if seen.has_sparse:
        for sparse in graph.sparse_initializer:
            _of_sparse(sparse)
    if all(len(attribute) <= _CACHED_BYTES and _stays(attribute) for attribute in seen.attributes):
        return
    _of_nodes(graph.node)
    for function in model.functions:
        _of_nodes(function.node)
        for attribute in function.attribute_proto:
            _of_attribute(attribute)


@lru_cache(maxsize=4096)
def _stays(serialised: bytes) -> bool:
    """Whether there is nothing to drop in an attribute; most are the same in many nodes and many models."""
    attribute, whole = AttributeProto.FromString(serialised), AttributeProto.FromString(serialised)
    _of_attribute(attribute)
    return attribute == whole


def _of_graph(graph: onnx.GraphProto) -> None:
    for tensor in graph.initializer:
        _of_tensor(tensor)
    for sparse in graph.sparse_initializer:
        _of_sparse(sparse)
    _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        for attribute in node.attribute:
            _of_attribute(attribute)


def _of_attribute(attribute: AttributeProto) -> None:
    length = len(attribute.floats) + len(attribute.ints) + len(attribute.strings)
    if length > MAX_ELEMENTS:
        for field in _LIST_FIELDS.values():
            attribute.ClearField(field)
        attribute.doc_string = f"{LENGTH_MARK}{length}"
    for tensor in (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors):
        _of_tensor(tensor)
    if attribute.HasField("g"):
        _of_graph(attribute.g)
    for graph in attribute.graphs:
        _of_graph(graph)
    if attribute.HasField("sparse_tensor"):
        _of_sparse(attribute.sparse_tensor)
    for sparse in attribute.sparse_tensors:
        _of_sparse(sparse)


def _of_sparse(sparse: onnx.SparseTensorProto) -> None:
    for tensor in (sparse.values, sparse.indices):
        for field in _PAYLOAD_FIELDS:
            tensor.ClearField(field)


_PAYLOAD_FIELDS = (
    "raw_data",
    "float_data",
    "int32_data",
    "int64_data",
    "uint64_data",
    "double_data",
    "string_data",
    "external_data",
)


def _of_tensor(tensor: TensorProto) -> None:
    if keeps_payload(tensor):
        return
    clear = tensor.ClearField
    for field in _PAYLOAD_FIELDS:
        clear(field)
