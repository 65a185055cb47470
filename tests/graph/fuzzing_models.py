"""Damaging names, numbers and messages of a parsed model, so that the result still parses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import onnx
from google.protobuf.message import DecodeError, Message
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper

INTEGERS = (
    0,
    1,
    -1,
    2,
    3,
    64,
    65,
    1000,
    1 << 20,
    (1 << 31) - 1,
    -(1 << 31),
    1 << 40,
    (1 << 62),
    (1 << 63) - 1,
    -(1 << 63),
)
FLOATS = (0.0, -1.0, 0.5, 1e-38, 3e38, float("inf"), float("-inf"), float("nan"))
NAMES = ("", "x", "y", "é" * 3, "\x00", "a" * 5000, "ai.onnx", "ai.onnx.ml", "If", "Constant", "body", '"\\')
LARGEST = 400_000
"""Size in bytes beyond which a model does not grow."""


def mutate_model(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> ModelProto:
    """Damage a model in place, and return it."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        rng.choice(_MUTATIONS)(rng, model, files)
        if model.ByteSize() > LARGEST:
            break
    return model


def _messages(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _messages(inner)


def _some(rng: Random, model: ModelProto, kind: type[Any]) -> Any:
    """Return a random message of a type, None if the model lacks it."""
    found = [message for message in _messages(model) if isinstance(message, kind)]
    return rng.choice(found) if found else None


def _change_value(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Set, add, drop, repeat or shuffle the contents of one field."""
    message = _some(rng, model, Message)
    field = rng.choice(message.DESCRIPTOR.fields)
    single = {
        field.CPPTYPE_STRING: lambda: rng.choice(NAMES),
        field.CPPTYPE_FLOAT: lambda: rng.choice(FLOATS),
        field.CPPTYPE_DOUBLE: lambda: rng.choice(FLOATS),
        field.CPPTYPE_INT64: lambda: rng.choice(INTEGERS),
        field.CPPTYPE_UINT64: lambda: abs(rng.choice(INTEGERS)),
        field.CPPTYPE_INT32: lambda: rng.choice((0, 1, -1, 6, 7, 8, 9, 16, 23, 99, (1 << 31) - 1)),
        field.CPPTYPE_ENUM: lambda: rng.randrange(16),
    }.get(field.cpp_type)
    value = getattr(message, field.name)
    if hasattr(value, "append") or hasattr(value, "add"):
        items = list(value)
        change = rng.randrange(4)
        if change == 0 and single:
            items += [_encoded(field, single()) for _ in range(rng.choice((1, 2, 65)))]
        elif change == 1 and items:
            items *= rng.choice((2, 3, 30)) if len(items) < 200 else 2
        elif change == 2 and items:
            del items[rng.randrange(len(items))]
        else:
            rng.shuffle(items)
        copies = [
            type(item).FromString(item.SerializeToString()) if isinstance(item, Message) else item for item in items
        ]
        message.ClearField(field.name)
        getattr(message, field.name).extend(copies)
    elif single is None or rng.random() < 0.2:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, _encoded(field, single()))


def _encoded(field: Any, value: Any) -> Any:
    return value.encode() if field.type == field.TYPE_BYTES else value


def _graft(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Replace a message by one of the same type from another file."""
    try:
        other = ModelProto.FromString(rng.choice(files))
    except DecodeError:
        return
    kind = rng.choice(
        (NodeProto, NodeProto, AttributeProto, TensorProto, GraphProto, onnx.TypeProto, onnx.FunctionProto)
    )
    target, source = _some(rng, model, kind), _some(rng, other, kind)
    if target is not None and source is not None and source.ByteSize() < LARGEST // 4:
        target.CopyFrom(source)


def _rewire(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Let nodes read and write each other's values: cycles, clashes, values out of sight."""
    nodes = [message for message in _messages(model) if isinstance(message, NodeProto)]
    names = [name for node in nodes for name in (*node.input, *node.output)]
    for _ in range(rng.choice((1, 2, 10))):
        if nodes and names:
            node = rng.choice(nodes)
            side = node.output if node.output and rng.random() < 0.3 else node.input
            if side:
                side[rng.randrange(len(side))] = rng.choice(names)
            else:
                node.input.append(rng.choice(names))


@cache
def _operators() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple((s.domain, s.name, tuple(s.attributes)) for s in onnx.defs.get_all_schemas())


def _retype(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Turn a node into another operator, with its attributes and hostile values."""
    node = _some(rng, model, NodeProto)
    if node is None:
        return
    node.domain, node.op_type, attributes = rng.choice(_operators())
    for name in rng.sample(attributes, min(len(attributes), 3)):
        node.attribute.append(_attribute(rng, name))


def _attribute(rng: Random, name: str) -> AttributeProto:
    value: Any = rng.choice(
        (
            rng.choice(INTEGERS),
            [rng.choice(INTEGERS) for _ in range(rng.choice((1, 2, 4, 64, 65)))],
            rng.choice(FLOATS),
            [rng.choice(FLOATS) for _ in range(rng.choice((1, 65)))],
            rng.choice(NAMES),
            "a,b,c->" + "abc",
            ["a", "b"],
        )
    )
    return helper.make_attribute(name, value)


def _fold_hostile(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Add an operator over constants with hostile values."""
    graph = model.graph
    domain, op_type, attributes = rng.choice(_operators())
    if rng.random() < 0.5:
        domain, op_type, attributes = "", rng.choice(_SIZED), ()
    made = []
    for position in range(rng.choice((1, 2, 3, 5))):
        count = rng.choice((0, 1, 1, 1, 2, 4, 64))
        name = f"hostile{len(graph.initializer)}_{position}"
        shape = rng.choice(([], [count])) if count == 1 else [count]
        if rng.random() < 0.8:
            tensor = helper.make_tensor(name, TensorProto.INT64, shape, [rng.choice(INTEGERS) for _ in range(count)])
        else:
            tensor = helper.make_tensor(name, TensorProto.FLOAT, shape, [rng.choice(FLOATS) for _ in range(count)])
        graph.initializer.append(tensor)
        made.append(name)
    node = helper.make_node(
        op_type, made, [f"hostile_{len(graph.node)}_{slot}" for slot in range(rng.choice((1, 1, 1, 2)))]
    )
    node.domain = domain
    node.attribute.extend(_attribute(rng, name) for name in rng.sample(attributes, min(len(attributes), 2)))
    graph.node.append(node)
    graph.node.append(helper.make_node("Reshape", [node.output[0], made[0]], [f"after_{len(graph.node)}"]))


_SIZED = (
    *("Range", "ConstantOfShape", "Tile", "Expand", "Pad", "Resize", "OneHot", "Split", "Concat", "Slice"),
    *("Unsqueeze", "Squeeze", "Reshape", "Gather", "Pow", "Einsum"),
)


def _constantify(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Turn an input of the model into a constant, so that everything after it is folded."""
    graph = model.graph
    if graph.input:
        name = graph.input[0].name
        graph.input.pop(0)
        values = [rng.choice(INTEGERS) for _ in range(rng.choice((1, 2, 4)))]
        graph.initializer.append(
            helper.make_tensor(name, rng.choice((6, 7)), [len(values)], [v % (1 << 31) for v in values])
        )


def _nest(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Move the graph's nodes into branches, as deep as protobuf allows and deeper."""
    for _ in range(rng.choice((1, 2, 10, 30, 40))):
        inner = GraphProto()
        inner.node.extend(model.graph.node)
        inner.output.extend(model.graph.output)
        node = NodeProto(op_type=rng.choice(("If", "Loop", "Scan", "Custom")), input=["x"], output=["nested"])
        node.attribute.append(AttributeProto(name="then_branch", type=AttributeProto.GRAPH, g=inner))
        del model.graph.node[:]
        model.graph.node.append(node)
        if model.ByteSize() > LARGEST:
            break


def _call(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Add functions that call one another: deep, wide or in a circle."""
    levels, calls = rng.choice(((2, 2), (60, 2), (10, 3), (120, 1), (8, 8)))
    circle = rng.random() < 0.2
    for level in range(levels):
        last = level == levels - 1 and not circle
        names = ["a", *(f"t{number}" for number in range(calls - 1)), "b"]
        op_type, domain = ("Relu", "") if last else (f"f{(level + 1) % levels}", "f")
        nodes = [helper.make_node(op_type, [names[n]], [names[n + 1]], domain=domain) for n in range(calls)]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
        model.functions.append(helper.make_function("f", f"f{level}", ["a"], ["b"], nodes, opsets))
    model.opset_import.append(helper.make_opsetid("f", 1))
    model.graph.input.append(helper.make_tensor_value_info("called_x", 1, [1]))
    model.graph.node.append(helper.make_node("f0", ["called_x"], ["called_y"], domain="f"))


def _grow(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    """Add a chain of a thousand operators, over an input or over constants."""
    first = rng.choice(
        [*(value.name for value in model.graph.input), *(t.name for t in model.graph.initializer), "nothing"]
    )
    op_type = rng.choice(("Relu", "Add", "Mul", "Concat", "Unsqueeze", "Identity", "Shape", "Sum", "If"))
    names = [first, *(f"grown{number}" for number in range(rng.choice((10, 300, 1000))))]
    inputs = rng.choice((1, 2, 2, 9))
    model.graph.node.extend(helper.make_node(op_type, [before] * inputs, [after]) for before, after in pairwise(names))


def _change_dims(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    tensor = _some(rng, model, TensorProto)
    if tensor is not None:
        del tensor.dims[:]
        tensor.dims.extend(rng.choice(INTEGERS) for _ in range(rng.choice((0, 1, 2, 8, 70))))
        tensor.data_type = rng.randrange(30)


def _change_opset(rng: Random, model: ModelProto, files: tuple[bytes, ...]) -> None:
    for item in model.opset_import:
        item.version = rng.choice((*range(1, 30), 9999, rng.choice(INTEGERS)))


_MUTATIONS: tuple[Callable[[Random, ModelProto, tuple[bytes, ...]], None], ...] = (
    *[_change_value] * 4,
    *[_graft] * 2,
    *[
        _rewire,
        _retype,
        _retype,
        _fold_hostile,
        _fold_hostile,
        _constantify,
        _nest,
        _call,
        _grow,
        _change_dims,
        _change_opset,
    ],
)
