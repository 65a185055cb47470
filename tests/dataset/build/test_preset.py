"""The whole preset `mini`: every architecture is exported, read, rebuilt and run.

Slow: about four minutes on two cores.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, RuntimeException

from tests.graph.counting import count_nodes_and_edges
from tests.graph.running import frugal_session, run_with_ones
from tests.collect.models import run
from younger_hf import from_onnx, to_onnx
from younger_hf.errors import RebuildError
from younger_hf.sources.presets import preset
from younger_hf.collect.workspace import Workspace

pytestmark = pytest.mark.slow

NOT_REBUILT = {
    "transformers--canine--AutoModel": "onnxruntime refuses the exporter's own file too: a transposed axis too many",
    "transformers--dpt--AutoModelForDepthEstimation": "Resize by constant floats, which a Dag does not keep",
    "transformers--glpn--AutoModelForDepthEstimation": "Resize by constant floats, which a Dag does not keep",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Candidate -> its stripped ONNX file."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    workspace.add(preset("mini"))
    run(workspace)
    stored = list(workspace.results())
    assert {} == {result.id: result.error for _, result, _, _ in stored if result.status != "done"}
    assert {"torchscript", "file"} == {result.exporter for _, result, _, _ in stored}
    assert {""} == {candidate.variant for candidate, _, _, _ in stored}
    assert all(result.peak < 1_500_000_000 for _, result, _, _ in stored)
    assert all(result.bytes_written < 5_000_000 for _, result, _, _ in stored)
    return {candidate.id: workspace.path(model) for candidate, _, model, _ in stored}


def test_every_dag_has_the_nodes_and_edges_that_an_independent_count_finds(exported: dict[str, Path]) -> None:
    different = {}
    for name, path in exported.items():
        dag = from_onnx(path)
        found = (dag.num_nodes, len(set(map(tuple, dag.edge_index.T.tolist()))))
        expected = count_nodes_and_edges(onnx.load(path))
        if expected != found:
            different[name] = (expected, found)
    assert {} == different


def test_rebuilt_models_run_with_the_output_shapes_of_the_original(exported: dict[str, Path]) -> None:
    """All but three of 64 architectures run, with the output shapes that torch traced.

    Some have twelve billion parameters.
    """
    onnxruntime.set_default_logger_severity(4)
    reasons = {}
    for name, path in exported.items():
        dag = from_onnx(path)
        try:
            rebuilt = to_onnx(dag)
            onnx.checker.check_model(rebuilt)
            payload = rebuilt.SerializeToString()
            assert dag.wl_hash("w_attrs") == from_onnx(payload).wl_hash("w_attrs")
            shapes = [output.shape for output in run_with_ones(frugal_session(payload))]
        except (RebuildError, onnx.checker.ValidationError, RuntimeException, Fail, InvalidGraph) as error:
            reasons[name] = str(error)[:300]
            continue
        # a dimension that the exporter lost on the way through Flatten is that of the batch, which
        # is 1
        assert [tuple(1 if dim < 0 else dim for dim in output.shape or ()) for output in dag.outputs] == shapes
    assert set(NOT_REBUILT) == set(reasons), reasons
