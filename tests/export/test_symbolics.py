"""Every operator added to the TorchScript exporter, run in onnxruntime and compared with torch."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from younger_hf.export.symbolics import ALWAYS, SYMBOLICS, extra_symbolics

onnxruntime = pytest.importorskip("onnxruntime")

Function = Callable[..., Any]


class Applies(nn.Module):
    """A function as a module."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def exported(function: Function, inputs: tuple[Tensor, ...], opset: int) -> onnx.ModelProto:
    file = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = [f"input_{i}" for i in range(len(inputs))]
        torch.onnx.export(
            Applies(function).eval(),
            inputs,
            file,  # type: ignore[arg-type]  # a file works here, though the signature does not say so
            dynamo=False,
            opset_version=opset,
            input_names=names,
        )
    return onnx.load_model_from_string(file.getvalue())


def seeded(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


X, Y = seeded(2, 5, 6), seeded(2, 5, 6, seed=1)
N, M = (torch.arange(60).view(2, 5, 6) * 7 % 11, torch.arange(60).view(2, 5, 6) * 5 % 13)
B, C = X > 0, Y > 0
EDGES = torch.tensor([-1.0, -0.5, 0.0, 0.5])
ON_EDGES = torch.tensor([[-2.0, -1.0, -0.7], [0.0, 0.5, 3.0]])
IMAGE = seeded(1, 4, 8, 9)
Q, KV = seeded(1, 4, 5, 8), seeded(1, 2, 5, 8)

CASES: dict[str, tuple[Function, tuple[Tensor, ...], int]] = {
    "rms_norm": (lambda x: functional.rms_norm(x, (6,), torch.arange(6.0), 1e-3), (X,), 17),
    "rms_norm of two axes without weight": (lambda x: functional.rms_norm(x, (5, 6)), (X,), 17),
    "rms_norm in half precision": (lambda x: functional.rms_norm(x, (6,), torch.arange(6).half()), (X.half(),), 17),
    "rms_norm later": (lambda x: functional.rms_norm(x, (6,)), (X,), 18),
    "diff": (lambda x: torch.diff(x), (X,), 17),
    "diff twice along an axis": (lambda x: torch.diff(x, 2, 1), (N,), 17),
    "diff with ends": (lambda x, y: torch.diff(x, dim=0, prepend=y[:1], append=y[1:]), (X, Y), 17),
    "diff of booleans": (lambda x: torch.diff(x), (B,), 17),
    "isin": (lambda x: torch.isin(x, torch.tensor([3, 4])), (N,), 17),
    "isin another type, not": (lambda x: torch.isin(x, torch.tensor([3], dtype=torch.int32), invert=True), (N,), 17),
    "isin a number": (lambda x: torch.isin(x, 3), (N,), 17),
    "__or_": (lambda x, y: x | y, (B, C), 17),
    "__or_ of integers": (lambda x, y: x | y, (N, M), 18),
    "__or_ with a number": (lambda x: x | 5, (N,), 18),
    "__ior_": (lambda x, y: x.clone().__ior__(y), (B, C), 17),
    "bitwise_or": (torch.bitwise_or, (N, M), 18),
    "__and_": (lambda x, y: x & y, (B, C), 17),
    "__iand_": (lambda x, y: x.clone().__iand__(y), (B, C), 17),
    "bitwise_and": (torch.bitwise_and, (N, M), 18),
    "bitwise_and of booleans": (torch.bitwise_and, (B, C), 17),
    "__xor_": (lambda x, y: x ^ y, (B, C), 17),
    "__ixor_": (lambda x, y: x.clone().__ixor__(y), (B, C), 17),
    "bitwise_xor": (torch.bitwise_xor, (N, M), 18),
    "bitwise_not": (lambda x: ~x, (B,), 17),
    "bitwise_not of integers": (lambda x: ~x, (N,), 18),
    "searchsorted": (lambda x: torch.searchsorted(EDGES, x), (ON_EDGES,), 17),
    "searchsorted right": (lambda x: torch.searchsorted(EDGES, x, right=True), (ON_EDGES,), 17),
    "searchsorted side": (lambda x: torch.searchsorted(EDGES, x, side="right", out_int32=True), (ON_EDGES,), 17),
    "searchsorted in rows": (lambda e, x: torch.searchsorted(e.sort(-1)[0], x), (X, Y), 17),
    "take_along_dim": (lambda x, i: torch.take_along_dim(x, i % 5, 1), (X, N), 17),
    "take_along_dim broadcast": (lambda x, i: torch.take_along_dim(x, i[:1, :2] % 5, 1), (X, N), 17),
    "take_along_dim of all": (lambda x, i: torch.take_along_dim(x, i), (X, N), 17),
    "sort": (lambda x: torch.sort(x, dim=1, stable=True), (N,), 17),
    "sort descending": (lambda x: torch.sort(x, dim=1, descending=True, stable=True), (N,), 17),
    "sort unstable": (lambda x: torch.sort(x, dim=1), (X,), 17),
    "argsort": (lambda x: torch.argsort(x, dim=1, stable=True), (N,), 17),
    "argsort unstable": (lambda x: torch.argsort(x, 1, True), (X,), 17),
    "histc": (lambda x: torch.histc(x, bins=7, min=-1.0, max=1.0), (torch.cat([X.flatten(), EDGES, -EDGES]),), 17),
    "histc of whole numbers": (lambda x: torch.histc(x.float(), bins=9, min=0, max=8), (N,), 17),
    "adaptive_avg_pool1d": (lambda x: functional.adaptive_avg_pool1d(x, 4), (X,), 17),
    "adaptive_avg_pool2d": (lambda x: functional.adaptive_avg_pool2d(x, (3, 4)), (IMAGE,), 17),
    "adaptive_avg_pool2d of alike windows": (lambda x: functional.adaptive_avg_pool2d(x, (7, 2)), (IMAGE,), 17),
    "adaptive_avg_pool2d to more": (lambda x: functional.adaptive_avg_pool2d(x, (10, 9)), (IMAGE,), 18),
    "adaptive_avg_pool2d of one": (lambda x: functional.adaptive_avg_pool2d(x, (3, 2)), (IMAGE[..., :1, :1],), 17),
    "adaptive_avg_pool2d side by side": (lambda x: functional.adaptive_avg_pool2d(x, (4, 3)), (IMAGE,), 17),
    "adaptive_avg_pool3d": (lambda x: functional.adaptive_avg_pool3d(x, (3, 5, 4)), (IMAGE,), 17),
    "adaptive_max_pool1d": (lambda x: functional.adaptive_max_pool1d(x, 4), (X,), 17),
    "adaptive_max_pool2d": (lambda x: functional.adaptive_max_pool2d(x, (3, 4)), (IMAGE,), 17),
    "adaptive_max_pool2d of alike windows": (lambda x: functional.adaptive_max_pool2d(x, (7, 2)), (IMAGE,), 17),
    "adaptive_max_pool3d": (lambda x: functional.adaptive_max_pool3d(x, (3, 5, 4)), (IMAGE,), 17),
    "unfold": (lambda x: x.unfold(1, 2, 1), (X,), 17),
    "unfold of unknown size": (
        lambda x: functional.pad(x, (1, 2, 1, 2)).unfold(2, 3, 2).unfold(-2, 4, 3),
        (IMAGE,),
        17,
    ),
    "col2im": (lambda x: functional.fold(x, (4, 5), 2), (seeded(1, 12, 12),), 18),
    "col2im of unknown size": (
        lambda x, y: functional.fold(x, functional.pad(y, (1, 0)).shape[1:], 2, padding=(1, 0), stride=(2, 3)),
        (seeded(1, 12, 6), X[:, :4, :5]),
        18,
    ),
    "_upsample_bilinear2d_aa": (
        lambda x: functional.interpolate(x, (5, 4), mode="bilinear", antialias=True),
        (IMAGE,),
        18,
    ),
    "_upsample_bicubic2d_aa": (
        lambda x: functional.interpolate(x, (5, 4), mode="bicubic", antialias=True),
        (IMAGE,),
        18,
    ),
    "_upsample_bicubic2d_aa to a computed size": (
        lambda x, y: functional.interpolate(x, y.shape[2:], mode="bicubic", antialias=True),
        (IMAGE, functional.pad(IMAGE, (-2, -2, -2, -1))),
        18,
    ),
    "_upsample_nearest_exact2d": (lambda x: functional.interpolate(x, (13, 7), mode="nearest-exact"), (IMAGE,), 17),
    "scaled_dot_product_attention": (functional.scaled_dot_product_attention, (Q, Q, Q), 17),
    "scaled_dot_product_attention, causal": (
        lambda q, k: functional.scaled_dot_product_attention(q, k, k, is_causal=True, scale=0.3),
        (Q, Q),
        17,
    ),
    "scaled_dot_product_attention, grouped": (
        lambda q, k: functional.scaled_dot_product_attention(q, k, k + 1, enable_gqa=True),
        (Q, KV),
        17,
    ),
    "scaled_dot_product_attention, grouped with mask": (
        lambda q, k, m: functional.scaled_dot_product_attention(q, k, k, m, enable_gqa=True),
        (Q, KV, torch.ones(5, 5).tril().bool()),
        17,
    ),
    "diag_embed": (torch.diag_embed, (X,), 17),
    "channel_shuffle": (lambda x: functional.channel_shuffle(x, 2), (IMAGE,), 17),
    "native_channel_shuffle": (lambda x: functional.native_channel_shuffle(x, 2), (IMAGE,), 17),
    "inner": (torch.inner, (X[0], Y[1]), 17),
    "inner of rows": (torch.inner, (X[0, 0], Y[0, 0]), 17),
    "vdot": (torch.vdot, (X[0, 0], Y[0, 0]), 17),
    "linalg_vecdot": (lambda x, y: torch.linalg.vecdot(x, y, dim=1), (X, Y), 17),
    "mT": (lambda x: x.mT, (X,), 17),
    "mH": (lambda x: x.mH, (X,), 17),
    "adjoint": (lambda x: x.adjoint(), (X,), 17),
    "ravel": (lambda x: x.ravel(), (X,), 17),
    "flipud": (torch.flipud, (X,), 17),
    "fliplr": (torch.fliplr, (X,), 17),
    "addcdiv": (lambda x, y: torch.addcdiv(x, x, y, value=0.5), (X, Y), 17),
    "addcdiv of one": (lambda x, y: torch.addcdiv(x, x, y), (X, Y), 17),
    "threshold": (lambda x: functional.threshold(x, 0.2, 7.0), (X,), 17),
    "hypot": (torch.hypot, (X, Y), 17),
    "logaddexp": (torch.logaddexp, (X, Y), 17),
    **{name: (getattr(torch, name), (X,), 17) for name in ("exp2", "expm1", "erfc", "trunc", "frac")},
    **{name: (getattr(torch, name), (X,), 17) for name in ("deg2rad", "rad2deg", "sinh", "cosh", "asinh")},
    "acosh": (torch.acosh, (X.abs() + 1,), 17),
    "atanh": (torch.atanh, (X.tanh(),), 17),
}
"""`operator` or `operator: special case` -> function, inputs, and minimal operator set version."""


@pytest.mark.heavy
@pytest.mark.parametrize("name", CASES)
def test_the_exported_graph_computes_what_torch_does(name: str) -> None:
    function, inputs, opset = CASES[name]
    with extra_symbolics(opset):
        model = exported(function, inputs, opset)
    assert {""} == {node.domain for node in model.graph.node}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    read = {value.name for value in session.get_inputs()}  # not one whose size alone is looked at
    feed = {name: value.numpy() for i, value in enumerate(inputs) if (name := f"input_{i}") in read}
    expected = function(*inputs)
    for wanted, actual in zip(
        expected if isinstance(expected, tuple) else [expected], session.run(None, feed), strict=True
    ):
        assert (wanted.numpy().dtype, tuple(wanted.shape)) == (actual.dtype, actual.shape)
        np.testing.assert_allclose(actual, wanted.numpy(), rtol=2e-3 if wanted.dtype == torch.half else 1e-4, atol=1e-5)


def test_every_symbolic_is_tested() -> None:
    assert set(SYMBOLICS) - set(ALWAYS) == {name.split(" ")[0].rstrip(",") for name in CASES}
