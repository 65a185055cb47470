"""Shapes across control flow: what a body sees of its loop's inputs, and what the results of branches and bodies give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from younger_hf.graph.dag import SubGraph
from younger_hf.graph.values import UNKNOWN, Slots, TensorInfo, both, either, stacked


def control_flow_outputs(
    op_type: str, opset_version: int, attributes: dict[str, Any], subgraphs: Sequence[SubGraph], read: Slots
) -> dict[int, TensorInfo]:
    """What is known of the outputs of a control-flow node.

    Args:
        op_type: Its operator.
        opset_version: Version of the operator set.
        attributes: Its canonical attributes.
        subgraphs: Its sub-graphs.
        read: Its own inputs, and the results of its sub-graphs behind them.
    """
    branches = [
        [read.get(subgraph.first_result + position, UNKNOWN) for position in range(subgraph.num_results)]
        for subgraph in subgraphs
    ]
    results, num_formals = branches[0], len(subgraphs[0].formals)
    if op_type == "If":
        return {slot: both(one, other) for slot, (one, other) in enumerate(zip(*branches, strict=True))}
    if op_type == "Loop":
        state = num_formals - 2
        kept = [both(read.get(2 + slot, UNKNOWN), result) for slot, result in enumerate(results[1 : 1 + state])]
        return dict(enumerate([*kept, *(stacked(result, -1) for result in results[1 + state :])]))
    if op_type == "Scan" and opset_version >= 9:  # before, a batch dimension came first
        state = num_formals - int(attributes["num_scan_inputs"])
        sequence = read.get(state, UNKNOWN).shape
        turns = sequence[0] if sequence and _along_first_axis(attributes, "scan_input_axes") else -1
        collected = [stacked(result, turns) for result in results[state:]]
        if not _along_first_axis(attributes, "scan_output_axes"):
            collected = [TensorInfo(value.dtype) for value in collected]
        return dict(enumerate([*(TensorInfo(result.dtype, result.shape) for result in results[:state]), *collected]))
    if op_type == "SequenceMap":
        return {slot: TensorInfo(f"seq({result.dtype})") for slot, result in enumerate(results) if result.dtype}
    return {}


def formal_value(
    op_type: str, attributes: dict[str, Any], subgraph: SubGraph, position: int, start: TensorInfo
) -> TensorInfo:
    """What is known of a formal input in the first turn.

    Args:
        op_type: The loop's operator.
        attributes: Its canonical attributes.
        subgraph: Its body.
        position: Which formal input.
        start: What the loop itself reads there.

    Returns:
        Type and shape; the values change from turn to turn.
    """
    _, dtype, shape = subgraph.formals[position]
    first = TensorInfo(start.dtype, start.shape)
    if op_type == "Loop" and position < 2:  # the turn's number and the condition
        first = TensorInfo(start.dtype, ())
    elif op_type == "Scan" and position >= len(subgraph.formals) - int(attributes["num_scan_inputs"]):
        along = start.shape is not None and _along_first_axis(attributes, "scan_input_axes")
        first = TensorInfo(start.dtype, start.shape[1:] if along and start.shape else None)
    elif op_type == "SequenceMap":
        first = TensorInfo(start.dtype.removeprefix("seq(").removesuffix(")"))
    return either(TensorInfo(dtype, shape), first)


def _along_first_axis(attributes: dict[str, Any], name: str) -> bool:
    return not any(attributes.get(name, ()))
