"""Builders of small files, found by thought or fuzzing, which could cost much time or memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from tests.graph.varint import varint

BUILDERS: dict[str, Callable[[], bytes]] = {}
node = helper.make_node


def add(builder: Callable[[], bytes]) -> Callable[[], bytes]:
    """Register a builder under its name."""
    BUILDERS[builder.__name__] = builder
    return builder


def model(
    nodes: Iterable[NodeProto],
    tensors: Sequence[TensorProto] = (),
    *,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    opset: int = 18,
    functions: Sequence[onnx.FunctionProto] = (),
) -> bytes:
    """A model of float values that also imports the domains `f` and `other`."""
    values = [[helper.make_tensor_value_info(name, 1, [2]) for name in names] for names in (inputs, outputs)]
    graph = helper.make_graph(list(nodes), "g", *values, list(tensors))
    opsets = [helper.make_opsetid(domain, version) for domain, version in (("", opset), ("f", 1), ("other", 1))]
    return helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=10).SerializeToString()


def integers(name: str, values: Any, dtype: Any = np.int64) -> TensorProto:
    """An initializer."""
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def folded(op_type: str, *values: Any, opset: int = 18, **attributes: Any) -> bytes:
    """An operator over constants, added to an input; arrays keep their type, numbers are int64."""
    tensors = [
        numpy_helper.from_array(value, f"c{slot}") if isinstance(value, np.ndarray) else integers(f"c{slot}", value)
        for slot, value in enumerate(values)
    ]
    nodes = [node(op_type, [tensor.name for tensor in tensors], ["k"], **attributes), node("Add", ["x", "k"], ["y"])]
    return model(nodes, tensors, opset=opset)


ONE = np.ones((1, 1, 1, 1), dtype=np.float32)
FEW = list(range(64))
FOLDED: dict[str, Callable[[], bytes]] = {
    "fill a huge tensor": lambda: folded("ConstantOfShape", [1 << 31] * 64),
    "fill a tensor whose size overflows": lambda: folded("ConstantOfShape", [1 << 32, 1 << 32]),
    "fill a tensor with no elements": lambda: folded("ConstantOfShape", [1 << 31, 1 << 31, 1 << 31, 0]),
    "count very far": lambda: folded("Range", 0, 1 << 62, 1),
    "count so far that the count overflows": lambda: folded("Range", -(1 << 63), (1 << 63) - 1, 1 << 35),
    "count in steps of nothing": lambda: folded("Range", 0, 1 << 62, 0),
    "count to NaN": lambda: folded("Range", *np.array([[0], [np.nan], [1]], np.float32).reshape(3, 1)),
    "tile hugely": lambda: folded("Tile", [[[[1, 2]]]], [1 << 16] * 4),
    "tile hugely, then not at all": lambda: folded("Tile", [[1, 2, 3]], [1 << 28, 0]),
    "expand hugely": lambda: folded("Expand", [1], [1 << 31, 1 << 31]),
    "pad hugely and cut again": lambda: folded("Pad", [1, 2, 3], [1 << 30, -(1 << 30)]),
    "encode as one of very many": lambda: folded("OneHot", [1], 1 << 40, [0, 1]),
    "split into very many": lambda: folded("Split", FEW, num_outputs=1 << 30),
    "pool over a huge window": lambda: folded(
        "AveragePool", ONE, kernel_shape=[1 << 14] * 2, pads=[1 << 13] * 4, strides=[1 << 16] * 2
    ),
    "pool over a huge window in another way": lambda: folded(
        "LpPool", ONE, kernel_shape=[1 << 13] * 2, pads=[1 << 13] * 4, strides=[1 << 16] * 2
    ),
    "convolve with huge pads": lambda: folded("Conv", ONE, ONE, pads=[1 << 16] * 4, strides=[1 << 18] * 2),
    "sum over products of eight tensors": lambda: folded("Einsum", *[FEW] * 8, equation="a,b,c,d,e,f,g,h->"),
    "raise to a huge power": lambda: folded("Pow", [1 << 62] * 4, [1 << 62] * 4),
    "divide by nothing": lambda: folded("Div", [-(1 << 63), 1], [-1, 0]),
    "resize hugely": lambda: folded("Resize", ONE, np.array([]), np.array([1e30] * 4, np.float32)),
    "look at many words": lambda: folded(
        "TfIdfVectorizer",
        FEW,
        **{"max_gram_length": 1 << 20, "max_skip_count": 1 << 20, "min_gram_length": 1, "mode": "TF"},
        **{"ngram_counts": [0], "ngram_indexes": [5], "pool_int64s": [1]},
    ),
    "a window of very many points": lambda: folded("HannWindow", 1 << 34),
    "take a picture out of few bytes": lambda: folded("ImageDecoder", np.arange(64, dtype=np.uint8), opset=20),
    "begin and end beyond all": lambda: folded("Slice", FEW, [-(1 << 63)], [(1 << 63) - 1], [0], [-(1 << 63)]),
    "gather out of range": lambda: folded("Gather", [1, 2], [1 << 62]),
    "unsqueeze at the same axis again and again": lambda: folded("Unsqueeze", [1], [-(1 << 63)] * 64),
    "transpose along a missing axis": lambda: folded("Transpose", [1], perm=[1 << 40]),
}
BUILDERS.update(FOLDED)


@add
def split_an_input_into_very_many() -> bytes:
    return model([node("Split", ["x"], ["y", "z"], num_outputs=1 << 30)])


@add
def expand_to_as_many_axes_as_a_huge_tensor_has_elements() -> bytes:
    nodes = [node("Expand", ["x", "s"], ["y"]), node("Expand", ["s", "s"], ["t"]), node("Add", ["x", "t"], ["z"])]
    return model(nodes, [TensorProto(name="s", data_type=TensorProto.INT64, dims=[1 << 40])], opset=8)


@add
def functions_that_call_the_next_one_twice() -> bytes:
    return model([node("f0", ["x"], ["y"], domain="f")], functions=_functions(60, 2))


@add
def functions_that_expand_to_the_limit() -> bytes:
    return model([node("f0", ["x"], ["y"], domain="f")], functions=_functions(13, 2))  # 2**13 Relus


@add
def a_function_that_calls_itself() -> bytes:
    functions = _functions(1, 2)
    functions[0].node[0].CopyFrom(node("f0", ["a"], ["t0"], domain="f"))
    return model([node("f0", ["x"], ["y"], domain="f")], functions=functions)


@add
def functions_that_call_each_other_in_a_circle() -> bytes:
    functions = _functions(3, 2)
    functions[2].node[1].op_type, functions[2].node[1].domain = "f0", "f"
    return model([node("f0", ["x"], ["y"], domain="f")], functions=functions)


@add
def a_long_chain_of_functions() -> bytes:
    return model([node("f0", ["x"], ["y"], domain="f")], functions=_functions(1000, 1))


@add
def functions_that_double_the_graph_they_are_given() -> bytes:
    functions = []
    for level in range(30):
        refers = [NodeProto(op_type="Custom", domain="other", input=["a"], output=[f"q{k}"]) for k in range(2)]
        for each in refers:
            each.attribute.append(AttributeProto(name="g", ref_attr_name="g", type=AttributeProto.GRAPH))
        inner = GraphProto(name="inner", node=refers)
        inner.output.add().name = "q0"
        call = NodeProto(op_type=f"f{level + 1}", domain="f", input=["a"], output=["b"])
        call.attribute.append(AttributeProto(name="g", type=AttributeProto.GRAPH, g=inner))
        functions.append(_function(f"f{level}", [call], ["g"]))
    functions.append(_function("f30", [node("Relu", ["a"], ["b"])], ["g"]))
    return model([node("f0", ["x"], ["y"], domain="f", g=_branch("x", "z"))], functions=functions)


@add
def thousands_of_branches_over_thousands_of_values() -> bytes:
    nodes = [node("Relu", ["x"], [f"v{number}"]) for number in range(4000)]
    return model([*nodes, *(_if(f"o{number}", f"v{number}") for number in range(1000))])


@add
def branches_in_branches_over_thousands_of_nodes() -> bytes:
    inner = _branch("x", "d")
    inner.node.extend(node("Neg", ["x"], [f"w{number}"]) for number in range(3000))
    for level in range(20):
        outer = GraphProto(name="outer", node=[node("If", ["x"], [f"l{level}"], then_branch=inner)])
        outer.output.add().name = f"l{level}"
        inner = outer
    return model(inner.node)


@add
def branches_in_branches_too_deep() -> bytes:
    payload = node("Relu", ["x"], ["y"]).SerializeToString()
    for _ in range(1000):  # a node of a graph of an attribute of a node
        for tag in (b"\x0a", b"\x32", b"\x2a"):
            payload = tag + varint(len(payload)) + payload
    graph = b"\x0a" + varint(len(payload)) + payload
    return model([]) + b"\x3a" + varint(len(graph)) + graph


@add
def nodes_in_reverse_order() -> bytes:
    return model([_if(f"a{number + 1}", f"a{number}") for number in range(1000)][::-1], inputs=("a0",))


@add
def a_tensor_that_gains_an_axis_again_and_again() -> bytes:
    nodes = [node("Unsqueeze", [f"a{number}", "axis"], [f"a{number + 1}"]) for number in range(3000)]
    return model(nodes, [integers("a0", [3]), integers("axis", [0])])


@add
def a_tensor_that_doubles_again_and_again() -> bytes:
    nodes = [node("Concat", [f"a{number}"] * 2, [f"a{number + 1}"], axis=0) for number in range(70)]
    return model(nodes, [integers("a0", [3])])


@add
def one_node_with_very_many_inputs() -> bytes:
    return model(
        [node("Relu", ["x"], ["r"]), node("Sum", ["r"] * 50_000, ["s"]), node("Max", ["c"] * 20_000, ["m"])],
        [integers("c", FEW)],
    )


@add
def one_result_declared_very_often() -> bytes:
    return model([node("Relu", ["x"], ["y"])], outputs=["y"] * 20_000)


@add
def a_long_text_in_the_neighbourhood_of_very_many_nodes() -> bytes:
    source = node("Custom", ["x"], ["s"], domain="other", text="t" * 150_000)
    return model([source, *(node("LeakyRelu", ["s"], [f"l{n}"], alpha=float(n)) for n in range(2500))])


@add
def long_lists_in_the_neighbourhood_of_very_many_nodes() -> bytes:
    lists = {f"list{number}": [1 << 62] * 64 for number in range(45)}
    source = node("Custom", ["x"], ["s"], domain="other", **lists)
    return model([source, *(node("LeakyRelu", ["s"], [f"l{n}"], alpha=float(n)) for n in range(2500))])


@add
def attributes_without_end() -> bytes:
    lists = {f"list{number}": [1 << 62] * 64 for number in range(100)}
    return model([node("Custom", ["x"], ["y"], domain="other", **lists)])


@add
def a_huge_parameter() -> bytes:
    return model([node("Add", ["x", "w"], ["y"])], [TensorProto(name="w", data_type=1, dims=[1 << 40, 1 << 40])])


@add
def a_parameter_with_very_many_axes() -> bytes:
    return model([node("Add", ["x", "w"], ["y"])], [TensorProto(name="w", data_type=1, dims=[1] * 100_000)])


@add
def very_many_large_parameters() -> bytes:
    nodes = [node("Add", ["x", f"w{number}"], [f"y{number}"]) for number in range(1000)]
    return model(nodes, [TensorProto(name=f"w{number}", data_type=1, dims=[1 << 20]) for number in range(1000)])


@add
def an_attribute_tensor_with_a_negative_axis() -> bytes:
    return model([node("Custom", ["x"], ["y"], domain="other", t=TensorProto(data_type=1, dims=[-5, 3]))])


@add
def a_list_that_claims_to_have_been_long() -> bytes:
    claim = "younger-hf: list of length 9999999999999999999"
    made = [node("Constant", [], ["k"]), node("Custom", ["x", "k"], ["y"], domain="other")]
    for each, name in zip(made, ("value_floats", "list"), strict=True):
        each.attribute.append(AttributeProto(name=name, type=AttributeProto.FLOATS, doc_string=claim))
    return model(made)


@add
def a_name_of_a_megabyte() -> bytes:
    return model([node("m" * 1_000_000, ["x"], ["y"])])


@add
def a_name_that_drives_a_terminal() -> bytes:
    return model([node("Re\x1b[31mlu", ["no\x1b[2Jthing"], ["y"])])


@add
def a_schema_s_attribute_of_another_type() -> bytes:
    return model([node("LeakyRelu", ["x"], ["y"], alpha="not a float")])


def _branch(value: str, name: str) -> GraphProto:
    return helper.make_graph([node("Neg", [value], [name])], "b", [], [helper.make_tensor_value_info(name, 1, None)])


def _if(output: str, value: str) -> NodeProto:
    branches = {name: _branch(value, f"{output}_{name}") for name in ("then_branch", "else_branch")}
    return node("If", [value], [output], **branches)


def _function(name: str, nodes: list[NodeProto], attributes: Sequence[str] = ()) -> onnx.FunctionProto:
    opsets = [helper.make_opsetid(domain, version) for domain, version in (("", 18), ("f", 1), ("other", 1))]
    return helper.make_function("f", name, ["a"], ["b"], nodes, opsets, list(attributes))


def _functions(levels: int, calls: int) -> list[onnx.FunctionProto]:
    """Functions that each call the next one several times; the last one is a Relu."""
    names = ["a", *(f"t{number}" for number in range(calls - 1)), "b"]
    made = []
    for level in range(levels):
        op_type, domain = (f"f{level + 1}", "f") if level < levels - 1 else ("Relu", "")
        nodes = [node(op_type, [names[n]], [names[n + 1]], domain=domain) for n in range(calls)]
        made.append(_function(f"f{level}", nodes))
    return made
