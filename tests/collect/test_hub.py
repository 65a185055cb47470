"""From a hub to Dags, against a local server that behaves like the Hugging Face Hub and fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.collect.models import run
from tests.sources.conftest import large, serve
from tests.sources.hub_queries import BERT, LIGHT, Serve, onnx_repos
from tests.sources.hub_server import Repo
from younger_hf import from_onnx
from younger_hf.collect.run import Selection, num_pending, retrieve
from younger_hf.collect.workspace import Workspace
from younger_hf.errors import SourceError
from younger_hf.sources.source import Query

__all__ = ["large", "serve"]

ONNX = Query(libraries=("onnx",), options={"page_size": 5})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def test_a_listing_that_breaks_goes_on_where_it_stopped(serve: Serve, workspace: Workspace) -> None:
    """The server receives one request for each page that arrived whole."""
    server = serve(onnx_repos(23))
    whole = Workspace(workspace.root.with_name("whole"))
    retrieve(whole, "huggingface", ONNX)
    expected = [candidate.id for candidate in whole.candidates()]
    before = len(server.log)

    pages = 0

    def give_up(listed: int) -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrieve(workspace, "huggingface", ONNX, give_up)
    kept = sum(1 for _ in workspace.candidates())
    assert 0 < kept < len(expected)
    assert len(expected) == retrieve(workspace, "huggingface", ONNX)[0]
    assert expected == [candidate.id for candidate in workspace.candidates()]
    asked_twice = len(server.log) - before - before
    assert asked_twice <= 1
    assert (len(expected), 0) == retrieve(workspace, "huggingface", ONNX)  # a listing that has ended begins anew


def test_a_limit_counts_all_that_was_listed(serve: Serve, workspace: Workspace) -> None:
    serve(onnx_repos(23))
    limited = Query(libraries=("onnx",), limit=7, options={"page_size": 5})
    assert (7, 7) == retrieve(workspace, "huggingface", limited)
    assert (7, 0) == retrieve(workspace, "huggingface", limited)


@pytest.mark.heavy
def test_files_are_read_without_weights_and_a_poisoned_one_costs_only_itself(
    serve: Serve, workspace: Workspace, large: Path
) -> None:
    """Two gigabytes and more of weights stay where they are."""
    poison = LIGHT[: len(LIGHT) // 2]
    repos = [
        Repo("org/large", {"onnx/model.onnx": large}, likes=9),
        Repo("org/poisoned", {"model.onnx": poison}, likes=8),
        Repo("org/light", {"model.onnx": LIGHT}, likes=7),
    ]
    server = serve(repos)
    retrieve(workspace, "huggingface", Query(libraries=("onnx",)))
    assert 3 == num_pending(workspace, Selection())
    results = {result.id.split("--")[2]: result for result in run(workspace)}
    assert {"large": "done", "poisoned": "failed", "light": "done"} == {n: r.status for n, r in results.items()}
    notes = results["large"].notes
    assert large.stat().st_size == notes["bytes_of_file"]
    assert notes["bytes_read"] <= 0.02 * notes["bytes_of_file"]
    assert server.sent <= 0.02 * large.stat().st_size + len(LIGHT) + len(poison) + 100_000
    assert "fetch" == results["poisoned"].reason
    local = from_onnx(large)
    assert local.wl_hash("w_attrs") == results["large"].wl_hash_w_attrs
    again = Workspace(workspace.root)
    assert [] == run(again)


@pytest.mark.heavy
def test_a_configuration_is_all_that_is_fetched_of_a_transformers_repo(serve: Serve, workspace: Workspace) -> None:
    """Weights are never requested; the model has as many layers as in its configuration."""
    pytest.importorskip("transformers")
    small = {**BERT, "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 128}
    files: dict[str, bytes | Path] = {"config.json": json.dumps(small).encode(), "model.safetensors": bytes(5_000_000)}
    server = serve([Repo("org/bert", files, library="transformers", config={"model_type": "bert"})])
    retrieve(workspace, "huggingface", Query(libraries=("transformers",)))
    (result,) = run(workspace)
    assert ("done", "torchscript") == (result.status, result.exporter), result.error
    assert server.sent < 50_000
    assert [] == server.requests_to(r"resolve.*safetensors")
    ((_, _, _, dag),) = workspace.results()
    assert 2 == workspace.dag(dag).op_types.count("Softmax")


def test_a_hub_that_cannot_be_reached_is_one_clear_error(
    workspace: Workspace, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve([])
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceError, match=r"127.0.0.1:9.*no answer: the server cannot be reached"):
        retrieve(workspace, "huggingface", ONNX)
