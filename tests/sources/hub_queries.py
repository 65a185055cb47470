"""Shortcuts for listing and fetching from the test Hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.graph.models import DATA
from tests.sources.hub_server import Hub, Repo
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs.huggingface import SOURCE
from younger_hf.sources.source import Query

Serve = Callable[[list[Repo]], Hub]

LIGHT = (DATA / "light" / "light_resnet50.onnx").read_bytes()
BERT = {"model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_size": 64}


def onnx_repos(number: int) -> list[Repo]:
    """Repos with one ONNX file each, two with the same number of likes."""
    return [Repo(f"org/model{n:02}", {"model.onnx": LIGHT}, likes=n // 2) for n in range(number)]


def listed(**query: Any) -> list[Candidate]:
    """All candidates of a query."""
    return list(SOURCE.candidates(Query(**query)))


def fetched(candidate: Candidate, folder: Path) -> dict[str, Any]:
    """The recipe that fetching a candidate returns."""
    return dict(SOURCE.fetch(candidate, folder))
