"""The status of a workspace (counts, kinds of failures, tasks), and packing it into one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.collect.models import run, write_model, write_models
from younger_hf.collect.archive import SCHEMA, pack, unpack
from younger_hf.collect.status import SourceStatus, failures_of, kind_of_error, status_of
from younger_hf.collect.workspace import Workspace
from younger_hf.crypto import KEY
from younger_hf.errors import DatasetError, WorkspaceError
from younger_hf.sources.files.folder import folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Four models of two architectures (one is a variant), two unreadable ones, one pending."""
    models = write_models(tmp_path / "models")
    write_model(models / "Again.onnx", "Relu")
    (models / "cut1.onnx").write_bytes(b"no model")
    (models / "cut2.onnx").write_bytes(b"no model either")
    candidates = [replace(candidate, task="image-classification") for candidate in folder(models)]
    quantised = next(c for c in candidates if c.id == "local--Tanh")
    candidates[candidates.index(quantised)] = replace(quantised, variant="dynamic-int8")
    opened = Workspace(tmp_path / "workspace")
    opened.add(candidates)
    run(opened)
    opened.add([replace(candidates[0], id="local--later")])
    return opened


@pytest.mark.heavy
def test_counts_are_those_of_the_models(workspace: Workspace) -> None:
    status = status_of(workspace)
    assert (SourceStatus("local", candidates=7, done=4, distinct=2, variants=1, failed=2, waiting=1),) == status.sources
    assert 2 == status.distinct
    assert {"image-classification": {"local": 3}} == status.tasks
    assert [2] == list(status.failures.values())
    ((reason, kind),) = status.failures
    assert "build" == reason
    assert "not a readable ONNX model" in kind
    assert 50_000_000 < status.median_peak <= status.high_peak < 1_500_000_000
    assert 0 < status.seconds < 60


def test_an_empty_workspace_has_nothing(tmp_path: Path) -> None:
    status = status_of(Workspace(tmp_path / "empty"))
    assert ((), 0, 0, 0, 0, {}, {}) == tuple(vars(status).values())


def test_errors_of_one_kind_count_together() -> None:
    one = kind_of_error("Expected 3 of [1, 2, 3], got 4.5 for 'conv1' at %12 : Long")
    assert one == kind_of_error("Expected 31 of [7], got 9 for 'conv22' at %7 : Long")
    assert one != kind_of_error("Expected 3 of [1, 2, 3], found 4.5 for 'conv1' at %12 : Long")
    assert len(kind_of_error("word " * 100)) <= 110
    bert, gpt = (kind_of_error(f"{name}: the model cannot be built (KeyError: 'a').") for name in ("bert-2", "gpt"))
    assert bert == gpt


def test_a_packed_workspace_has_all_of_it_but_the_models(workspace: Workspace, tmp_path: Path) -> None:
    counts: list[int] = []
    assert 6 == pack(workspace, tmp_path / "deep" / "corpus.parquet", counts.append)
    assert [6] == counts
    unpacked = list(unpack(tmp_path / "deep" / "corpus.parquet"))
    stored = list(workspace.results())
    assert [candidate for candidate, _, _, _ in stored] == [candidate for candidate, _, _ in unpacked]
    for (_, result, _, name), (_, again, dag) in zip(stored, unpacked, strict=True):
        assert (workspace.dag(name) if name else None) == dag
        # what a process read and wrote says nothing about the model
        assert replace(result, bytes_read=0, bytes_written=0) == again
        assert dict(result.notes) == dict(again.notes)


def test_packing_again_writes_the_same_bytes(workspace: Workspace, tmp_path: Path) -> None:
    pack(workspace, tmp_path / "one.parquet")
    pack(workspace, tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.heavy
def test_a_sealed_archive_opens_with_the_key_alone(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "packed"
    plain, sealed = folder / "corpus.parquet", folder / "corpus.parquet.sealed"
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(DatasetError, match=KEY):
        pack(workspace, sealed)
    assert not sealed.exists()
    monkeypatch.setenv(KEY, "a secret of the host")
    pack(workspace, plain)
    assert 6 == pack(workspace, sealed)
    assert {plain, sealed} == set(folder.iterdir())
    assert list(unpack(plain)) == list(unpack(sealed))
    assert b"PAR1" not in sealed.read_bytes()
    assert all(c.model.encode() not in sealed.read_bytes() for c, _, _ in unpack(plain))
    monkeypatch.setenv(KEY, "a secret of somebody")
    with pytest.raises(DatasetError, match=r"corpus\.parquet\.sealed: cannot be opened: the key differs") as caught:
        list(unpack(sealed))
    assert caught.value.hint


def test_a_file_that_is_not_an_archive_is_reported(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(WorkspaceError, match=r"text.parquet: the archive cannot be read"):
        list(unpack(tmp_path / "text.parquet"))
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(WorkspaceError, match=r"other.parquet: expected an archive of models"):
        list(unpack(tmp_path / "other.parquet"))
    pq.write_table(SCHEMA.empty_table(), tmp_path / "empty.parquet")
    assert [] == list(unpack(tmp_path / "empty.parquet"))


def test_models_that_failed_are_named_with_the_reason(workspace: Workspace) -> None:
    failures = list(failures_of(workspace))
    assert [("local--cut1", "build"), ("local--cut2", "build")] == [(found.id, found.reason) for found in failures]
    assert all(
        "not a readable ONNX model" in found.error and found.peak > 0 and found.seconds > 0 for found in failures
    )
