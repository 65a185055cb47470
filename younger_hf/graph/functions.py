"""Local functions: inlining them, once it is known what they expand to.

A few hundred bytes of functions that call one another twice expand to more nodes than any memory holds; so the size is
computed first, each function once for each size of its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import onnx
import onnx.inliner

from younger_hf.errors import ModelReadError
from younger_hf.graph.operators import canonical_domain

MAX_NODES = 30_000
"""Most nodes that local functions may expand to, unless the file holds an eighth of them itself."""
MAX_BYTES = 16 << 20
"""Most bytes that they may expand to, unless the file holds an eighth of them itself."""
MAX_CALLS = 100
"""Longest chain of functions that call one another; it is what onnx's own inliner allows."""

_GROWTH = 8

_Key = tuple[str, str, str]
_Environment = tuple[tuple[str, "_Size"], ...]


def inline_functions(model: onnx.ModelProto, source: str) -> onnx.ModelProto:
    """The model without local functions, each call replaced by the function's nodes.

    Args:
        model: The model; it is not changed.
        source: Name of the model for messages.

    Raises:
        ModelReadError: If functions call themselves, if they expand to far more than the file holds, or if a call does
            not fit its function.
    """
    if not model.functions:
        return model
    _check_expansion(model, source)
    try:
        return onnx.inliner.inline_local_functions(model)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelReadError(f"{source}: its local functions cannot be inlined ({reason}).") from error


@dataclass(frozen=True)
class _Size:
    """How much a piece of a model is: nodes, those in sub-graphs among them, and bytes."""

    nodes: int = 0
    size: int = 0

    def __add__(self, other: _Size) -> _Size:
        return _Size(self.nodes + other.nodes, self.size + other.size)


@dataclass(frozen=True)
class _Piece:
    """Nodes or an attribute as they are written: their own size, the attributes they refer to, the functions they call."""

    own: _Size
    references: tuple[str, ...]
    calls: tuple[tuple[_Key, tuple[tuple[str, _Piece], ...]], ...]


def _check_expansion(model: onnx.ModelProto, source: str) -> None:
    functions = {(canonical_domain(f.domain), f.name, f.overload): f for f in model.functions}
    keys = frozenset(functions)
    main = _piece(model.graph.node, keys)
    bodies = {key: _piece(f.node, keys) for key, f in functions.items()}
    defaults = {key: {a.name: _Size(0, a.ByteSize()) for a in f.attribute_proto} for key, f in functions.items()}
    written = sum((body.own for body in bodies.values()), main.own)
    limit = _Size(max(MAX_NODES, _GROWTH * written.nodes), max(MAX_BYTES, _GROWTH * written.size))
    known: dict[tuple[_Key, _Environment], _Size] = {}

    def expanded(piece: _Piece, environment: Mapping[str, _Size], depth: int) -> _Size:
        total = piece.own
        for name in piece.references:
            total += environment.get(name, _Size())
        for key, arguments in piece.calls:
            if depth == MAX_CALLS:
                raise ModelReadError(
                    f"{source}: its local functions call themselves, or one another more than {MAX_CALLS} deep."
                )
            given = {name: expanded(argument, environment, depth + 1) for name, argument in arguments}
            inner = {**defaults[key], **given}
            state = (key, tuple(sorted(inner.items(), key=lambda item: item[0])))
            if state not in known:
                known[state] = expanded(bodies[key], inner, depth + 1)
            total += known[state]
            if total.nodes > limit.nodes or total.size > limit.size:
                raise ModelReadError(
                    f"{source}: its local functions expand to more than {limit.nodes:,} nodes or {limit.size >> 20} MiB, "
                    f"from {written.nodes:,} nodes in the file."
                )
        return total

    expanded(main, {}, 0)


def _piece(nodes: Iterable[onnx.NodeProto], functions: frozenset[_Key]) -> _Piece:
    count, size = 0, 0
    references: list[str] = []
    calls: list[tuple[_Key, tuple[tuple[str, _Piece], ...]]] = []
    for node in nodes:
        count += 1
        size += node.ByteSize()
        key = (canonical_domain(node.domain), node.op_type, node.overload)
        pieces = [(attribute.name, _attribute_piece(attribute, functions)) for attribute in node.attribute]
        if key in functions:
            calls.append((key, tuple(pieces)))
            continue
        for _, piece in pieces:
            count += piece.own.nodes  # the bytes are counted with the node's
            references.extend(piece.references)
            calls.extend(piece.calls)
    return _Piece(_Size(count, size), tuple(references), tuple(calls))


def _attribute_piece(attribute: onnx.AttributeProto, functions: frozenset[_Key]) -> _Piece:
    if attribute.ref_attr_name:
        return _Piece(_Size(0, attribute.ByteSize()), (attribute.ref_attr_name,), ())
    inner = _piece(_nodes_inside(attribute), functions)
    return _Piece(_Size(inner.own.nodes, attribute.ByteSize()), inner.references, inner.calls)


def _nodes_inside(attribute: onnx.AttributeProto) -> Iterator[onnx.NodeProto]:
    if attribute.HasField("g"):
        yield from attribute.g.node
    for graph in attribute.graphs:
        yield from graph.node
