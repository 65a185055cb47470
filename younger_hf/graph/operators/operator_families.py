"""Families of operators with a colour each, for drawings."""

from __future__ import annotations

from typing import NamedTuple


class Family(NamedTuple):
    """Operators of the default domain with a similar purpose.

    Attributes:
        name: Their purpose.
        colour: Fill of a box with dark text.
        members: Operator types.
    """

    name: str
    colour: str
    members: frozenset[str]


def _family(name: str, colour: str, members: str) -> Family:
    return Family(name, colour, frozenset(members.split()))


FAMILIES = (
    _family(
        "convolution, product",
        "#a6cee3",
        "Conv ConvTranspose ConvInteger QLinearConv DeformConv CausalConvWithState Gemm MatMul MatMulInteger "
        "QLinearMatMul Einsum",
    ),
    _family("attention, recurrent", "#cab2d6", "Attention LinearAttention RotaryEmbedding RNN GRU LSTM"),
    _family(
        "activation",
        "#fdbf6f",
        "Relu LeakyRelu PRelu Elu Selu Celu Gelu Mish Sigmoid HardSigmoid HardSwish Swish SwiGLU Tanh Softmax "
        "LogSoftmax Hardmax Softplus Softsign ThresholdedRelu Clip Erf Shrink",
    ),
    _family(
        "normalisation",
        "#b2df8a",
        "BatchNormalization LayerNormalization InstanceNormalization GroupNormalization RMSNormalization LRN "
        "LpNormalization MeanVarianceNormalization Dropout",
    ),
    _family(
        "pooling, reduction",
        "#fb9a99",
        "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool MaxRoiPool RoiAlign MaxUnpool ArgMax "
        "ArgMin TopK CumSum CumProd ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 "
        "ReduceLogSum ReduceLogSumExp ReduceSumSquare",
    ),
    _family(
        "arithmetic, logic",
        "#fff3a3",
        "Add Sub Mul Div Pow Mod Neg Abs Sqrt Exp Log Sin Cos Floor Ceil Round Reciprocal Sign Min Max Mean Sum Where "
        "Equal Greater Less GreaterOrEqual LessOrEqual And Or Not Xor IsNaN IsInf Cast CastLike QuantizeLinear "
        "DequantizeLinear DynamicQuantizeLinear",
    ),
    _family(
        "shape, selection",
        "#d9d9d9",
        "Reshape Transpose Flatten Squeeze Unsqueeze Concat Split Slice Gather GatherElements GatherND ScatterElements "
        "ScatterND Scatter Expand Tile Pad Shape Size Identity Resize Upsample DepthToSpace SpaceToDepth Range "
        "ConstantOfShape OneHot NonZero Trilu CenterCropPad ReverseSequence Compress Unique TensorScatter",
    ),
    _family("control flow", "#e5b3e0", "If Loop Scan SequenceMap"),
)

OTHER = Family("other", "#ffffff", frozenset())
"""Rare operators and those that onnx does not define."""


def family_of(domain: str, op_type: str) -> Family:
    """Return the family of an operator."""
    known = (family for family in FAMILIES if op_type in family.members)
    return OTHER if domain else next(known, OTHER)
