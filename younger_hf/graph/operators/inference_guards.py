"""Guards around ONNX's inference of one node's outputs.

Some nodes make onnx run forever, fill the memory or crash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import onnx
from onnx import NodeProto, TensorProto, TypeProto, helper

MAX_AXES = 64
"""Maximum number of axes of any tensor whose shape is followed."""

INFERENCE_ERRORS = (
    onnx.shape_inference.InferenceError,
    onnx.checker.ValidationError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
    MemoryError,
)
"""What `infer_types` raises if a node does not fit its inputs or its schema."""

_EQUATION = re.compile(rb"{0}(,{0})*(->{0})?".replace(b"{0}", rb"[A-Za-z]*(\.{3}[A-Za-z]*)?"))
"""An equation of Einsum without spaces: terms of letters with at most one ellipsis each."""


def infer_types(
    node: NodeProto,
    schema: onnx.defs.OpSchema,
    types: Mapping[str, TypeProto],
    values: Mapping[str, TensorProto],
    opset_version: int,
) -> dict[str, TypeProto]:
    """Infer the types and shapes of a node's outputs.

    Args:
        node: The node; it has no sub-graphs.
        schema: The schema whose inference function is used.
        types: Types of its inputs, by name.
        values: Values of those inputs that are known, by name.
        opset_version: Version of the node's operator set.

    Returns:
        Name of each output that onnx could infer -> its type.

    Raises:
        One of INFERENCE_ERRORS: If onnx refuses the node, or must not infer it.
    """
    if breaks_inference(node, types):
        raise onnx.shape_inference.InferenceError(f"An attribute or input of {node.op_type} is out of range.")
    imports = [helper.make_opsetid(node.domain, opset_version)]
    return onnx.shape_inference.infer_node_outputs(schema, node, dict(types), dict(values), opset_imports=imports)


def breaks_inference(node: NodeProto, types: Mapping[str, TypeProto]) -> bool:
    """Return whether onnx must not infer a node, because it omits a check that is made here.

    onnx never finishes reading a malformed equation of Einsum, reads beyond the shape for an axis
    or a number of batch dimensions that no tensor has, and allocates as many outputs as a Split
    names, or as many axes as the target shape of Expand-8 has elements.

    Args:
        node: The node.
        types: Types of its inputs, by name.
    """
    if node.op_type == "Expand" and len(node.input) > 1 and node.input[1] in types:
        target = types[node.input[1]].tensor_type.shape.dim
        if len(target) == 1 and target[0].dim_value > MAX_AXES:
            return True
    for attribute in node.attribute:
        name, value = attribute.name, attribute.i
        if name == "equation" and not _EQUATION.fullmatch(attribute.s.replace(b" ", b"")):
            return True
        if name == "axis" and abs(value) > MAX_AXES:
            return True
        if name == "batch_dims" and not 0 <= value <= MAX_AXES:
            return True
        if name == "num_outputs" and node.op_type == "Split" and value != len(node.output):
            return True
    return False
