"""Inlining of local functions, after a check of the size to which they expand.

A few hundred bytes of functions that call one another twice expand to more nodes than fit in any
memory. The size is therefore computed first, once per function and sizes of its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import onnx
import onnx.inliner

from younger_hf.errors import ModelReadError
from younger_hf.files import first_line
from younger_hf.graph.operators.signatures import canonical_domain, find_schema

MAX_NODES = 30_000
"""Maximum number of nodes after expansion, unless the file itself has an eighth of them."""
MAX_READS = 200_000
"""Maximum number of inputs of these nodes in all, unless the file itself has an eighth of them."""
MAX_BYTES = 16 << 20
"""Maximum size in bytes after expansion, unless the file itself has an eighth of them."""
MAX_CALLS = 100
"""Longest chain of functions that call one another, the limit of onnx's own inliner."""

_GROWTH = 8

_Key = tuple[str, str, str]
_Environment = tuple[tuple[str, "_Size"], ...]


def inline_functions(model: onnx.ModelProto, source: str) -> onnx.ModelProto:
    """Return the model without local functions, each call replaced by the function's nodes.

    A call stays a node if the function's operators differ between its version of an operator set
    and the model's.

    Args:
        model: The model, which is not changed.
        source: Name of the model for messages.

    Raises:
        ModelReadError: If functions call themselves or expand to far more than the file contains,
            or if a call does not fit its function.
    """
    if not model.functions:
        return model
    _check_expansion(model, source)
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    _fill_defaults(prepared, source)
    _align_opsets(prepared)
    try:
        return onnx.inliner.inline_local_functions(prepared)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelReadError(f"{source}: its local functions cannot be inlined ({first_line(error)}).") from error


@dataclass(frozen=True)
class _Size:
    """Size of a part of a model: nodes, including those in sub-graphs, their inputs, and bytes."""

    nodes: int = 0
    reads: int = 0
    size: int = 0

    def __add__(self, other: _Size) -> _Size:
        return _Size(self.nodes + other.nodes, self.reads + other.reads, self.size + other.size)

    def exceeds(self, other: _Size) -> bool:
        return self.nodes > other.nodes or self.reads > other.reads or self.size > other.size


@dataclass(frozen=True)
class _Part:
    """Nodes or an attribute before expansion: own size, referenced attributes, called functions."""

    own: _Size
    references: tuple[str, ...]
    calls: tuple[tuple[_Key, tuple[tuple[str, _Part], ...]], ...]


def _check_expansion(model: onnx.ModelProto, source: str) -> None:
    functions = {_key(f.domain, f.name, f.overload): f for f in model.functions}
    keys = frozenset(functions)
    main = _part(model.graph.node, keys)
    bodies = {key: _part(f.node, keys) for key, f in functions.items()}
    defaults = {key: {a.name: _Size(size=a.ByteSize()) for a in f.attribute_proto} for key, f in functions.items()}
    written = sum((body.own for body in bodies.values()), main.own)
    limit = _Size(
        max(MAX_NODES, _GROWTH * written.nodes),
        max(MAX_READS, _GROWTH * written.reads),
        max(MAX_BYTES, _GROWTH * written.size),
    )
    known: dict[tuple[_Key, _Environment], _Size] = {}

    def expanded(part: _Part, environment: Mapping[str, _Size], depth: int) -> _Size:
        total = part.own
        for name in part.references:
            total += environment.get(name, _Size())
        for key, arguments in part.calls:
            if depth == MAX_CALLS:
                raise ModelReadError(
                    f"{source}: its local functions call themselves, or one another more than {MAX_CALLS} deep."
                )
            passed = {name: expanded(argument, environment, depth + 1) for name, argument in arguments}
            total = sum(passed.values(), total)  # whether or not the function refers to them
            inner = {**defaults[key], **passed}
            state = (key, tuple(sorted(inner.items(), key=lambda item: item[0])))
            if state not in known:
                known[state] = expanded(bodies[key], inner, depth + 1)
            total += known[state]
            if total.exceeds(limit):
                raise ModelReadError(
                    f"{source}: its local functions expand to more than {limit.nodes:,} nodes with {limit.reads:,} inputs or "
                    f"{limit.size >> 20} MiB, from {written.nodes:,} nodes in the file."
                )
        return total

    expanded(main, {}, 0)


def _fill_defaults(model: onnx.ModelProto, source: str) -> None:
    """Add default attributes of functions to calls that omit them; onnx's inliner does not."""
    defaults = {_key(f.domain, f.name, f.overload): f.attribute_proto for f in model.functions if f.attribute_proto}
    bodies = [model.graph.node, *(function.node for function in model.functions)] if defaults else []
    size = 0
    for node in [node for body in bodies for node in _all_nodes(body)]:
        present = {attribute.name for attribute in node.attribute}
        for attribute in defaults.get(_key(node.domain, node.op_type, node.overload), ()):
            if attribute.name not in present:
                size += attribute.ByteSize()
                if size > MAX_BYTES:
                    raise ModelReadError(
                        f"{source}: the defaults of its local functions take more than {MAX_BYTES >> 20} MiB."
                    )
                node.attribute.append(attribute)


def _align_opsets(model: onnx.ModelProto) -> None:
    """Let functions import the model's versions if that changes no operator.

    onnx's inliner requires it.
    """
    versions = {canonical_domain(item.domain): item.version for item in model.opset_import}
    for function in model.functions:
        for item in function.opset_import:
            domain = canonical_domain(item.domain)
            if domain not in versions:
                versions[domain] = item.version
                model.opset_import.append(item)
            elif item.version != versions[domain]:
                used = {n.op_type for n in _all_nodes(function.node) if canonical_domain(n.domain) == domain}
                if all(_since(name, domain, item.version) == _since(name, domain, versions[domain]) for name in used):
                    item.version = versions[domain]


def _since(op_type: str, domain: str, version: int) -> int:
    """Return the version of its operator set that last changed an operator, 0 if unknown."""
    schema = find_schema(op_type, domain, version)
    return 0 if schema is None else int(schema.since_version)


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes and those of their sub-graphs."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            yield from _all_nodes(_nodes_inside(attribute))


def _key(domain: str, name: str, overload: str) -> _Key:
    return canonical_domain(domain), name, overload


def _part(nodes: Iterable[onnx.NodeProto], functions: frozenset[_Key]) -> _Part:
    count, reads, size = 0, 0, 0
    references: list[str] = []
    calls: list[tuple[_Key, tuple[tuple[str, _Part], ...]]] = []
    for node in nodes:
        count += 1
        reads += len(node.input)
        size += node.ByteSize()
        key = _key(node.domain, node.op_type, node.overload)
        parts = [(attribute.name, _attribute_part(attribute, functions)) for attribute in node.attribute]
        if key in functions:
            calls.append((key, tuple(parts)))
            continue
        for _, part in parts:
            count += part.own.nodes  # the bytes are counted with the node's
            reads += part.own.reads
            references.extend(part.references)
            calls.extend(part.calls)
    return _Part(_Size(count, reads, size), tuple(references), tuple(calls))


def _attribute_part(attribute: onnx.AttributeProto, functions: frozenset[_Key]) -> _Part:
    if attribute.ref_attr_name:
        return _Part(_Size(size=attribute.ByteSize()), (attribute.ref_attr_name,), ())
    inner = _part(_nodes_inside(attribute), functions)
    own = _Size(inner.own.nodes, inner.own.reads, attribute.ByteSize())
    return _Part(own, inner.references, inner.calls)


def _nodes_inside(attribute: onnx.AttributeProto) -> Iterator[onnx.NodeProto]:
    if attribute.HasField("g"):
        yield from attribute.g.node
    for graph in attribute.graphs:
        yield from graph.node
