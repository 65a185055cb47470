"""Running a model without its arithmetic: equal shapes, layouts and graphs at almost no cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.export.tiny import PEAK, run_child
from younger_hf.export.lazy_weights import BIG
from younger_hf.export.skipped_kernels import skip_arithmetic

F = torch.nn.functional


def same_form(one: Any, other: Any) -> bool:
    """Whether tensors agree in everything but their numbers."""
    if isinstance(one, tuple):
        return all(map(same_form, one, other))
    return (one.shape, one.dtype, one.stride()) == (other.shape, other.dtype, other.stride())


@pytest.mark.heavy
@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(1, 3),
    groups=st.integers(1, 3),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    transposed=st.booleans(),
    batched=st.booleans(),
)
def test_convolutions_have_the_shape_of_torch(
    axes: int, groups: int, kernel: int, stride: int, padding: int, dilation: int, transposed: bool, batched: bool
) -> None:
    name = f"conv{'_transpose' if transposed else ''}{axes}d"
    weight = torch.rand(2 * groups, 2, *[kernel] * axes)
    image = torch.rand(*([3] if batched else []), 2 * groups, *[9] * axes)
    arguments = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    call = getattr(F, name)
    expected = call(image, weight, **arguments)
    with skip_arithmetic():
        found = call(image, weight, **arguments)
    assert expected.shape == found.shape
    assert 0 == found.count_nonzero()


BIG_ROWS = BIG // 8
CALLS: dict[str, Callable[[torch.Tensor], Any]] = {
    "linear": lambda x: F.linear(x, torch.rand(5, x.shape[-1]), torch.rand(5)),
    "matmul": lambda x: x[:300] @ x[:300].mT,
    "bmm": lambda x: torch.bmm(x[None, :300], x[:300].mT[None]),
    "baddbmm": lambda x: torch.baddbmm(torch.rand(1, 1, 1, dtype=x.dtype), x[None, :300], x[:300].mT[None]),
    "softmax": lambda x: x.softmax(-1),
    "gelu": F.gelu,
    "silu": F.silu,
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "add": lambda x: x + x,
    "add a number": lambda x: x + 1.5,
    "subtract a row": lambda x: x - x[:1],
    "multiply by integers": lambda x: x * torch.arange(x.shape[-1]),
    "multiply an axis in": lambda x: x * torch.rand(3, 1, 1),
    "divide": lambda x: x / 3,
    "divide and round": lambda x: torch.div(x, 3, rounding_mode="floor"),
    "transposed": lambda x: (x.mT + 1).mT,
    "relu": F.relu,
    "attention": lambda x: F.scaled_dot_product_attention(x[None, :64], x[None, :32], x[None, :32]),
    "attention with a bias": lambda x: F.scaled_dot_product_attention(
        x[None, :9], x[None, :9], x[None, :9], x[:9] @ x[:9].mT
    ),
    "clone": lambda x: x.mT.clone(),
    "contiguous": lambda x: x.mT.contiguous(),
    "reshape": lambda x: x.mT.reshape(-1, 4),
    "cat": lambda x: torch.cat([x, x, x], -1),
    "cat with nothing": lambda x: torch.cat([torch.empty(0, dtype=x.dtype), x]),
    "cat of kinds": lambda x: torch.cat([x.double(), x.float()]),
    "stack": lambda x: torch.stack([x, x], 1),
    "in double": lambda x: x + torch.rand(1, x.shape[-1], dtype=torch.float64),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("rows", [2, BIG_ROWS], ids=["small", "big"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_results_have_the_layout_of_torch(call: Callable[[Any], Any], rows: int, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.rand(rows, 16, dtype=dtype)
    if call is CALLS["linear"]:
        x = x.float()
    expected = call(x)
    with skip_arithmetic():
        found = call(x)
    assert same_form(expected, found)


@pytest.mark.parametrize(
    "call",
    [
        lambda i: i + i,
        lambda i: i * 3 - 1,
        lambda i: i / 2,
        lambda i: torch.div(i, 2, rounding_mode="floor"),
        lambda i: torch.div(i, 2, rounding_mode="trunc"),
        lambda i: i @ i.mT,
        lambda i: i.float() * 0.5 + 1,
        lambda i: torch.add(i, i, alpha=3),
        lambda i: i + 0.5,
        lambda i: i % 3 + (i > 4),
        lambda i: (i - 3).relu(),
        lambda i: torch.cat([i, i + 1], 1),
        lambda i: torch.cat([i, i.float()]),
        lambda i: i.T.contiguous(),
        lambda i: (i.float() - 3).relu().clone(),
    ],
)
def test_integers_and_small_tensors_are_computed_as_usual(call: Callable[[Any], Any]) -> None:
    """Shapes, positions and frequencies follow from them."""
    integers = torch.arange(12).view(3, 4)
    expected = call(integers)
    with skip_arithmetic():
        found = call(integers)
    assert expected.dtype == found.dtype
    assert torch.equal(expected, found)


def test_big_tensors_of_integers_are_computed_as_well() -> None:
    integers = torch.arange(4 * BIG)
    with skip_arithmetic():
        assert 4 * BIG + 6 == int((integers * 1 + 7)[-1])


def test_afterwards_everything_is_as_before() -> None:
    """This holds after a failure, too."""
    x = torch.full((200, 200), 2.0)

    def fail() -> None:
        with skip_arithmetic():
            raise ZeroDivisionError(int((x @ x).sum()))

    with pytest.raises(ZeroDivisionError, match="0"):
        fail()
    assert 800 == (x @ x)[0, 0]
    assert 4 == (x + x)[0, 0]
    assert 0.005 == pytest.approx(float(x.softmax(-1)[0, 0]))


@pytest.mark.heavy
def test_skipped_results_take_no_memory() -> None:
    """40 results of 400 MB each."""
    code = (
        PEAK
        + """
import torch
from younger_hf.export.skipped_kernels import skip_arithmetic
from younger_hf.export.lazy_weights import LazyWeights
with LazyWeights():
    x = torch.zeros(10_000, 10_000)
with skip_arithmetic():
    before, kept = peak(), []
    for _ in range(10):
        kept += [x @ x, x + x, x.softmax(-1), torch.nn.functional.gelu(x)]
    print(int(peak() - before))
"""
    )
    assert int(run_child(code).splitlines()[-1]) < 60
