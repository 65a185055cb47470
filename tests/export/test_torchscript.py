"""An export without weights is the export with weights, less the weights."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn

from tests.export.tiny import TINY, export_transformers, exported, messages, plain_export, real_module, recipe
from younger_hf.errors import ExportError
from younger_hf.export.lazy_weights import BIG, LazyWeights
from younger_hf.export.torchscript import OPSET, export_module
from younger_hf.graph.onnx_types import INTEGER_TYPES
from younger_hf.graph.read.extract import extract, from_onnx
from younger_hf.sources.libraries.transformers_models.inputs import SEQUENCE

PASSES = {name: getattr(torch._C, name) for name in dir(torch._C) if "onnx" in name}
"""Everything in torch that an export could patch, recorded before the first export."""


@pytest.mark.heavy
@pytest.mark.parametrize("name", TINY)
def test_the_dag_is_that_of_a_plain_export_with_real_weights(name: str) -> None:
    assert max(weight.numel() for weight in real_module(name).parameters()) > BIG
    expected, actual = from_onnx(plain_export(name)), extract(exported(name))
    assert (expected.num_nodes, expected.num_edges) == (actual.num_nodes, actual.num_edges)
    assert expected.wl_hash("w_attrs") == actual.wl_hash("w_attrs")
    assert expected.op_types == actual.op_types
    assert Counter((i.kind, i.dtype, i.shape, i.values) for i in expected.inputs) == Counter(
        (i.kind, i.dtype, i.shape, i.values) for i in actual.inputs
    )


@pytest.mark.heavy
@pytest.mark.parametrize("name", TINY)
def test_the_file_holds_no_value_but_few_whole_numbers(name: str) -> None:
    tensors = [message for message in messages(exported(name)) if isinstance(message, TensorProto)]
    assert len(tensors) > 20
    for tensor in tensors:
        payload = {field.name for field, _ in tensor.ListFields()} - {"name", "data_type", "dims"}
        if payload:
            assert {"raw_data"} == payload
            assert tensor.data_type in INTEGER_TYPES
            assert numpy_helper.to_array(tensor).size <= 64


@pytest.mark.heavy
@pytest.mark.parametrize("name", TINY)
def test_the_file_does_not_reveal_where_it_was_written(name: str) -> None:
    payload = exported(name).SerializeToString()
    for trace in (sys.prefix, str(Path.cwd()), "site-packages", "transformers", ".py", "stack_trace"):
        assert trace.encode() not in payload


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet"])
def test_batch_normalisation_is_folded_into_convolutions(name: str) -> None:
    before = Counter(type(module).__name__ for module in real_module(name).modules())
    after = Counter(node.op_type for node in exported(name).graph.node)
    assert 0 < before["BatchNorm2d"]
    assert 0 == after["BatchNormalization"]
    assert before["Conv2d"] == after["Conv"]


@pytest.mark.parametrize("name", ["bert", "albert", "llama"])
def test_every_weight_of_the_module_is_one_initializer(name: str) -> None:
    """ALBERT's layers share their weights."""
    weights = sum(weight.numel() for weight in real_module(name).parameters())
    initializers = sum(
        torch.Size(t.dims).numel() for t in exported(name).graph.initializer if t.data_type == TensorProto.FLOAT
    )
    assert weights == initializers


@pytest.mark.parametrize("name", ["bert", "albert"])
def test_the_dag_counts_shared_weights_once(name: str) -> None:
    """Constant positions are looked up in two tables, of which only these rows remain.

    Scalars are not weights.
    """
    module, dag = real_module(name), extract(exported(name))
    tables = (module.embeddings.position_embeddings.weight, module.embeddings.token_type_embeddings.weight)
    rows = sum(SEQUENCE * table.shape[1] for table in tables)
    expected = sum(weight.numel() for weight in module.parameters()) - sum(table.numel() for table in tables) + rows
    others = {i.name: torch.Size(i.shape).numel() for i in dag.inputs if _is_constant_of_code(i)}
    assert expected == dag.summary().num_parameters - sum(others.values())


def _is_constant_of_code(item: Any) -> bool:
    return item.kind == "parameter" and (item.dtype == "bool" or item.shape == ())


@pytest.mark.heavy
def test_a_table_tied_to_the_output_layer_counts_twice_as_in_any_export() -> None:
    """Its second use is transposed, which constant folding turns into a separate tensor."""
    table = real_module("gpt2").transformer.wte.weight
    assert table is real_module("gpt2").lm_head.weight
    shapes = [tuple(tensor.dims) for tensor in exported("gpt2").graph.initializer]
    assert (1, 1) == (shapes.count(tuple(table.shape)), shapes.count(tuple(table.t().shape)))
    assert (
        from_onnx(plain_export("gpt2")).summary().num_parameters == extract(exported("gpt2")).summary().num_parameters
    )


class Selects(nn.Module):
    """Reads by few and by many constant positions."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("few", torch.tensor([2, 0, 1]))
        self.register_buffer("many", torch.arange(100) % 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.index_select(1, self.few), x.index_select(1, self.many)


def test_small_whole_number_initializers_keep_their_values() -> None:
    model = export_module(Selects(), {"x": torch.zeros(1, 3)})
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    assert {"module.few", "module.many"} == set(found)
    assert [2, 0, 1] == numpy_helper.to_array(found["module.few"]).tolist()
    assert ([100], b"") == (list(found["module.many"].dims), found["module.many"].raw_data)


def test_weights_of_one_value_are_not_merged() -> None:
    """All lazy weights are the same zeros in memory, and look like one weight to the exporter."""
    with LazyWeights():
        model = nn.Sequential(*(nn.Linear(200, 200) for _ in range(3)))
    assert 3 * (200 * 200 + 200) == extract(_export_sequence(model)).summary().num_parameters


def test_the_same_weight_in_two_layers_is_one_parameter() -> None:
    for size in (20, 200):  # real and lazy
        with LazyWeights():
            model = nn.Sequential(nn.Linear(size, size), nn.Linear(size, size))
            model[1].weight = model[0].weight
        assert size * size + 2 * size == extract(_export_sequence(model)).summary().num_parameters


def _export_sequence(model: nn.Sequential) -> onnx.ModelProto:
    return export_module(model, {"input": torch.zeros(2, 3, model[0].in_features)})


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["bert", "mobilenet_v2", "swin"])
def test_exporting_again_writes_the_same_bytes(name: str) -> None:
    again = export_transformers(TINY[name])
    assert exported(name).SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)


def test_inputs_have_their_names_in_order_and_keep_their_shapes() -> None:
    found = [
        (value.name, [dim.dim_value for dim in value.type.tensor_type.shape.dim])
        for value in exported("t5").graph.input
    ]
    names = ("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask")
    assert [(name, [1, SEQUENCE]) for name in names] == found
    assert OPSET == exported("t5").opset_import[0].version


FNET = recipe("fnet", "AutoModel", num_hidden_layers=1, hidden_size=64, intermediate_size=64)


def test_an_operator_that_onnx_lacks_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ExportError, match="aten::fft_fftn") as caught:
        export_transformers(FNET)
    assert "\n" not in caught.value.message
    assert ("", "") == tuple(capfd.readouterr())  # the exporter would print the whole graph


def test_what_is_patched_is_restored_also_after_a_failure() -> None:
    exported("bert")
    assert {name: getattr(torch._C, name) for name in PASSES} == PASSES
    with pytest.raises(ExportError):
        export_transformers(FNET)
    assert {name: getattr(torch._C, name) for name in PASSES} == PASSES
    assert exported("bert") == export_transformers(TINY["bert"])


class Fails(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("the first line\nthe second line")


def test_failing_model_code_is_reported_by_its_first_line() -> None:
    with pytest.raises(ExportError) as caught:
        export_module(Fails(), {"x": torch.zeros(1)})
    assert "The TorchScript exporter failed: RuntimeError: the first line" == caught.value.message


def test_results_in_any_nesting_are_outputs() -> None:
    class Nested(nn.Module):
        def forward(self, x: Tensor) -> dict[str, Any]:
            return {"a": x + 1, "b": [x * 2, (x - 3, None)]}

    model = export_module(Nested(), {"x": torch.zeros(2)})
    assert ["Add", "Mul", "Sub"] == [node.op_type for node in model.graph.node if node.op_type != "Constant"]
    assert 3 == len(model.graph.output)
