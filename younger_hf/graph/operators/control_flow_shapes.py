"""Shapes across control flow: formal inputs of sub-graphs, outputs of If, Loop and Scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from younger_hf.graph.dag import SubGraph
from younger_hf.graph.values import UNKNOWN, Slots, TensorInfo, completed, in_common, stacked


def control_flow_outputs(
    op_type: str, opset_version: int, attributes: dict[str, Any], subgraphs: Sequence[SubGraph], read: Slots
) -> dict[int, TensorInfo]:
    """Infer the outputs of a control-flow node.

    Args:
        op_type: Its operator.
        opset_version: Version of the operator set.
        attributes: Its canonical attributes.
        subgraphs: Its sub-graphs.
        read: Its inputs, followed by the results of its sub-graphs.
    """
    branches = [
        [read.get(subgraph.first_result + position, UNKNOWN) for position in range(subgraph.num_results)]
        for subgraph in subgraphs
    ]
    results, num_formals = branches[0], len(subgraphs[0].formals)
    if op_type == "If":
        return {slot: in_common(one, other) for slot, (one, other) in enumerate(zip(*branches, strict=True))}
    if op_type == "Loop":
        state = num_formals - 2
        carried = [in_common(read.get(2 + slot, UNKNOWN), result) for slot, result in enumerate(results[1 : 1 + state])]
        return dict(enumerate([*carried, *(stacked(result, -1) for result in results[1 + state :])]))
    if op_type == "Scan" and opset_version >= 9:  # before, a batch dimension came first
        state = num_formals - int(attributes["num_scan_inputs"])
        sequence = read.get(state, UNKNOWN).shape
        iterations = sequence[0] if sequence and _along_first_axis(attributes, "scan_input_axes") else -1
        collected = [stacked(result, iterations) for result in results[state:]]
        if not _along_first_axis(attributes, "scan_output_axes"):
            collected = [TensorInfo(value.dtype) for value in collected]
        return dict(enumerate([*(result._replace(values=None) for result in results[:state]), *collected]))
    if op_type == "SequenceMap":
        return {slot: TensorInfo(f"seq({result.dtype})") for slot, result in enumerate(results) if result.dtype}
    return {}


def formal_value(
    op_type: str, attributes: dict[str, Any], subgraph: SubGraph, position: int, start: TensorInfo
) -> TensorInfo:
    """Infer a formal input of a loop's body in the first iteration.

    Args:
        op_type: The loop's operator.
        attributes: Its canonical attributes.
        subgraph: Its body.
        position: Position of the formal input.
        start: The loop's own input at that position.

    Returns:
        Type and shape; the elements change between iterations.
    """
    _, dtype, shape = subgraph.formals[position]
    first = start._replace(values=None)
    if op_type == "Loop" and position < 2:  # the iteration number and the condition
        first = TensorInfo(start.dtype, ())
    elif op_type == "Scan" and position >= len(subgraph.formals) - int(attributes["num_scan_inputs"]):
        along = start.shape is not None and _along_first_axis(attributes, "scan_input_axes")
        first = TensorInfo(start.dtype, start.shape[1:] if along and start.shape else None)
    elif op_type == "SequenceMap":
        first = TensorInfo(start.dtype.removeprefix("seq(").removesuffix(")"))
    return completed(TensorInfo(dtype, shape), first)


def _along_first_axis(attributes: dict[str, Any], name: str) -> bool:
    return not any(attributes.get(name, ()))
