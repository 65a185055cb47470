"""How many axes the output of each operator should have: what the operators after it say, passed backwards."""

from __future__ import annotations

from collections.abc import Sequence

from younger_hf.graph.rebuild.completion.completed_operator import Operator

_IMAGES = frozenset(("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"))
_FOUR = frozenset(("DepthToSpace", "SpaceToDepth", "GridSample", "Resize", "BatchNormalization", "GlobalAveragePool"))
_OPAQUE = frozenset(
    (
        *("Reshape", "Flatten", "Shape", "Gather", "GatherND", "MatMul", "Expand", "ConstantOfShape", "Range", "Size"),
        *("NonZero", "OneHot", "Einsum", "ScatterND", "GatherElements", "Tile", "Compress", "Slice"),
    )
)
"""Operators whose output says nothing about the axes of their input, or may have others."""


def wanted_ranks(
    operators: Sequence[Operator], order: Sequence[int], targets: Sequence[Sequence[int]]
) -> tuple[list[int | None], list[int | None]]:
    """The ranks that operators should read and give; None where nothing says.

    Args:
        operators: The operator of each node, [N].
        order: The nodes, sources first, [N].
        targets: What reads from each node, [N].

    Returns:
        Rank of the first input and of the output of each node, [N] each.
    """
    reads: list[int | None] = [None] * len(operators)
    gives: list[int | None] = [None] * len(operators)
    for node in reversed(order):
        asked = [reads[target] for target in targets[node] if reads[target] is not None]
        gives[node] = asked[0] if asked else None
        reads[node] = _read(operators[node], gives[node])
    return reads, gives


def _read(operator: Operator, gives: int | None) -> int | None:
    kind = operator.op_type
    if kind in _IMAGES:
        kernel = operator.get("kernel_shape")
        return 2 + len(kernel) if isinstance(kernel, list) else 4
    if kind in _FOUR:
        return 4
    if kind == "Transpose" and isinstance(operator.get("perm"), list):
        return len(operator.get("perm"))
    if kind == "Gemm":
        return 2
    if kind in ("LSTM", "GRU", "RNN"):
        return 3
    if kind in _OPAQUE or gives is None:
        return _least(operator)
    axes = operator.get("axes")
    count = len(axes) if isinstance(axes, list) else None
    if kind == "Unsqueeze":
        return None if count is None else gives - count
    if kind == "Squeeze" or (kind.startswith("Reduce") and not operator.get("keepdims", 1)):
        return None if count is None else gives + count
    if kind in ("ArgMax", "ArgMin") and not operator.get("keepdims", 1):
        return gives + 1
    return gives


def _least(operator: Operator) -> int | None:
    """Rank that the axes of an operator need: those of a mean over the last two of an image, of a concatenation along the fourth."""
    axes = operator.get("axes", operator.get("axis"))
    listed = axes if isinstance(axes, list) else [axes]
    numbers = [axis for axis in listed if isinstance(axis, int)]
    needed = max((axis + 1 if axis >= 0 else -axis for axis in numbers), default=0)
    return needed if needed >= 3 else None
