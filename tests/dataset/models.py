"""Real ONNX models to build small datasets from.

They are files of the onnx package, generated networks, and any DAG as a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from younger_hf import Dag, from_onnx
from younger_hf.dataset.architecture import Architecture, Provenance

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
LIGHT = sorted((DATA / "light").glob("light_*.onnx"))
"""AlexNet, DenseNet, Inception, ResNet and others without their weights, 22 to 668 operators."""

VARIADIC = ("Sum", "Max", "Min", "Mean")
"""Operators that take any number of inputs of one shape."""

Edges = Iterable[tuple[int, int]]


def model_of_edges(num_nodes: int, edges: Edges, op_types: Sequence[str] = VARIADIC) -> onnx.ModelProto:
    """A valid model whose Dag has exactly these edges, from lower to higher nodes.

    Node i has the type `op_types[i % len]`.
    """
    inputs: list[list[str]] = [[] for _ in range(num_nodes)]
    for source, target in edges:
        inputs[target].append(f"v{source}")
    nodes = [helper.make_node(op_types[i % len(op_types)], names or ["x"], [f"v{i}"]) for i, names in enumerate(inputs)]
    return _model(nodes, f"v{num_nodes - 1}")


def dag_of_edges(num_nodes: int, edges: Edges, op_types: Sequence[str] = VARIADIC) -> Dag:
    """The Dag of `model_of_edges`."""
    return from_onnx(model_of_edges(num_nodes, edges, op_types).SerializeToString())


def chain(*op_types: str, **attributes: object) -> Dag:
    """One operator after the other, each with one input; the attributes go to the first."""
    nodes = [
        helper.make_node(name, [f"v{i - 1}" if i else "x"], [f"v{i}"], **(attributes if not i else {}))
        for i, name in enumerate(op_types)
    ]
    return from_onnx(_model(nodes, f"v{len(nodes) - 1}").SerializeToString())


def reordered(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """The same model, its nodes in another topological order and its values under other names."""
    rng = np.random.default_rng(seed)
    given = {value.name for value in model.graph.input} | {tensor.name for tensor in model.graph.initializer} | {""}
    waiting, done, order = list(model.graph.node), set(given), []
    while waiting:
        ready = [node for node in waiting if done.issuperset(node.input)]
        node = ready[int(rng.integers(len(ready)))]
        waiting.remove(node)
        order.append(node)
        done.update(node.output)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:]
    copy.graph.node.extend(order)
    new = {name: f"value_{i}" for i, name in enumerate(sorted(done - given))}
    for node in copy.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    for value in copy.graph.output:
        value.name = new.get(value.name, value.name)
    return copy


def network(seed: int) -> onnx.ModelProto:
    """A generated network of a few kinds of blocks, with 8 to 60 operators.

    Like real architectures, its operators can be learned from their context.
    """
    rng = np.random.default_rng(seed)
    nodes: list[onnx.NodeProto] = []
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 8], [0.1] * 64)

    def add(op_type: str, *inputs: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op_type, list(inputs), [f"v{len(nodes)}"], **attributes))
        return f"v{len(nodes) - 1}"

    activation = str(rng.choice(["Relu", "Sigmoid", "Tanh", "Elu", "Softplus", "HardSigmoid", "Selu"]))
    axis, joined = int(rng.integers(2)), str(rng.choice(["Add", "Mul", "Sub", "Max"]))
    value = add("Identity", "x") if seed % 2 else "x"
    for kind in rng.integers(5, size=int(rng.integers(2, 9))).tolist():
        if kind == 0:  # residual perceptron
            value = add(joined, value, add("MatMul", add(activation, add("MatMul", value, "w")), "w"))
        elif kind == 1:  # attention
            scores = add("MatMul", add("MatMul", value, "w"), add("Transpose", add("MatMul", value, "w"), perm=[1, 0]))
            value = add("MatMul", add("Softmax", scores, axis=axis), add("MatMul", value, "w"))
        elif kind == 2:  # gate
            value = add("Mul", add("Sigmoid", add("MatMul", value, "w")), add(activation, value))
        elif kind == 3:  # two branches
            value = add("Max", add(activation, value), add("Neg", add("Abs", value)))
        else:  # normalisation
            value = add("Div", value, add("Sqrt", add("Exp", add("ReduceMean", value, axes=[axis], keepdims=1))))
    return _model(nodes, value, [weight])


@cache
def models() -> tuple[tuple[Dag, Provenance], ...]:
    """The light models: small ones of the onnx package, and 70 generated networks.

    Each has at least four operators.
    """
    found = [(from_onnx(path), Provenance("onnx", path.stem, "", 10, None, "Apache-2.0")) for path in LIGHT]
    for path in sorted(DATA.rglob("model.onnx")):
        dag = from_onnx(path)
        if dag.num_nodes >= 4:
            found.append((dag, Provenance("onnx", path.parent.name, "test", None, None, "Apache-2.0")))
    for seed in range(70):
        dag = from_onnx(network(seed).SerializeToString())
        found.append((dag, Provenance("generated", f"network-{seed}")))
    return tuple(found)


def architectures(*dags: Dag) -> tuple[Architecture, ...]:
    """Dags as architectures, in the order given."""
    return tuple(Architecture(dag, (Provenance("here", f"model-{i}"),)) for i, dag in enumerate(dags))


def _model(nodes: list[onnx.NodeProto], output: str, weights: Sequence[TensorProto] = ()) -> onnx.ModelProto:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [8, 8]) for name in ("x", output))
    graph = helper.make_graph(nodes, "g", [x], [y], list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
