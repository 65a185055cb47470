"""The ONNX Model Zoo as a source: its manifest, and its files without weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serving import running
from benchmarks.sparse import tensor, write_model
from tests.graph.models import DATA
from tests.sources.faulty_server import FaultyServer, Reply, Request
from younger_hf import from_onnx
from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs import http_client
from younger_hf.sources.hubs.http_client import Patience
from younger_hf.sources.hubs.onnx_zoo import SOURCE
from younger_hf.sources.source import Query

CLASSIFY = "validated/vision/classification"


def line(name: str, path: str, opset: int, *tags: str) -> dict[str, Any]:
    ports = {"inputs": [{"name": "data", "shape": ["N", 3, 224, 224], "type": "tensor(float)"}], "outputs": []}
    metadata = {"model_sha": "00ff", "model_bytes": 5, "tags": list(tags), "io_ports": ports}
    return {"model": name, "model_path": path, "onnx_version": "1.5", "opset_version": opset, "metadata": metadata}


LINES: list[Any] = [
    line("ResNet50", f"{CLASSIFY}/resnet/model/resnet50-v1-7.onnx", 7, "vision", "classification", "resnet"),
    line(
        "ResNet50-int8", f"{CLASSIFY}/resnet/model/resnet50-v1-12-int8.onnx", 12, "vision", "classification", "resnet"
    ),
    line(
        "BERT-Squad",
        "validated/text/bert-squad/model/bertsquad-10.onnx",
        10,
        "text",
        "machine comprehension",
        "bert-squad",
    ),
    line("Old", "validated/old/model/old-3.tar.gz", 3, "vision", "classification", "old"),
    "malformed",
    {"model_path": 5},
    {"model_path": "../up.onnx"},
    {"model_path": "validated/bare/bare-1.onnx", "metadata": {"tags": 7}},
]


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setattr(http_client, "PATIENCE", Patience(tries=3, first_wait=0.1, longest_wait=0.2, silence=2))
    large = tmp_path / "large.onnx"
    write_model(large, [tensor(f"w{n}", 2 << 20) for n in range(60)])
    files: dict[str, bytes | Path] = {
        "/ONNX_HUB_MANIFEST.json": json.dumps(LINES).encode(),
        f"/{LINES[0]['model_path']}": large,
        f"/{LINES[1]['model_path']}": (DATA / "light" / "light_resnet50.onnx").read_bytes(),
        f"/{LINES[2]['model_path']}": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    }

    def route(request: Request) -> Reply | None:
        return Reply(200, {}, files[request.path]) if request.path in files else None

    server = FaultyServer()
    server.routes.append(route)
    with running(server):
        monkeypatch.setenv("YOUNGER_ONNX_ZOO", server.address)
        yield server


def listed(**query: Any) -> list[Candidate]:
    return list(SOURCE.candidates(Query(**query)))


def test_the_manifest_lists_the_models(zoo: FaultyServer) -> None:
    found = listed()
    assert ["resnet50-v1-7", "resnet50-v1-12-int8", "bertsquad-10", "old-3", "bare-1"] == [c.model for c in found]
    assert ["", "int8", "", "", ""] == [c.variant for c in found]
    first = found[0]
    assert ("onnx_zoo--resnet50-v1-7", "image-classification", "resnet", "00ff") == (
        *(first.id, first.task),
        *(first.family, first.revision),
    )
    assert (7, 5) == (first.recipe["opset"], first.recipe["bytes"])
    assert "data" == first.recipe["ports"]["inputs"][0]["name"]
    assert ["bertsquad-10"] == [c.model for c in listed(tasks=("question-answering",))]
    assert 2 == len(zoo.log)


def test_a_file_is_read_by_at_most_two_percent_of_its_bytes(zoo: FaultyServer, tmp_path: Path) -> None:
    candidate = listed()[0]
    zoo.fail("resnet50", "cut", after=3)
    zoo.fail("resnet50", 503, after=9)
    zoo.log.clear()
    recipe = SOURCE.fetch(candidate, tmp_path / "out")
    size = (tmp_path / "large.onnx").stat().st_size
    assert from_onnx(tmp_path / "large.onnx") == from_onnx(recipe["path"])
    assert size == recipe["notes"]["bytes_of_file"]
    assert 0 < recipe["notes"]["bytes_read"] <= 0.02 * size


def test_a_file_that_is_gone_or_archived_fails_alone(zoo: FaultyServer, tmp_path: Path) -> None:
    _, fine, pointer, archive, missing = listed()
    assert "file" == SOURCE.fetch(fine, tmp_path)["kind"]
    for candidate, message in (
        (pointer, "pointer of Git LFS"),
        (archive, "in an archive only"),
        (missing, "answered 404"),
    ):
        with pytest.raises(SourceError, match=message):
            SOURCE.fetch(candidate, tmp_path / candidate.id)
    assert [] == zoo.requests_to("tar.gz")


@pytest.mark.heavy
@pytest.mark.parametrize(("content", "message"), [(b"{}", "expected a list of models"), (b"[", "expected JSON")])
def test_an_invalid_manifest_is_reported(zoo: FaultyServer, content: bytes, message: str) -> None:
    zoo.routes.insert(0, lambda request: Reply(200, {}, content))
    with pytest.raises(SourceError, match=message):
        listed()
