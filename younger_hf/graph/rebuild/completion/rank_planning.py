"""Plan the number of axes of each output from what the operators after it require."""

from __future__ import annotations

from collections.abc import Sequence

from younger_hf.graph.rebuild.completion.completed_operator import Operator

_IMAGES = frozenset(("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"))
_IMAGE_ONLY = ("DepthToSpace", "SpaceToDepth", "GridSample", "Resize", "BatchNormalization", "GlobalAveragePool")
_FIXED = {**dict.fromkeys(_IMAGE_ONLY, 4), "Gemm": 2, **dict.fromkeys(("LSTM", "GRU", "RNN"), 3)}
"""Operators whose input has a fixed number of axes, always or in practice."""
_OPAQUE = frozenset(
    (
        *("Reshape", "Flatten", "Shape", "Gather", "GatherND", "MatMul", "Expand", "ConstantOfShape", "Range", "Size"),
        *("NonZero", "OneHot", "Einsum", "ScatterND", "GatherElements", "Tile", "Compress", "Slice"),
    )
)
"""Operators whose output does not determine the axes of their input."""


def plan_ranks(
    operators: Sequence[Operator], order: Sequence[int], targets: Sequence[Sequence[int]]
) -> tuple[list[int | None], list[int | None]]:
    """Plan the ranks of inputs and outputs.

    Args:
        operators: The operator of each node, [N].
        order: The nodes in topological order, [N].
        targets: The nodes that read from each node, [N].

    Returns:
        Rank of the first input and of the output of each node, [N] each; None if nothing determines
        it.
    """
    inputs: list[int | None] = [None] * len(operators)
    outputs: list[int | None] = [None] * len(operators)
    for node in reversed(order):
        outputs[node] = next((inputs[target] for target in targets[node] if inputs[target] is not None), None)
        inputs[node] = _input_rank(operators[node], outputs[node])
    return inputs, outputs


def _input_rank(operator: Operator, output_rank: int | None) -> int | None:
    kind = operator.op_type
    if kind in _IMAGES:
        kernel = operator.get("kernel_shape")
        return 2 + len(kernel) if isinstance(kernel, list) else 4
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "Transpose" and isinstance(operator.get("perm"), list):
        return len(operator.get("perm"))
    if kind in _OPAQUE or output_rank is None:
        return _rank_of_axes(operator)
    return _rank_before(operator, output_rank)


def _rank_before(operator: Operator, output_rank: int) -> int | None:
    """Rank of the input of an operator that adds, removes or keeps axes."""
    kind, axes = operator.op_type, operator.get("axes")
    count = len(axes) if isinstance(axes, list) else None
    removes = not operator.get("keepdims", 1)
    if kind == "Unsqueeze":
        return None if count is None else output_rank - count
    if kind == "Squeeze" or (kind.startswith("Reduce") and removes):
        return None if count is None else output_rank + count
    return output_rank + (kind in ("ArgMax", "ArgMin") and removes)


def _rank_of_axes(operator: Operator) -> int | None:
    """Rank required by the axes that an operator names, if that is at least 3."""
    axes = operator.get("axes", operator.get("axis"))
    listed = axes if isinstance(axes, list) else [axes]
    numbers = [axis for axis in listed if isinstance(axis, int)]
    needed = max((axis + 1 if axis >= 0 else -axis for axis in numbers), default=0)
    return needed if needed >= 3 else None
