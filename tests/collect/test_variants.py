"""Quantised and fused variants of a workspace's models."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from tests.collect.models import run
from younger_hf.collect.run import Selection, retrieve
from younger_hf.collect.status import status_of
from younger_hf.collect.variants import MOST_ELEMENTS, fill
from younger_hf.collect.workspace import Workspace
from younger_hf.errors import ExportError, SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.source import Query


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with a BERT of one layer, exported from its library."""
    pytest.importorskip("transformers")
    pytest.importorskip("onnxruntime")
    overrides = {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 128}
    recipe = {"kind": "transformers", "model_type": "bert", "auto_class": "AutoModel", "overrides": overrides}
    opened = Workspace(tmp_path / "workspace")
    opened.add([Candidate("bert", "transformers", "bert", "", "bert", "Apache-2.0", recipe)])
    run(opened)
    return opened


@pytest.mark.heavy
def test_a_model_has_a_quantised_and_a_fused_variant_which_are_counted_apart(workspace: Workspace) -> None:
    assert (2, 2) == retrieve(workspace, "variants", Query(options={"from": str(workspace.root)}))
    results = {result.id: result for result in run(workspace, Selection(hubs=("variants",)))}
    assert [("done", ""), ("done", "")] == [(result.status, result.error) for result in results.values()]
    operators = {candidate.variant: set(workspace.dag(dag).op_types) for candidate, _, _, dag in workspace.results()}
    assert {"MatMulInteger", "DynamicQuantizeLinear"} < operators["dynamic-int8"]
    assert {"Gelu", "SkipLayerNormalization"} <= operators["ort-fused"]
    assert not {"Gelu", "SkipLayerNormalization", "MatMulInteger"} & operators[""]
    counts = {source.hub: (source.distinct, source.variants) for source in status_of(workspace).sources}
    assert {"transformers": (1, 0), "variants": (0, 2)} == counts
    assert (2, 0) == retrieve(workspace, "variants", Query(options={"from": str(workspace.root)}))  # none of variants


@pytest.mark.heavy
def test_random_weights_are_not_written(workspace: Workspace) -> None:
    retrieve(workspace, "variants", Query(options={"from": str(workspace.root)}))
    run(workspace)
    for candidate, _, model, _ in workspace.results():
        stored = onnx.load(workspace.path(model))
        held = {t.data_type for t in stored.graph.initializer if t.raw_data or t.float_data or t.int32_data}
        whole = {onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.UINT8, onnx.TensorProto.INT8}
        assert held <= whole, candidate.id
        assert sum(len(tensor.raw_data) for tensor in stored.graph.initializer) < 4_000


def test_too_many_weights_are_refused_before_they_are_generated() -> None:
    model = onnx.ModelProto()
    model.graph.initializer.add(name="w", data_type=1, dims=[MOST_ELEMENTS, 2])
    with pytest.raises(ExportError, match="200,000,000 elements; expected at most"):
        fill(model)


@pytest.mark.parametrize("options", [{}, {"from": "nowhere"}])
def test_a_workspace_to_derive_variants_from_is_needed(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="needs a workspace with models"):
        retrieve(Workspace(tmp_path), "variants", Query(options=options))
