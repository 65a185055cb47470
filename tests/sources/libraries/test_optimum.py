"""The pairs of model type and task of optimum.

They need an environment of their own: `pip install torch==2.13.0 'younger-hf[optimum]' pytest`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from younger_hf import from_onnx
from younger_hf.export.lazy_weights import LazyWeights
from younger_hf.export.torch_model import export_torch
from younger_hf.sources.libraries.optimum import SOURCE
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.source import Query, TorchModel

pytest.importorskip("optimum")
declare_torchvision_operators()
convert: Any = pytest.importorskip("optimum.exporters.onnx.convert")
transformers: Any = pytest.importorskip("transformers")


def exported(model_type: str, pair: str, part: str = "") -> Any:
    assert SOURCE.build is not None
    with LazyWeights():
        model = SOURCE.build({"kind": "optimum", "model_type": model_type, "pair": pair, "part": part})
    assert isinstance(model, TorchModel)
    return export_torch(model)


def test_every_file_of_every_pair_is_listed_once() -> None:
    found = list(SOURCE.candidates(Query()))
    assert len(found) == len({candidate.id for candidate in found}) > 500
    parts = [candidate.model for candidate in found if candidate.model.startswith("t5--text2text")]
    assert parts == [
        "t5--text2text-generation--encoder_model",
        "t5--text2text-generation--decoder_model",
        "t5--text2text-generation-with-past--decoder_model",
        "t5--text2text-generation-with-past--decoder_with_past_model",
    ]


@pytest.mark.parametrize(
    ("model_type", "pair", "model_class", "files"),
    [
        ("mobilebert", "fill-mask", "MobileBertForMaskedLM", {"": "model"}),
        ("gpt2", "text-generation-with-past", "GPT2LMHeadModel", {"": "model"}),
        (
            "t5",
            "text2text-generation-with-past",
            "T5ForConditionalGeneration",
            {"decoder_model": "decoder_model", "decoder_with_past_model": "decoder_with_past_model"},
        ),
    ],
)
def test_a_model_without_weights_has_the_graph_that_optimum_writes(
    model_type: str, pair: str, model_class: str, files: dict[str, str], tmp_path: Path
) -> None:
    module = getattr(transformers, model_class)(transformers.CONFIG_MAPPING[model_type]())
    convert.onnx_export_from_model(module, tmp_path, task=pair, do_validation=False, no_post_process=True)
    for part, file in files.items():
        expected = from_onnx(tmp_path / f"{file}.onnx")
        actual = from_onnx(exported(model_type, pair, part).model.SerializeToString())
        assert expected.wl_hash("w_attrs") == actual.wl_hash("w_attrs")


def test_axes_stay_open_and_are_recorded() -> None:
    result = exported("squeezebert", "text-classification")
    shape = result.model.graph.input[0].type.tensor_type.shape
    assert [dim.dim_param for dim in shape.dim] == ["batch_size", "sequence_length"]
    assert result.notes["axes"] == "dynamic"


def test_no_weights_are_fetched_for_a_backbone() -> None:
    assert exported("detr", "object-detection").model.graph.node
