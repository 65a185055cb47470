"""Multiply-accumulates, compared with torch's counts, published numbers, and their definitions."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from tests.export.tiny import TINY, Recipe, export_transformers, exported, real_module, recipe
from tests.graph.models import LIGHT, parse
from younger_hf import from_onnx
from younger_hf.graph.operators.flops import Compute, count_macs
from younger_hf.graph.read.extract import extract
from younger_hf.sources.libraries.transformers_models.inputs import make_inputs

HEAD = '<ir_version: 10, opset_import: ["" : {}, "com.microsoft" : 1, "ai.onnx.ml" : 3]>\n'


def compute(text: str, dynamic_size: int = 1, opset: int = 17) -> Compute:
    return count_macs(from_onnx(parse(HEAD.format(opset) + text)), dynamic_size)


def flops_of_torch(module: torch.nn.Module, device: str) -> int:
    """The count of torch's own counter for one forward pass on the example input of an export."""
    inputs, extra = make_inputs(module, module.config)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(**{name: value.to(device) for name, value in inputs.items()}, **extra)
    return counter.get_total_flops()


@pytest.mark.heavy
@pytest.mark.parametrize("name", TINY)
def test_flops_are_those_that_torch_counts_for_the_module(name: str) -> None:
    actual = count_macs(extract(exported(name)))
    assert {} == actual.uncounted
    assert flops_of_torch(real_module(name), "cpu") == actual.flops


@pytest.mark.slow
@pytest.mark.parametrize(
    "model_recipe",
    [
        recipe("gpt2", "AutoModelForCausalLM"),
        recipe("vit", "AutoModelForImageClassification"),
        recipe("resnet", "AutoModelForImageClassification"),
        recipe("swin", "AutoModelForImageClassification"),
        recipe("convnext", "AutoModelForImageClassification"),
    ],
    ids=lambda model_recipe: model_recipe["model_type"],
)
def test_flops_of_full_size_are_those_that_torch_counts_without_weights(model_recipe: Recipe) -> None:
    with torch.device("meta"):
        config = transformers.CONFIG_MAPPING[model_recipe["model_type"]]()
        module = (
            getattr(transformers, model_recipe["auto_class"]).from_config(config, attn_implementation="eager").eval()
        )
    assert flops_of_torch(module, "meta") == count_macs(extract(export_transformers(model_recipe))).flops


@pytest.mark.parametrize(
    ("name", "gigamacs"),
    [  # weight-layer MACs at 224 x 224 as fvcore and torchvision's model cards give them
        ("resnet50", 4.089),
        ("vgg19", 19.632),
        ("densenet121", 2.834),
        ("squeezenet", 0.349),
    ],
)
def test_known_models_have_the_macs_that_everyone_counts(name: str, gigamacs: float) -> None:
    macs = count_macs(from_onnx(next(path for path in LIGHT if name in path.stem))).macs
    assert gigamacs == round(macs / 1e9, 3)


def test_alexnet_in_two_groups_has_the_macs_of_its_layers() -> None:
    # Krizhevsky et al. 2012, figure 2, in Caffe's version: output size x kernel x channels of a
    # group
    convolutions = 54**2 * 96 * 363 + 26**2 * 256 * 1200 + 12**2 * (384 * 2304 + 384 * 1728 + 256 * 1728)
    linear = 9216 * 4096 + 4096 * 4096 + 4096 * 1000
    path = next(path for path in LIGHT if "alexnet" in path.stem)
    assert convolutions + linear == count_macs(from_onnx(path)).macs


@pytest.mark.parametrize(
    ("text", "macs"),
    [
        ("g (float[2, 4, 8, 8] x, float[6, 2, 3, 3] w) => (y) { y = Conv<group = 2>(x, w) }", 2 * 6 * 36 * 2 * 9),
        ("g (float[2, 4, 8, 8] x, float[4, 6, 3, 3] w) => (y) { y = ConvTranspose(x, w) }", 2 * 4 * 64 * 6 * 9),
        ("g (uint8[1, 3, 5] x, uint8[7, 3, 2] w) => (y) { y = ConvInteger(x, w) }", 4 * 7 * 3 * 2),
        ("g (float[3, 2] x, float[5, 3] w) => (y) { y = Gemm<transA = 1, transB = 1>(x, w) }", 2 * 3 * 5),
        ("g (float[3] x, float[3] w) => (y) { y = MatMul(x, w) }", 3),
        ("g (float[7, 1, 4, 3] x, float[6, 3, 5] w) => (y) { y = MatMul(x, w) }", 7 * 6 * 4 * 3 * 5),
        ('g (float[2, 3] x, float[3, 4] w) => (y) { y = Einsum<equation = "ij,jk->ik">(x, w) }', 24),
        ('g (float[2, 3] x, float[4, 5] w) => (y) { y = Einsum<equation = "ij,kl">(x, w) }', 120),
        ('g (float[2, 3] x, float[4, 3] w) => (y) { y = Einsum<equation = "ij,kj->k">(x, w) }', 12),
        ('g (float[2, 3] x) => (y) { y = Einsum<equation = "ij->ji">(x) }', 0),
        (
            'g (float[2, 3] a, float[3, 4] b, float[4, 5] c) => (y) { y = Einsum<equation = "ij,jk,kl->il">(a, b, c) }',
            2 * 3 * 4 + 2 * 4 * 5,
        ),
        (
            "g (float[5, 2, 3] x, float[2, 16, 3] w, float[2, 16, 4] r) => (y) "
            '{ y = LSTM<hidden_size = 4, direction = "bidirectional">(x, w, r) }',
            2 * 5 * 2 * 4 * (4 * 3 + 4 * 4),  # directions x steps x batch x gates x (hidden x input + hidden x hidden)
        ),
        ("g (float[4, 4] x) => (y) { a = Softmax(x)  b = Relu(a)  y = ReduceMean(b) }", 0),
    ],
)
def test_each_operator_counts_the_products_of_its_definition(text: str, macs: int) -> None:
    assert (macs, {}) == (compute(text).macs, compute(text).uncounted)


@pytest.mark.parametrize(
    "text",
    [
        "g (float[2, 4, 10, 8] q, float[2, 2, 6, 8] k, float[2, 2, 6, 16] v) => (y) { y = Attention(q, k, v) }",
        "g (float[2, 10, 32] q, float[2, 6, 16] k, float[2, 6, 32] v) => (y) "
        "{ y = Attention<q_num_heads = 4, kv_num_heads = 2>(q, k, v) }",
    ],
)
def test_attention_counts_queries_with_keys_and_weights_with_values(text: str) -> None:
    assert 2 * 4 * 10 * 6 * (8 + 16) == compute(text, opset=23).macs  # batch x heads x queries x keys x both sizes


def test_keys_of_the_past_count_too() -> None:
    text = """g (float[1, 2, 1, 8] q, float[1, 2, 1, 8] k, float[1, 2, 1, 8] v, float[1, 2, 9, 8] p, float[1, 2, 9, 8] r)
    => (y) { y, a, b = Attention(q, k, v, , p, r) }"""
    assert 2 * 10 * (8 + 8) == compute(text, opset=23).macs


def test_a_dynamic_batch_multiplies() -> None:
    text = "g (float[n, 3] x, float[3, 5] w) => (y) { y = MatMul(x, w) }"
    assert [15, 120] == [compute(text, dynamic_size=size).macs for size in (1, 8)]


def test_what_cannot_be_counted_is_named() -> None:
    text = """g (float[2, 3] x, float[3, 3] w, float[a, b] t) => (y) {
        k = MatMul(x, w)  u = com.microsoft.Gelu(k)  v = MatMul(u, w)  y = com.microsoft.Gelu(v)
    }"""
    assert (18, {"com.microsoft.Gelu": 2, "MatMul": 1}) == (compute(text).macs, compute(text).uncounted)
    assert (18, None, None, None) == compute(text).node_macs
    assert 36 == compute(text).flops


def test_the_most_expensive_branch_counts() -> None:
    text = """g (bool c, float[2, 3] x, float[3, 3] w) => (y) {
        y = If (c) <then_branch = t () => (p) { p = MatMul(x, w) }, else_branch = e () => (q) { a = MatMul(x, w)  q = MatMul(a, w) }>
    }"""
    assert (36, {}) == (compute(text).macs, compute(text).uncounted)


def test_a_scan_runs_once_for_each_element_and_a_loop_an_unknown_number_of_times() -> None:
    scan = """g (float[3] s, float[7, 3] x, float[3, 3] w) => (y, all) {
        y, all = Scan<num_scan_inputs = 1, body = b (float[3] h, float[3] z) => (float[3] t, float[3] u) {
            t = Add(h, z)  u = MatMul(z, w)
        }> (s, x)
    }"""
    assert (7 * 9, {}) == (compute(scan).macs, compute(scan).uncounted)
    loop = """g (int64 m, bool c, float[3] x, float[3, 3] w) => (y) {
        y = Loop (m, c, x) <body = b (int64 i, bool d, float[3] h) => (bool e, float[3] g) { e = Identity(d)  g = MatMul(h, w) }>
    }"""
    assert (9, {"Loop": 1}) == (compute(loop).macs, compute(loop).uncounted)


def test_nodes_with_inconsistent_attributes_are_not_counted() -> None:
    text = 'g (float[2, 3] x, float[3, 4] w) => (y) { y = Einsum<equation = "ijk,lm->i">(x, w) }'
    assert {"Einsum": 1} == compute(text).uncounted
    text = 'g (float[2, 3] x, float[2, 3, 4] w) => (y) { y = Einsum<equation = "...i,...ij->...j">(x, w) }'
    assert {"Einsum": 1} == compute(text).uncounted
