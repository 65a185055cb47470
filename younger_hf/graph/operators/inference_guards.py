"""Pitfalls: nodes on which onnx's own inference never ends, takes all memory or crashes the process, instead of an error."""

from __future__ import annotations

import re
from collections.abc import Mapping

import onnx

LARGEST_AXIS = 64
"""No tensor has more axes that anything here follows."""

_EQUATION = re.compile(rb"{0}(,{0})*(->{0})?".replace(b"{0}", rb"[A-Za-z]*(\.{3}[A-Za-z]*)?"))
"""An equation of Einsum without spaces: terms of letters, in each at most one ellipsis."""


def breaks_inference(node: onnx.NodeProto, types: Mapping[str, onnx.TypeProto]) -> bool:
    """Whether `onnx.shape_inference.infer_node_outputs` must not see a node. It does not check what is asked here.

    An Einsum whose equation is none is read forever; an axis or a number of batch dimensions that no tensor has is read
    beyond the shape; a Split that names another number of outputs than it has gets room for as many as it names,
    and so does Expand-8 for as many axes as its target shape has elements.

    Args:
        node: The node.
        types: Name of a value -> its type, as `infer_node_outputs` is given them.
    """
    if node.op_type == "Expand" and len(node.input) > 1 and node.input[1] in types:
        target = types[node.input[1]].tensor_type.shape.dim
        if len(target) == 1 and target[0].dim_value > LARGEST_AXIS:
            return True
    for attribute in node.attribute:
        name, value = attribute.name, attribute.i
        if name == "equation" and not _EQUATION.fullmatch(attribute.s.replace(b" ", b"")):
            return True
        if name == "axis" and abs(value) > LARGEST_AXIS:
            return True
        if name == "batch_dims" and not 0 <= value <= LARGEST_AXIS:
            return True
        if name == "num_outputs" and node.op_type == "Split" and value != len(node.output):
            return True
    return False
