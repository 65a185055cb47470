"""ONNX files of the Hugging Face Hub, read without their weights however the server behaves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.sources.hub_queries import LIGHT, Serve, fetched, listed, onnx_repos
from tests.sources.hub_server import Repo
from younger_hf import from_onnx
from younger_hf.errors import ModelReadError, SourceError, YoungerError
from younger_hf.sources.hubs import http_client
from younger_hf.sources.hubs.http_client import Patience


def test_a_large_file_is_read_by_at_most_two_percent_of_its_bytes(serve: Serve, large: Path, tmp_path: Path) -> None:
    server = serve([Repo("org/large", {"model.onnx": large})])
    (candidate,) = listed()
    server.log.clear()
    recipe = fetched(candidate, tmp_path)
    size = large.stat().st_size
    assert size == recipe["notes"]["bytes_of_file"] > 120 << 20
    assert server.sent == recipe["notes"]["bytes_read"] <= 0.02 * size
    assert from_onnx(large) == from_onnx(recipe["path"])
    assert Path(recipe["path"]).stat().st_size < 0.001 * size
    assert "file" == recipe["kind"]
    assert candidate.revision == recipe["revision"]
    assert 1 == len(server.requests_to("/resolve/"))  # the address that it redirects to is kept
    assert all(f"/resolve/{candidate.revision}/" in request.path for request in server.requests_to("/resolve/"))


def test_a_token_goes_to_the_hub_and_nowhere_else(serve: Serve, tmp_path: Path) -> None:
    server = serve(onnx_repos(1))
    fetched(listed()[0], tmp_path)
    assert {"Bearer secret"} == {request.authorization for request in server.requests_to("^/(api|org)/")}
    assert {""} == {request.authorization for request in server.requests_to("^/cdn/")}


def test_a_small_file_is_the_same_dag_as_on_the_hub(serve: Serve, tmp_path: Path) -> None:
    server = serve(onnx_repos(1))
    (candidate,) = listed()
    assert from_onnx(LIGHT) == from_onnx(fetched(candidate, tmp_path)["path"])
    assert len(LIGHT) == sum(request.sent for request in server.requests_to("cdn"))


def test_an_expired_address_is_requested_again(serve: Serve, large: Path, tmp_path: Path) -> None:
    server = serve([Repo("org/large", {"model.onnx": large})])
    server.fail("^/cdn/", "expire", after=9)
    server.fail("^/cdn/", "expire", after=20)
    assert from_onnx(large) == from_onnx(fetched(listed()[0], tmp_path)["path"])
    assert 3 == len(server.requests_to("/resolve/"))


@pytest.mark.heavy
def test_a_rate_limit_is_respected(serve: Serve) -> None:
    server = serve(onnx_repos(2))
    server.fail("^/api/models$", 429, times=1, Retry_After="1")
    server.fail(
        "^/api/models$", 429, times=1, RateLimit='"api";r=0;t=1', RateLimit_Policy='"fixed window";"api";q=500;w=300'
    )
    assert 2 == len(listed(libraries=("onnx",)))
    times = [request.at for request in server.requests_to("^/api/models$")]
    assert 3 == len(times)
    assert all(1 <= later - earlier < 2.5 for earlier, later in pairwise(times))


def test_a_server_that_asks_to_wait_an_hour_is_abandoned(serve: Serve) -> None:
    server = serve(onnx_repos(1))
    server.fail("^/api/models$", 429, times=-1, Retry_After="3600")
    with pytest.raises(SourceError, match="the server asks to wait 3600 seconds") as caught:
        listed()
    assert 1 == len(server.log)
    assert "try again later" in caught.value.hint


@pytest.mark.heavy
def test_retries_wait_longer_each_time_and_end(serve: Serve) -> None:
    server = serve(onnx_repos(1))
    server.fail("^/api/models$", 503, times=-1)
    with pytest.raises(SourceError, match=r"no answer in 4 tries \(status 503\)"):
        listed()
    times = [request.at for request in server.log]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert 3 == len(waits)
    for wait, longest in zip(waits, (0.1, 0.2, 0.4), strict=True):
        assert longest / 2 <= wait <= longest + 0.15


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("place", "kind"),
    [
        *((place, kind) for place in ("^/api/models$", "^/cdn/") for kind in ("cut", "longer", "shorter")),
        *(
            (place, kind)
            for place in ("^/api/models$", "/resolve/", "^/cdn/")
            for kind in ("408", "500", "503", "reset")
        ),
    ],
)
def test_transient_failures_are_retried(serve: Serve, large: Path, tmp_path: Path, kind: str, place: str) -> None:
    server = serve([Repo("org/large", {"model.onnx": large})])
    server.fail(place, kind, times=2, after=0 if "api" in place or "resolve" in place else 5)
    recipe = fetched(listed(libraries=("onnx",))[0], tmp_path)
    assert from_onnx(large) == from_onnx(recipe["path"])
    assert recipe["notes"]["bytes_read"] <= 0.02 * large.stat().st_size
    assert all(fault.times == 0 for fault in server.faults)


@pytest.mark.heavy
def test_a_server_that_falls_silent_is_tried_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "PATIENCE", Patience(tries=3, first_wait=0.1, silence=0.3))
    server = serve(onnx_repos(2))
    server.fail("^/api/models$", "slow", times=1, seconds=1.0)
    assert 2 == len(listed(libraries=("onnx",)))
    assert 2 == len(server.log)


def test_a_server_that_sends_whole_files_is_left_after_the_first_bytes(
    serve: Serve, large: Path, tmp_path: Path
) -> None:
    server = serve([Repo("org/large", {"model.onnx": large})])
    server.fail("^/cdn/", "whole", times=-1, after=3)
    (candidate,) = listed()
    with pytest.raises(SourceError, match="the server sends all of the file"):
        fetched(candidate, tmp_path)
    assert server.sent < 0.25 * large.stat().st_size  # what the system buffers, at most
    assert [] == list(tmp_path.iterdir())


@pytest.mark.heavy
def test_one_poisoned_repo_costs_only_itself(serve: Serve, large: Path, tmp_path: Path) -> None:
    cut_off = tmp_path / "cut.onnx"
    cut_off.write_bytes(large.open("rb").read(3 << 20))
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    repos = [
        Repo("org/fine1", {"model.onnx": LIGHT}, likes=9),
        Repo("org/vanished", {"model.onnx": LIGHT}, likes=8, vanished=True),
        Repo("org/gated", {"model.onnx": LIGHT}, likes=7, gated=True),
        Repo("org/truncated", {"model.onnx": cut_off}, likes=6),
        Repo("org/noise", {"model.onnx": bytes(range(256)) * 999}, likes=5),
        Repo("org/empty", {"model.onnx": b""}, likes=4),
        Repo("org/pointer", {"model.onnx": pointer}, likes=3),
        Repo("org/fine2", {"model.onnx": LIGHT}, likes=2),
    ]
    server = serve(repos)
    said: dict[str, Any] = {}
    for candidate in listed(libraries=("onnx",)):
        try:
            said[candidate.model] = from_onnx(fetched(candidate, tmp_path / candidate.id)["path"]).num_nodes
        except YoungerError as error:
            said[candidate.model] = error
    nodes = from_onnx(LIGHT).num_nodes
    assert nodes == said.pop("org/fine1") == said.pop("org/fine2")
    parts = {
        "org/vanished": (SourceError, "it was listed, but is not there"),
        "org/gated": (SourceError, "Access to org/gated is restricted"),
        "org/truncated": (ModelReadError, "cut off, or another format"),
        "org/noise": (ModelReadError, "not a readable ONNX model"),
        "org/empty": (ModelReadError, "the file is empty"),
        "org/pointer": (SourceError, "pointer of Git LFS"),
    }
    assert parts.keys() == said.keys()
    for repo, (kind, part) in parts.items():
        assert isinstance(said[repo], kind), repo
        assert part in said[repo].message, repo
    assert server.sent < 6 << 20
