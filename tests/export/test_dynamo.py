"""Exports by torch.export compared with its plain use on real weights, and their cost."""

from __future__ import annotations

import logging
import warnings
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import transformers
from onnx import TensorProto
from torch import Tensor, nn

from tests.export.tiny import PEAK, TINY, ByPosition, messages, real_module, run_child
from younger_hf import from_onnx
from younger_hf.errors import ExportError
from younger_hf.export.dynamo import DYNAMO_OPSET, REASON, export_program
from younger_hf.export.lazy_weights import LazyWeights
from younger_hf.export.placeholder_arrays import PlaceholderArray, placeholder_array
from younger_hf.export.strip_model import strip
from younger_hf.export.symbolics import extra_symbolics
from younger_hf.export.torch_model import export_torch
from younger_hf.graph.read.extract import extract
from younger_hf.sources.libraries.transformers_models.inputs import make_inputs
from younger_hf.sources.source import TorchModel


def inputs_of(name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return make_inputs(real_module(name), real_module(name).config)


@cache
def exported(name: str) -> onnx.ModelProto:
    """The export of a tiny architecture whose big weights view the pool; do not change it."""
    model_recipe, (inputs, extra) = TINY[name], inputs_of(name)
    config = transformers.CONFIG_MAPPING[model_recipe["model_type"]](**model_recipe["overrides"])
    with LazyWeights():
        module = getattr(transformers, model_recipe["auto_class"]).from_config(config, attn_implementation="eager")
    return export_program(module, inputs, extra)


def plain_program(module: nn.Module, inputs: dict[str, Tensor]) -> onnx.ModelProto:
    """The result of `torch.onnx.export(dynamo=True)` with its own optimiser and plausible weights.

    Freshly initialised, many weights are 0 or 1, so that the optimiser would drop operators.
    """
    torch.manual_seed(0)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.1, 0.9)
        program: Any = torch.onnx.export(
            module.eval(), tuple(inputs.values()), dynamo=True, verbose=False, input_names=list(inputs)
        )
    model: onnx.ModelProto = program.model_proto
    return model


def assert_same_architecture(plain: onnx.ModelProto, found: onnx.ModelProto) -> None:
    expected, actual = extract(plain), extract(found)
    assert expected.op_types == actual.op_types
    assert expected.num_edges == actual.num_edges
    assert expected.wl_hash("w_attrs") == actual.wl_hash("w_attrs")
    shapes = [
        sorted((i.kind, i.dtype, i.shape) for i in dag.inputs if i.kind != "constant") for dag in (expected, actual)
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name",
    [
        "bert",
        "llama",
        "resnet",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("albert", "gpt2", "mobilenet_v2", "swin", "t5")),
    ],
)
def test_an_export_is_the_plain_one_without_weights(name: str) -> None:
    inputs, extra = inputs_of(name)
    plain = plain_program(ByPosition(deepcopy(real_module(name)), list(inputs), extra), inputs)
    assert_same_architecture(strip(plain, set(inputs)), exported(name))


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["bert", "llama", "resnet"])
def test_an_export_contains_no_weights_and_no_trace_of_its_machine(name: str) -> None:
    model = exported(name)
    for tensor in model.graph.initializer:
        values = tensor.raw_data or tensor.float_data or tensor.int64_data
        kept = tensor.data_type in (TensorProto.INT64, TensorProto.INT32) and np.prod(tensor.dims) <= 64
        assert bool(values) <= kept
    for message in messages(model):
        for field in {"doc_string", "metadata_props"} & set(message.DESCRIPTOR.fields_by_name):
            assert not getattr(message, field)
    assert 0 == len(model.functions)
    assert [("", DYNAMO_OPSET)] == [(o.domain, o.version) for o in model.opset_import]
    assert extract(model).wl_hash("w_attrs") == from_onnx(model.SerializeToString()).wl_hash("w_attrs")


@pytest.mark.heavy
def test_inputs_have_their_names_in_order_and_keep_their_shapes() -> None:
    inputs, _ = inputs_of("llama")
    found = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in exported("llama").graph.input}
    assert [(name, tuple(value.shape)) for name, value in inputs.items()] == list(found.items())


class Block(nn.Module):
    """Convolutions with and without foldable normalisation, and values from the input's size."""

    def __init__(self) -> None:
        super().__init__()
        self.folded, self.first = nn.Conv2d(3, 200, 3), nn.BatchNorm2d(200)
        self.apart, self.second = nn.Conv2d(200, 200, 3), nn.BatchNorm2d(200)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(self.folded(x)))
        x = self.drop(self.second(torch.relu(self.apart(x))))
        return x.reshape(x.shape[0], -1, x.shape[-1] * 2)


@pytest.mark.heavy
def test_normalisation_is_folded_as_the_plain_export_does() -> None:
    inputs = {"x": torch.zeros(1, 3, 8, 8)}
    with LazyWeights():
        lazy = Block()
    found = export_program(lazy, inputs, positional=True)
    assert_same_architecture(strip(plain_program(Block(), inputs), {"x"}), found)
    assert (2, 1) == tuple(extract(found).op_types.count(name) for name in ("Conv", "BatchNormalization"))


@pytest.mark.heavy
def test_weights_of_one_value_stay_apart_and_a_shared_one_stays_one() -> None:
    for size in (20, 200):  # real and lazy
        with LazyWeights():
            model = nn.Sequential(*(nn.Linear(size, size) for _ in range(3)))
            model[2].weight = model[0].weight
        found = extract(export_program(model, {"input": torch.zeros(2, size)}, positional=True))
        assert 2 * size * size + 3 * size == found.summary().num_parameters


@pytest.mark.heavy
def test_the_weights_are_neither_written_nor_moved() -> None:
    with LazyWeights():
        model = nn.Linear(200, 200)
    before = model.weight.data_ptr()
    export_program(model, {"input": torch.zeros(1, 200)}, positional=True)
    assert (before, "cpu", torch.nn.Parameter) == (
        model.weight.data_ptr(),
        model.weight.device.type,
        type(model.weight),
    )
    assert not model.weight.any()


@pytest.mark.heavy
def test_inputs_created_within_lazy_weights_are_exported() -> None:
    """As views of the pool they would add conditions on the pool's size."""
    with LazyWeights():
        image = torch.zeros(1, 3, 100, 100)
    model = export_program(nn.Conv2d(3, 4, 3), {"x": image}, positional=True)
    assert ["Conv"] == [node.op_type for node in model.graph.node]


class Limits(nn.Module):
    """`Max` after `Min` twice on one value, for which the optimiser loses constants."""

    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        return torch.clamp(y, -1.0, 1.0) @ torch.clamp(y, -2.0, 3.0)


@pytest.mark.heavy
def test_every_value_that_is_read_is_in_the_graph() -> None:
    model = export_program(Limits(), {"x": torch.zeros(3, 3)}, positional=True)
    given = {t.name for t in model.graph.initializer} | {"x"} | {name for n in model.graph.node for name in n.output}
    assert set() == {name for node in model.graph.node for name in node.input if name} - given


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if x.sum() > 0 else x - 1


def test_a_failure_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.root.manager.disable
    with pytest.raises(ExportError, match="data-dependent") as caught:
        export_program(Branches(), {"x": torch.zeros(3)}, positional=True)
    assert caught.value.message.startswith("The torch.export exporter failed: ")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < REASON + 50
    assert ("", "") == tuple(capfd.readouterr())
    assert before == logging.root.manager.disable


class Spectrum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fftn(x, dim=(-2, -1)).real


class Squares(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.rms_norm(x, (3,))


@pytest.mark.parametrize("earlier", ["before", "after"])
def test_an_operator_that_needs_a_symbolic_of_ours_is_exported_more_than_once_in_a_process(earlier: str) -> None:
    """torch keeps an empty entry of what was unregistered, and then fails with another error."""
    if earlier == "after":
        with extra_symbolics(17):
            pass
    assert "torchscript" == export_torch(TorchModel(Squares(), {"x": torch.ones(2, 3)}, positional=True)).exporter


class Bits(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x * 4).long() & 6


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("module", "exporter", "opset", "operator"),
    [
        (nn.Linear(3, 3), "torchscript", 17, "Gemm"),
        (Squares(), "torchscript", 17, "ReduceMean"),
        (Bits(), "torchscript", 18, "BitwiseAnd"),
        (Spectrum(), "dynamo", DYNAMO_OPSET, "DFT"),
    ],
)
def test_each_model_is_exported_by_the_first_exporter_that_supports_it(
    module: nn.Module, exporter: str, opset: int, operator: str
) -> None:
    made = export_torch(TorchModel(module, {"x": torch.ones(2, 3)}, positional=True))
    assert (exporter, opset) == (made.exporter, made.opset)
    assert operator in {node.op_type for node in made.model.graph.node}
    assert {opset} == {o.version for o in made.model.opset_import if o.domain == ""}


def test_a_model_that_no_exporter_supports_is_reported_with_both_reasons() -> None:
    class Fails(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("the first line\nthe second line")

    with pytest.raises(ExportError) as caught:
        export_torch(TorchModel(Fails(), {"x": torch.ones(2, 3)}))
    assert 2 == caught.value.message.count("RuntimeError: the first line")
    assert "\n" not in caught.value.message


def test_unknown_values_need_the_memory_of_one() -> None:
    one, two = (placeholder_array((1 << 20, 1 << 20), np.dtype(np.float32), number) for number in range(2))
    computed = (one * two.T / np.sqrt(two + 1e-5)).reshape(1 << 10, -1)
    assert (PlaceholderArray, (1 << 10, 1 << 30), {0}) == (type(computed), computed.shape, {*computed.strides})
    assert np.float32 == computed.dtype
    assert one[0, 0] * two[0, 0] / np.sqrt(two[0, 0] + np.float32(1e-5)) == computed[5, 5]
    assert one[0, 0] != two[0, 0]


def test_unknown_values_are_reduced_and_compared_as_any() -> None:
    array = placeholder_array((3, 4), np.dtype(np.float64), 0)
    assert (3.0, False, (3, 4)) == (array.sum(), bool(np.equal(array, 0).all()), (array > 1).shape)


_LLAMA = (
    PEAK
    + """
import torch, transformers
from younger_hf.export.dynamo import export_program
from younger_hf.export.lazy_weights import LazyWeights
with LazyWeights():
    model = transformers.AutoModelForCausalLM.from_config(transformers.LlamaConfig(), attn_implementation="eager")
ids = torch.arange(16).unsqueeze(0)
made = export_program(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, {"use_cache": False})
print(peak(), sum(p.numel() for p in model.parameters()), made.ByteSize())
"""
)


@pytest.mark.slow
def test_a_model_of_seven_billion_parameters_needs_less_than_a_gigabyte() -> None:
    megabytes, parameters, size = run_child(_LLAMA).split()
    assert 6_738_415_616 == int(parameters)  # of LLaMA 7B; 562 MB were measured
    assert 1000 > float(megabytes)
    assert 1_000_000 > int(size)
