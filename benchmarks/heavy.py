"""ONNX files with hundreds of megabytes of weights, and the same files without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
_LENGTH_DELIMITED_FLOATS = 4 << 3 | 2
_BLOCK = np.random.default_rng(0).normal(size=1 << 21).astype("<f4").tobytes()


def chain(tensors: int, size: int, kind: str = "initializers") -> onnx.ModelProto:
    """A chain of additions, each with a weight of its own.

    Args:
        tensors: Number of weights.
        size: Bytes of each, a multiple of 4.
        kind: `initializers`, `constants` (Constant nodes), or `floats` (initializers with packed `float_data`).
    """
    value, names = helper.make_tensor_value_info, ["x", *(f"/layers.{n}/Add_output_0" for n in range(tensors))]
    nodes, weights = [], []
    for number in range(tensors):
        weight = _tensor(f"model.layers.{number}.weight", size, packed=kind == "floats")
        if kind == "constants":
            nodes.append(helper.make_node("Constant", [], [weight.name], f"/layers.{number}/Constant", value=weight))
        else:
            weights.append(weight)
        nodes.append(
            helper.make_node("Add", [names[number], weight.name], [names[number + 1]], f"/layers.{number}/Add")
        )
    graph = helper.make_graph(nodes, "chain", [value("x", 1, [size // 4])], [value(names[-1], 1, [size // 4])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def real(name: str) -> onnx.ModelProto:
    """Write a model of the onnx package with weights in place of its space-saving `ConstantOfShape`."""
    model = onnx.load(LIGHT / f"light_{name}.onnx")
    shapes = {
        t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.data_type == TensorProto.INT64
    }
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        if node.op_type == "ConstantOfShape" and node.input[0] in shapes:
            dims = shapes[node.input[0]].tolist()
            weight = _tensor(node.output[0], 4 * int(np.prod(dims)))
            del weight.dims[:]
            weight.dims.extend(dims)
            model.graph.initializer.append(weight)
        else:
            model.graph.node.append(node)
    return model


def without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model's stripped twin: no tensor of more than 64 elements has values."""
    for tensor in (*model.graph.initializer, *(a.t for node in model.graph.node for a in node.attribute)):
        if np.prod(tensor.dims, dtype=np.int64) > 64:
            for field in ("raw_data", "float_data"):
                tensor.ClearField(field)
    return model


def _tensor(name: str, size: int, *, packed: bool = False) -> TensorProto:
    payload = (_BLOCK * (size // len(_BLOCK) + 1))[:size]
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[size // 4])
    if packed:
        length, digits = size, bytearray([_LENGTH_DELIMITED_FLOATS])
        while length > 0x7F:
            digits.append(length & 0x7F | 0x80)
            length >>= 7
        tensor.MergeFromString(bytes([*digits, length]) + payload)
    else:
        tensor.raw_data = payload
    return tensor
