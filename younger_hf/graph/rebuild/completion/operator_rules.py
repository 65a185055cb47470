"""The candidates of each operator, by a rule of its own or by the general rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from younger_hf.graph.rebuild.completion import indexing_rules as indexing
from younger_hf.graph.rebuild.completion import reshaping_rules as reshaping
from younger_hf.graph.rebuild.completion import weight_rules as weights
from younger_hf.graph.rebuild.completion.candidates import Candidate, OperatorContext, fill_slots, slot_assignments
from younger_hf.graph.rebuild.completion.tensor_values import constant, is_shape

_OPEN: Mapping[str, Mapping[str, object]] = {
    # attributes that an operator must have but a class without attributes does not specify
    **{name: {"kernel_shape": [1, 1]} for name in ("MaxPool", "AveragePool", "LpPool")},
    **{name: {"blocksize": 1} for name in ("DepthToSpace", "SpaceToDepth")},
    "LRN": {"size": 1},
    "EyeLike": {"dtype": 1},
    "Einsum": {"equation": "...->..."},
}


def general(context: OperatorContext) -> Iterator[Candidate]:
    """Yield every assignment of the edges that their types allow.

    Other required inputs have one element.
    """
    chosen = {} if context.operator.has_attributes else _OPEN.get(context.operator.op_type, {})
    if len(context.edges) == 1 and is_shape(context.edges[0]):
        # Sizes are halved, rounded or multiplied.
        for number in _BESIDE_SIZES.get(context.operator.op_type, ()):
            yield Candidate((context.edges[0], constant([number])), chosen)
    for slots in slot_assignments(context, data_first=False):
        yield Candidate(fill_slots(context, slots), chosen)
        if len(context.edges) == 1:
            return  # another slot of the same type would result in the same shape


_BESIDE_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"Add": (1, 0), "Sub": (1, 0), "Mul": (1, 2), "Div": (2, 1), "Mod": (2, 1)},
    **{"Equal": (-1,), "Greater": (0,), "Less": (0,), "Max": (1,), "Min": (1,)},
}
_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")

RULES: Mapping[str, Callable[[OperatorContext], Iterator[Candidate]]] = {
    "Conv": weights.convolution,
    "ConvTranspose": weights.convolution,
    "Gemm": weights.general_matrix_product,
    "MatMul": weights.matrix_product,
    "BatchNormalization": weights.batch_normalization,
    "InstanceNormalization": weights.instance_normalization,
    "GroupNormalization": weights.group_normalization,
    "LayerNormalization": weights.layer_normalization,
    "PRelu": weights.parametric_relu,
    "LSTM": weights.recurrent,
    "GRU": weights.recurrent,
    "RNN": weights.recurrent,
    "Reshape": reshaping.reshape,
    "Transpose": reshaping.transpose,
    "Unsqueeze": reshaping.unsqueeze,
    "Squeeze": reshaping.squeeze,
    "Split": reshaping.split,
    "Expand": reshaping.expand,
    "Tile": reshaping.tile,
    "Pad": reshaping.pad,
    "Gather": indexing.gather,
    "Slice": indexing.slice_,
    "Concat": indexing.concat,
    "Resize": indexing.resize,
    "Upsample": indexing.resize,
    "TopK": indexing.top_k,
    "CumSum": indexing.cumulative_sum,
    "Range": indexing.range_,
    "Cast": indexing.cast,
    **{f"Reduce{name}": reshaping.reduce for name in _REDUCTIONS},
}
"""Rule of each operator, for ONNX's own operator set."""


def candidates_for(context: OperatorContext) -> Iterator[Candidate]:
    """Yield the ways to complete an operator, likely ones first."""
    rule = general if context.operator.domain else RULES.get(context.operator.op_type, general)
    return rule(context)
