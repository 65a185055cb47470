"""An installed package that provides sources: a folder on the path with its entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from younger_hf.collect.workspace import Workspace
from younger_hf.sources.registry import find_source


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a package with the sources of this folder."""
    place = tmp_path_factory.mktemp("site")
    metadata = place / "sources-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sources\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{name} = tests.collect.{name}_source:SOURCE\n" for name in ("hostile", "counting")]
    (metadata / "entry_points.txt").write_text("".join(["[younger_hf.sources]\n", *lines]), encoding="utf-8")
    sys.path.insert(0, str(place))
    find_source.cache_clear()
    return place


@pytest.fixture(scope="session")
def hostile(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the models of the source `hostile` must not touch."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious").write_text("must stay", encoding="utf-8")
    return outside


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    opened = Workspace(tmp_path / "workspace")
    yield opened
    opened.close()
