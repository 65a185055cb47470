"""Which proposals an operator gets: its own rule, or the general one of an operator whose inputs all have one element or are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from younger_hf.graph.rebuild.completion import indexing_rules as indexing
from younger_hf.graph.rebuild.completion import reshaping_rules as reshaping
from younger_hf.graph.rebuild.completion import weight_rules as weights
from younger_hf.graph.rebuild.completion.candidates import Place, Proposal, arrangements, complete
from younger_hf.graph.rebuild.completion.tensor_values import constant, is_shape

_OPEN: Mapping[str, Mapping[str, object]] = {
    # what a class without attributes must be given
    **{name: {"kernel_shape": [1, 1]} for name in ("MaxPool", "AveragePool", "LpPool")},
    **{name: {"blocksize": 1} for name in ("DepthToSpace", "SpaceToDepth")},
    "LRN": {"size": 1},
    "EyeLike": {"dtype": 1},
    "Einsum": {"equation": "...->..."},
}


def general(place: Place) -> Iterator[Proposal]:
    """What is read in every order that its types allow; whatever else is required has one element."""
    chosen = {} if place.operator.says_attributes else _OPEN.get(place.operator.op_type, {})
    if len(place.edges) == 1 and is_shape(place.edges[0]):
        # What is done with a size: halved, rounded, taken a number of times.
        for number in _BESIDE_SIZES.get(place.operator.op_type, ()):
            yield Proposal((place.edges[0], constant([number])), chosen)
    for slots in arrangements(place, data_first=False):
        yield Proposal(complete(place, slots), chosen)
        if len(place.edges) == 1:
            return  # in another slot of the same type it would have the same shape


_BESIDE_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"Add": (1, 0), "Sub": (1, 0), "Mul": (1, 2), "Div": (2, 1), "Mod": (2, 1)},
    **{"Equal": (-1,), "Greater": (0,), "Less": (0,), "Max": (1,), "Min": (1,)},
}
_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")

RULES: Mapping[str, Callable[[Place], Iterator[Proposal]]] = {
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
"""Operator -> its rule, for those of ONNX's own operator set."""


def proposals(place: Place) -> Iterator[Proposal]:
    """The ways to complete an operator, likely ones first."""
    rule = general if place.operator.domain else RULES.get(place.operator.op_type, general)
    return rule(place)
