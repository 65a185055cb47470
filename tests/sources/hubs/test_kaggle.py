"""Kaggle Models as a source, against a local server with the same API."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sparse import tensor, write_model
from tests.graph.models import DATA
from tests.sources.kaggle_server import Instance, Kaggle, kaggle
from younger_hf import from_onnx
from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs import http_client
from younger_hf.sources.hubs.http_client import Patience
from younger_hf.sources.source import Query

pytest.importorskip("kagglehub")
from younger_hf.sources.hubs.kaggle import SOURCE

LIGHT = (DATA / "light" / "light_resnet50.onnx").read_bytes()
CONFIG = {"class_name": "Functional", "config": {"layers": []}}


def keras_file() -> bytes:
    """A `.keras` file with 4 MB of weights, uncompressed as Keras writes them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.writestr("model.weights.h5", bytes(4 << 20))
    return buffer.getvalue()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kaggle]:
    monkeypatch.setattr(http_client, "PATIENCE", Patience(tries=3, first_wait=0.1, longest_wait=0.2, silence=2))
    monkeypatch.setenv("KAGGLE_USERNAME", "someone")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    large = tmp_path / "large.onnx"
    write_model(large, [tensor(f"w{n}", 2 << 20) for n in range(60)])
    preset = {"config.json": json.dumps(CONFIG).encode(), "task.json": b"{}", "model.weights.h5": bytes(1 << 20)}
    saved = {"saved_model.pb": b"graph", "variables/variables.data-00000-of-00001": bytes(1 << 20)}
    models = {
        "org/net": [Instance("onnx", "default", {"net.onnx": large, "net_int8.onnx": LIGHT, "readme.md": b""})],
        "org/bert": [Instance("MODEL_FRAMEWORK_KERAS", "base", preset), Instance("pyTorch", "base", {"a.bin": b""})],
        "org/file": [Instance("keras", "whole", {"net.keras": keras_file()})],
        "org/graph": [Instance("MODEL_FRAMEWORK_TENSOR_FLOW_2", "v2", saved)],
        "org/old": [Instance("keras", "h5", {"net.h5": bytes(1 << 20)})],
    }
    with kaggle(models) as running:
        monkeypatch.setenv("KAGGLE_API_ENDPOINT", running.address)
        yield running


def listed(**query: Any) -> list[Candidate]:
    return list(SOURCE.candidates(Query(**query)))


def test_models_are_listed_page_by_page_with_their_metadata(server: Kaggle) -> None:
    found = listed(options={"page_size": 2})
    names = ["org/bert/keras/base", "org/file/keras/whole", "org/graph/tensorFlow2/v2", *["org/net/onnx/default"] * 2]
    assert [*names, "org/old/keras/h5"] == [candidate.model for candidate in found]
    assert 6 == len({candidate.id for candidate in found})
    assert ["kaggle--org--net--onnx--default--3--net_int8.onnx"] == [c.id for c in found if c.variant == "int8"]
    first = found[0]
    assert ("image-classification", "bert", "Apache-2.0", 5, "3") == (
        *(first.task, first.family, first.licence),
        *(first.likes, first.revision),
    )
    assert 3 == len(server.requests_to("/list$"))
    assert {"Basic c29tZW9uZTpzZWNyZXQ="} == {request.authorization for request in server.log}
    assert ["org/net/onnx/default"] * 2 == [c.model for c in listed(libraries=("onnx",))]


def test_a_listing_goes_on_from_a_stored_cursor(server: Kaggle) -> None:
    assert SOURCE.pages is not None
    query = Query(options={"page_size": 2})
    pages = list(SOURCE.pages(query, ""))
    assert ["2", "4", ""] == [page.cursor for page in pages]
    assert pages[1:] == list(SOURCE.pages(query, pages[0].cursor))


def test_lists_without_instances_are_completed(server: Kaggle) -> None:
    whole = listed()
    server.brief = True
    assert whole == listed()


def test_an_onnx_file_is_read_without_its_weights(server: Kaggle, tmp_path: Path) -> None:
    large = server.models["org/net"][0].files["net.onnx"]
    assert isinstance(large, Path)
    candidate = next(c for c in listed(only=("org/net/*",)) if c.recipe["file"] == "net.onnx")
    server.log.clear()
    recipe = SOURCE.fetch(candidate, tmp_path / "out")
    assert from_onnx(large) == from_onnx(recipe["path"])
    assert server.sent == recipe["notes"]["bytes_read"] <= 0.02 * large.stat().st_size
    assert {""} == {request.authorization for request in server.requests_to("^/storage/")}


@pytest.mark.heavy
def test_without_range_support_a_temporary_file_is_used(server: Kaggle, tmp_path: Path) -> None:
    large = server.models["org/net"][0].files["net.onnx"]
    assert isinstance(large, Path)
    server.fail("^/storage/", "whole", times=-1)
    candidate = next(c for c in listed(only=("org/net/*",)) if c.recipe["file"] == "net.onnx")
    recipe = SOURCE.fetch(candidate, tmp_path / "out")
    assert from_onnx(large) == from_onnx(recipe["path"])
    assert recipe["notes"]["downloaded"]
    assert large.stat().st_size == recipe["notes"]["bytes_of_file"] <= recipe["notes"]["bytes_read"]
    assert ["model.onnx"] == [path.name for path in (tmp_path / "out").iterdir()]


@pytest.mark.parametrize(
    ("name", "form", "most"),
    [("org/bert", "preset", 1000), ("org/file", "keras", 140_000), ("org/graph", "savedmodel", 10)],
)
def test_only_the_descriptions_of_keras_models_are_fetched(
    server: Kaggle, tmp_path: Path, name: str, form: str, most: int
) -> None:
    (candidate,) = listed(only=(f"{name}/*",))
    server.log.clear()
    recipe = SOURCE.fetch(candidate, tmp_path)
    assert ("keras", form) == (recipe["kind"], recipe["format"])
    content = Path(recipe["config"]).read_bytes()
    assert content == b"graph" if form == "savedmodel" else CONFIG == json.loads(content)
    assert sum(request.sent for request in server.requests_to("^/storage/")) <= most
    assert [] == server.requests_to(r"weights|variables")


def test_a_model_without_a_configuration_is_named(server: Kaggle, tmp_path: Path) -> None:
    (candidate,) = listed(only=("org/old/*",))
    with pytest.raises(SourceError, match=r"expected the configuration of a model, found none \(1 files: net.h5\)"):
        SOURCE.fetch(candidate, tmp_path)
    assert [] == server.requests_to("^/storage/")


def test_files_that_cannot_be_listed_cost_one_candidate(server: Kaggle, tmp_path: Path) -> None:
    server.fail("/org/net/onnx/default/3/files", 403, times=-1)
    found = listed()
    assert 5 == len(found)
    (candidate,) = [c for c in found if c.model == "org/net/onnx/default"]
    with pytest.raises(SourceError, match="the server answered 403"):
        SOURCE.fetch(candidate, tmp_path)


@pytest.mark.heavy
def test_the_client_waits_after_rate_limits_and_failures(server: Kaggle) -> None:
    server.fail("/list$", 429, Retry_After="1")
    server.fail("/list$", 502)
    assert 6 == len(listed())
    times = [request.at for request in server.requests_to("/list$")]
    assert times[1] - times[0] >= 1
