"""A Hub that environment variables point to, and a large file for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.sparse import tensor, write_model
from tests.sources.hub_server import Hub, Repo, hub
from younger_hf.sources.hubs import http_client
from younger_hf.sources.hubs.http_client import Patience


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sparse file of 120 MB."""
    path = tmp_path_factory.mktemp("large") / "large.onnx"
    write_model(path, [tensor(f"w{n}", 2 << 20) for n in range(60)])
    return path


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[list[Repo]], Hub]]:
    """A function that starts a Hub with repos, with fast retries and without the user's token."""
    monkeypatch.setattr(http_client, "PATIENCE", Patience(tries=4, first_wait=0.1, longest_wait=0.4, silence=2))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "secret")
    with ExitStack() as stack:

        def start(repos: list[Repo]) -> Hub:
            server = stack.enter_context(hub(repos))
            monkeypatch.setenv("HF_ENDPOINT", server.address)
            return server

        yield start
