"""The preset `mini`, all of it: every architecture is exported, read and rebuilt. Slow: about two minutes on two cores."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest

from tests.graph.counting import count_nodes_and_edges
from tests.graph.running import run_with_ones
from younger_hf import from_onnx, to_onnx
from younger_hf.errors import RebuildError
from younger_hf.export.stage import export_all
from younger_hf.retrieve.presets import preset

pytestmark = pytest.mark.slow

MOST_PARAMETERS = 500_000_000
"""Models with more parameters (2 GB of float32) are checked but not run, so that the test fits a small machine."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The ONNX file of every candidate."""
    folder = tmp_path_factory.mktemp("export")
    records = export_all(preset("mini"), folder)
    assert {} == {record.id: record.error for record in records if record.status != "done"}
    return [folder / f"{record.id}.onnx" for record in records]


def test_every_dag_has_the_nodes_and_edges_that_an_independent_count_finds(exported: list[Path]) -> None:
    different = {}
    for path in exported:
        dag = from_onnx(path)
        found = (dag.num_nodes, len(set(map(tuple, dag.edge_index.T.tolist()))))
        expected = count_nodes_and_edges(onnx.load(path))
        if expected != found:
            different[path.stem] = (expected, found)
    assert {} == different


def test_rebuilt_models_are_valid_and_four_of_five_run(exported: list[Path]) -> None:
    onnxruntime.set_default_logger_severity(4)
    ran, reasons, invalid = 0, {}, {}
    for path in exported:
        dag = from_onnx(path)
        try:
            rebuilt = to_onnx(dag)
        except RebuildError as error:
            reasons[path.stem] = error.message
            continue
        try:
            onnx.checker.check_model(rebuilt)
        except onnx.checker.ValidationError as error:
            invalid[path.stem] = str(error)
        assert dag.wl_hash("w_attrs") == from_onnx(rebuilt.SerializeToString()).wl_hash("w_attrs")
        if dag.summary().num_parameters > MOST_PARAMETERS:
            reasons[path.stem] = "too large to run here"
            continue
        try:
            run_with_ones(onnxruntime.InferenceSession(rebuilt.SerializeToString()))
            ran += 1
        except Exception as error:  # onnxruntime has many exceptions; which models fail, and why, is what is reported
            reasons[path.stem] = str(error)[:200]
    print(f"{ran} of {len(exported)} rebuilt models ran; not:", *reasons.items(), sep="\n")  # noqa: T201 - shown with -s
    assert {} == invalid
    assert ran >= 0.8 * len(exported), reasons
