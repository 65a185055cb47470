"""Dropping the payloads of a parsed model that do not belong to its architecture.

Two sets of payloads stay: those that reading a model needs (`READ_ELEMENTS`), and the integers
among them, which are all that is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import onnx
from google.protobuf.message import Message
from onnx import AttributeProto, SparseTensorProto, TensorProto

from younger_hf.graph.onnx_types import LENGTH_MARK, LIST_FIELDS, MAX_ELEMENTS, has_readable_size, tensor_integers
from younger_hf.graph.read.field_scan import scan_fields

_CACHED_BYTES = 1024
"""Attributes that are larger are rare and not cached."""
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


def drop_unread_payloads(model: onnx.ModelProto, serialised: bytes) -> None:
    """Drop every payload that reading the model does not need, and every long attribute list.

    Args:
        model: The model, changed in place.
        serialised: The same model, serialised, which is quick to scan for something to drop.
    """
    scan = scan_fields(serialised)
    if scan.has_payloads:
        _drop(model.graph.initializer, _drop_unread)
    if scan.has_sparse:
        _drop(model.graph.sparse_initializer, _drop_unread)
    if all(len(attribute) <= _CACHED_BYTES and _is_unchanged(attribute) for attribute in scan.attributes):
        return
    _drop((*model.graph.node, *model.functions), _drop_unread)


def drop_values(model: onnx.ModelProto) -> None:
    """Drop every payload but small integers, and every long attribute list, in place."""
    _drop([model], _drop_unpublished)


def messages(message: Message) -> Iterator[Message]:
    """Yield a message and all inside it, but not those inside tensors."""
    yield message
    if isinstance(message, TensorProto | SparseTensorProto):
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if isinstance(value, Message) else value:
                yield from messages(inner)


def _drop(roots: Iterable[Message], drop_payload: Callable[[TensorProto | SparseTensorProto], None]) -> None:
    for root in roots:
        for message in messages(root):
            if isinstance(message, TensorProto | SparseTensorProto):
                drop_payload(message)
            elif isinstance(message, AttributeProto):
                _drop_long_list(message)


def _drop_long_list(attribute: AttributeProto) -> None:
    length = sum(len(getattr(attribute, field)) for field in LIST_FIELDS.values())
    if length > MAX_ELEMENTS:
        for field in LIST_FIELDS.values():
            attribute.ClearField(field)
        attribute.doc_string = f"{LENGTH_MARK}{length}"


def _drop_unread(tensor: TensorProto | SparseTensorProto) -> None:
    parts = [tensor.values, tensor.indices] if isinstance(tensor, SparseTensorProto) else [tensor]
    if isinstance(tensor, TensorProto) and has_readable_size(tensor):
        return
    for part in parts:
        for field in _PAYLOAD_FIELDS:
            part.ClearField(field)


def _drop_unpublished(tensor: TensorProto | SparseTensorProto) -> None:
    """Leave name, type and shape, and small integers.

    The positions of a sparse tensor's values are weights too.
    """
    if isinstance(tensor, SparseTensorProto):
        values = TensorProto(name=tensor.values.name, data_type=tensor.values.data_type)
        tensor.CopyFrom(SparseTensorProto(values=values, dims=tensor.dims))
    elif tensor_integers(tensor) is None:
        tensor.CopyFrom(TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims))


@lru_cache(maxsize=4096)
def _is_unchanged(serialised: bytes) -> bool:
    """Return whether there is nothing to drop in an attribute.

    Results are cached, since most attributes occur in many nodes and models.
    """
    attribute, whole = AttributeProto.FromString(serialised), AttributeProto.FromString(serialised)
    _drop([attribute], _drop_unread)
    return attribute == whole
