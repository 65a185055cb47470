"""Models with a weight planted in every possible place, and the forms in which to search for it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import onnx
from onnx import AttributeProto, SparseTensorProto, TensorProto, helper

from tests.graph.varint import varint

FLOAT = 31337.125  # exact in float32
INTEGER = 7_305_883_142_981
TEXT = "planted-weight"
LOCATION = "planted-location.bin"
NOTE = "planted-note"  # doc strings and metadata: no weights, but no architecture either
HALF = 0x7B6F  # a float16's bits as `int32_data` holds them
LONG = 65  # elements: one more than stays
PADDING = "large enough not to be copied in one piece " * 40


def forms() -> dict[str, list[bytes]]:
    """Forms of the weights to search for: text, decimal digits and bytes of every width."""
    integer = struct.pack("<q", INTEGER)
    return {
        "float": [
            *(repr(value).encode() for value in (FLOAT, 2 * FLOAT, FLOAT + 1, FLOAT**0.5)),
            *(struct.pack(f"{order}{width}", FLOAT) for order in "<>" for width in "fd"),
            str(struct.unpack("<i", struct.pack("<f", FLOAT))[0]).encode(),  # its bits as an integer
            struct.pack("<f", FLOAT).hex().encode(),
        ],
        "half": [str(HALF).encode(), struct.pack("<H", HALF) * 2, varint(HALF)],
        "integer": [str(INTEGER).encode(), integer, integer[::-1], varint(INTEGER), integer.hex().encode()],
        "text": [TEXT.encode(), TEXT.encode().hex().encode()],
        "location": [LOCATION.encode()],
    }


def tensors(name: str = "") -> list[TensorProto]:
    """A tensor for every payload field, its payload planted."""
    made = [
        _tensor(TensorProto.FLOAT, 3, raw_data=struct.pack("<3f", *[FLOAT] * 3)),
        _tensor(TensorProto.DOUBLE, 3, raw_data=struct.pack("<3d", *[FLOAT] * 3)),
        _tensor(TensorProto.FLOAT, 1, raw_data=struct.pack("<f", FLOAT)),
        _tensor(TensorProto.FLOAT16, 4, raw_data=struct.pack("<4H", *[HALF] * 4)),
        _tensor(TensorProto.BFLOAT16, 4, raw_data=struct.pack("<4H", *[HALF] * 4)),
        _tensor(TensorProto.COMPLEX64, 1, raw_data=struct.pack("<2f", FLOAT, FLOAT)),
        _tensor(TensorProto.INT64, LONG, raw_data=struct.pack(f"<{LONG}q", *[INTEGER] * LONG)),
        _tensor(TensorProto.UINT8, 512, raw_data=struct.pack("<64q", *[INTEGER] * 64)),
        _tensor(TensorProto.FLOAT, 3, float_data=[FLOAT] * 3),
        _tensor(TensorProto.COMPLEX64, 2, float_data=[FLOAT] * 4),
        _tensor(TensorProto.DOUBLE, 3, double_data=[FLOAT] * 3),
        _tensor(TensorProto.COMPLEX128, 2, double_data=[FLOAT] * 4),
        _tensor(TensorProto.FLOAT16, 3, int32_data=[HALF] * 3),
        _tensor(TensorProto.BFLOAT16, 3, int32_data=[HALF] * 3),
        _tensor(TensorProto.INT32, LONG, int32_data=[HALF] * LONG),
        _tensor(TensorProto.UINT16, LONG, int32_data=[HALF] * LONG),
        _tensor(TensorProto.INT64, LONG, int64_data=[INTEGER] * LONG),
        _tensor(TensorProto.UINT64, LONG, uint64_data=[INTEGER] * LONG),
        _tensor(TensorProto.STRING, 3, string_data=[TEXT.encode()] * 3),
        _tensor(TensorProto.STRING, 0, string_data=[TEXT.encode()]),
        _tensor(TensorProto.INT64, 2, raw_data=struct.pack("<3q", *[INTEGER] * 3)),  # more than its shape says
        _tensor(TensorProto.INT64, 2, float_data=[FLOAT] * 2),  # not where integers belong
        _tensor(TensorProto.FLOAT, 1, float_data=[FLOAT] * 9),
    ]
    outside = _tensor(TensorProto.INT64, 2, data_location=TensorProto.EXTERNAL)
    for key in ("location", "checksum"):
        outside.external_data.add(key=key, value=LOCATION)
    made.append(outside)
    for index, each in enumerate(made):
        each.name = f"{name}{index}" if name else ""
    return made


def sparse_tensor(name: str) -> SparseTensorProto:
    """Both its values and their positions are weights, however few there are."""
    values = _tensor(TensorProto.FLOAT, 3, float_data=[FLOAT] * 3)
    values.name = name
    indices = _tensor(TensorProto.INT64, 3, int64_data=[INTEGER, INTEGER + 1, INTEGER + 2])
    return SparseTensorProto(values=values, indices=indices, dims=[INTEGER // 2])


def constants(name: str) -> list[onnx.NodeProto]:
    """A Constant operator per attribute that can hold its value; outputs are numbered."""
    attributes: list[dict[str, object]] = [
        *({"value": tensor} for tensor in tensors()),
        {"value_float": FLOAT},
        {"value_floats": [FLOAT] * 3},
        {"value_floats": [FLOAT] * LONG},
        {"value_ints": [INTEGER] * LONG},
        {"value_string": TEXT},
        {"value_strings": [TEXT] * 3},
        {"sparse_value": sparse_tensor("")},
    ]
    return [
        helper.make_node("Constant", [], [f"{name}{index}"], **attribute)  # type: ignore[arg-type]
        for index, attribute in enumerate(attributes)
    ]


def ml_nodes() -> list[onnx.NodeProto]:
    """Operators of ai.onnx.ml, whose attribute values are always dropped, however short."""

    def node(op_type: str, **attributes: object) -> onnx.NodeProto:
        return helper.make_node(op_type, ["x"], [f"ml_{op_type}"], domain="ai.onnx.ml", **attributes)

    one = _tensor(TensorProto.FLOAT, 1, float_data=[FLOAT])
    return [
        node("Scaler", offset=[FLOAT], scale=[FLOAT, FLOAT]),
        node("LinearClassifier", coefficients=[FLOAT] * 4, classlabels_ints=[INTEGER], intercepts=[FLOAT]),
        node("LinearRegressor", coefficients=[FLOAT] * 4, post_transform=TEXT, targets=INTEGER),
        node("TreeEnsembleRegressor", nodes_values=[FLOAT] * 3, nodes_featureids=[INTEGER], nodes_modes=[TEXT]),
        node("TreeEnsemble", nodes_splits=one, leaf_weights=one, nodes_featureids=[INTEGER], n_targets=INTEGER),
        node("LabelEncoder", keys_strings=[TEXT], values_floats=[FLOAT], default_float=FLOAT, keys_tensor=one),
        node("SVMRegressor", rho=[FLOAT], support_vectors=[FLOAT] * 9, kernel_params=[FLOAT] * 3),
        node("Imputer", imputed_value_floats=[FLOAT], replaced_value_float=FLOAT),
        node("Binarizer", threshold=FLOAT),
        node("CategoryMapper", cats_strings=[TEXT], cats_int64s=[INTEGER], default_string=TEXT),
        node("OneHotEncoder", cats_int64s=[INTEGER]),
    ]


def custom_node(inputs: Sequence[str], output: str, inner: onnx.GraphProto) -> onnx.NodeProto:
    """An operator of an unknown domain that reads `inputs` and has long attributes."""
    node = helper.make_node(
        "Custom",
        list(inputs),
        [output],
        domain="other",
        floats=[FLOAT] * LONG,
        ints=[INTEGER] * LONG,
        strings=[TEXT] * LONG,
        tensors=tensors(),
        sparse=sparse_tensor("s"),
        sparses=[sparse_tensor("s"), sparse_tensor("t")],
        body=inner,
        bodies=[inner],
        **{f"tensor{index}": tensor for index, tensor in enumerate(tensors())},
    )
    packed = AttributeProto(name="unpacked", type=AttributeProto.FLOATS)
    packed.MergeFromString(b"".join(b"\x3d" + struct.pack("<f", FLOAT) for _ in range(LONG)))  # one field an element
    node.attribute.append(packed)
    return node


def planted_model(*, large: bool) -> onnx.ModelProto:
    """A model with a weight in every place: initializers, attributes, functions, training etc.

    Args:
        large: Whether every message is too large to be read in one piece.
    """
    value = helper.make_tensor_value_info
    inner = helper.make_graph(
        [
            *constants("k"),
            custom_node([f"i{index}" for index in range(20)], "m", helper.make_graph([], "empty", [], [])),
        ],
        "inner",
        [],
        [value("m", 1, None)],
        tensors("i"),
        sparse_initializer=[sparse_tensor("inner_sparse")],
    )
    branch = helper.make_node("If", ["flag"], ["branched"], then_branch=inner, else_branch=inner)
    made = constants("c")
    read = ["x", *(f"w{index}" for index in range(len(tensors()))), *(node.output[0] for node in made), "sparse"]
    call = helper.make_node("Local", ["x"], ["called"], domain="local", floats=[FLOAT] * LONG)
    function_nodes = [*constants("n"), custom_node(["a", "n0"], "b", inner)]
    function = helper.make_function(
        "local",
        "Local",
        ["a"],
        ["b"],
        function_nodes,
        [helper.make_opsetid("", 18), helper.make_opsetid("other", 1)],
        ["floats"],
    )
    function.attribute_proto.append(helper.make_attribute("given", [FLOAT] * LONG))
    graph = helper.make_graph(
        [*made, *ml_nodes(), branch, call, custom_node(read, "custom", inner)],
        "g",
        [value("x", 1, [3]), value("flag", TensorProto.BOOL, [])],
        [value(name, 1, None) for name in ("custom", "branched", "called")],
        tensors("w"),
        sparse_initializer=[sparse_tensor("sparse")],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in (("", 18), ("other", 1), ("local", 1))]
    opsets.append(helper.make_opsetid("ai.onnx.ml", 5))
    model = helper.make_model(graph, opset_imports=opsets, functions=[function], ir_version=10)
    model.training_info.add().initialization.CopyFrom(inner)
    _write_notes(model, NOTE + (PADDING if large else ""))
    return model


def _tensor(kind: int, size: int, **fields: object) -> TensorProto:
    return TensorProto(data_type=kind, dims=[size], **fields)  # type: ignore[arg-type]


def _write_notes(message: object, note: str) -> None:
    """Doc strings and metadata wherever a message has them."""
    fields = message.DESCRIPTOR.fields_by_name  # type: ignore[attr-defined]
    if "doc_string" in fields:
        message.doc_string = note  # type: ignore[attr-defined]
    if "metadata_props" in fields:
        message.metadata_props.add(key=NOTE, value=note)  # type: ignore[attr-defined]
    for field, value in message.ListFields():  # type: ignore[attr-defined]
        if field.type == field.TYPE_MESSAGE:
            for each in [value] if hasattr(value, "DESCRIPTOR") else value:
                _write_notes(each, note)
