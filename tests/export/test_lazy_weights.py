"""Models without the memory of their weights."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.export.tiny import PEAK, run_child
from younger_hf.export.lazy_weights import BIG, LazyWeights

FACTORIES = (torch.empty, torch.zeros, torch.rand, torch.randn)


@pytest.mark.heavy
def test_forty_gigabytes_and_copies_of_them_cost_nothing() -> None:
    """They cost less than a thousandth: what remains is the allocator's noise."""
    code = (
        PEAK
        + """
import copy, torch
from younger_hf.export.lazy_weights import LazyWeights
before = peak()
with LazyWeights():
    layer = torch.nn.Linear(100_000, 100_000)
    twin = copy.deepcopy(layer)
print(tuple(twin.weight.shape), float(twin.weight[-1, -1]), int(peak() - before))
"""
    )
    shape, value, cost = run_child(code).strip().rsplit(" ", 2)
    assert ("(100000, 100000)", "0.0") == (shape, value)
    assert int(cost) < 40


@given(
    factory=st.sampled_from(FACTORIES),
    shape=st.lists(st.integers(0, 60), max_size=3).map(tuple),
    dtype=st.sampled_from([None, torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    requires_grad=st.booleans(),
    as_keyword=st.booleans(),
)
def test_a_lazy_tensor_looks_like_a_real_one(
    factory: object, shape: tuple[int, ...], dtype: torch.dtype | None, requires_grad: bool, as_keyword: bool
) -> None:
    arguments = {"args": (), "kwargs": {"size": shape}} if as_keyword else {"args": shape or ((),), "kwargs": {}}
    arguments["kwargs"] |= {"dtype": dtype, "requires_grad": requires_grad}
    real = factory(*arguments["args"], **arguments["kwargs"])
    with LazyWeights():
        lazy = factory(*arguments["args"], **arguments["kwargs"])
    for field in ("shape", "dtype", "requires_grad", "is_leaf"):
        assert getattr(real, field) == getattr(lazy, field)
    assert real.stride() == lazy.stride()
    assert lazy.numel() <= BIG or not lazy.any()


def test_filling_a_big_tensor_does_nothing() -> None:
    with LazyWeights():
        weight = torch.empty(BIG + 1)
        weight.normal_()
        nn.init.kaiming_uniform_(weight.view(1, -1))
        weight[3] = 1
        weight += 1
        weight.data.copy_(torch.ones(1).expand(BIG + 1))
        torch.add(weight, 1, out=weight)
        linear = nn.Linear(200, 200)
    assert not weight.any()
    assert not linear.weight.any()


def test_small_tensors_are_initialised_as_usual() -> None:
    torch.manual_seed(0)
    expected = nn.Linear(20, 20)
    torch.manual_seed(0)
    with LazyWeights():
        actual = nn.Linear(20, 20)
        filled = nn.init.constant_(torch.empty(BIG), 3)
        filled[0] = 4
        filled += 1
        norm = nn.BatchNorm2d(64)
    assert torch.equal(expected.weight, actual.weight)
    assert torch.equal(expected.bias, actual.bias)
    assert [5.0, 4.0, 4.0] == filled[:3].tolist()
    assert torch.equal(torch.ones(64), norm.running_var)
    assert torch.equal(torch.ones(64), norm.weight)


def test_big_tensors_of_whole_numbers_keep_their_values() -> None:
    with LazyWeights():
        filled = torch.zeros(BIG + 1, dtype=torch.int64).fill_(7)
        counted = torch.arange(BIG + 1)
        mask = torch.ones(BIG + 1, dtype=torch.bool)
    assert 7 * (BIG + 1) == int(filled.sum())
    assert BIG == int(counted[-1])
    assert bool(mask.all())


def test_computed_buffers_keep_their_values() -> None:
    """Rotary frequencies as in Su et al., RoFormer (2021), section 3.2.2: base^(-2i/d)."""
    llama = transformers.LlamaConfig(num_hidden_layers=1)
    bert = transformers.BertConfig(num_hidden_layers=1)
    with LazyWeights():
        rotary = transformers.AutoModel.from_config(llama).rotary_emb
        embeddings = transformers.AutoModel.from_config(bert).embeddings
    head = llama.hidden_size // llama.num_attention_heads
    torch.testing.assert_close(10_000.0 ** (-torch.arange(0, head, 2) / head), rotary.inv_freq)
    assert list(range(bert.max_position_embeddings)) == embeddings.position_ids.flatten().tolist()
    assert not embeddings.word_embeddings.weight.any()


def test_tied_weights_stay_tied_and_others_apart() -> None:
    with LazyWeights():
        first, second = nn.Linear(200, 200, bias=False), nn.Linear(200, 200, bias=False)
        second.weight = first.weight
        model = nn.Sequential(first, second, nn.Linear(200, 200, bias=False))
        twin = copy.deepcopy(model)
    assert 2 == len(list(model.parameters()))
    assert 2 == len(list(twin.parameters()))
    assert twin[0].weight is twin[1].weight
    assert twin[0].weight is not model[0].weight


def test_a_big_weight_created_in_another_way_becomes_lazy_once_filled() -> None:
    with LazyWeights():
        weight = nn.Parameter(torch.FloatTensor(200, 200))
        nn.init.normal_(weight)
    assert not weight.any()
    assert weight.requires_grad


def test_functions_that_change_the_shape_in_place_still_do() -> None:
    with LazyWeights():
        weight = torch.empty(300, 200)
        weight.t_()
        weight.unsqueeze_(0)
    assert (1, 200, 300) == tuple(weight.shape)


def test_other_devices_are_left_alone() -> None:
    with LazyWeights():
        assert torch.empty(BIG + 1, device="meta").is_meta
        assert torch.empty_like(torch.empty(BIG + 1, device="meta")).is_meta


def test_after_the_context_all_is_as_before() -> None:
    with LazyWeights():
        lazy = torch.zeros(BIG + 1)
    real = torch.zeros(BIG + 1).fill_(1)
    assert BIG + 1 == int(real.sum())
    assert real.untyped_storage().data_ptr() != lazy.untyped_storage().data_ptr()
    assert nn.Linear(200, 200).weight.any()
    assert not lazy.any()


def test_the_context_ends_after_a_failure_too() -> None:
    with pytest.raises(ZeroDivisionError), LazyWeights():
        raise ZeroDivisionError
    assert BIG + 1 == int(torch.zeros(BIG + 1).fill_(1).sum())
