"""The house's own rules: imports go one way, files stay short, the public names are these, importing is quick."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import younger_hf

ROOT = Path(__file__).parent.parent
PACKAGES = ("younger_hf", "leaderboard", "loading_script")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))

LAYERS: dict[str, set[str]] = {
    # package -> packages of younger_hf that it may import (docs/decisions/0001-layers.md)
    "errors": set(),
    "graph": {"errors"},
    "torchvision_kernels": set(),
    "torchvision_operators": {"torchvision_kernels"},
    "retrieve": {"errors", "graph", "torchvision_operators"},
    "export": {"errors", "graph", "retrieve"},
    "metrics": {"errors", "graph"},
    "stages": {"errors", "graph", "torchvision_operators", "retrieve", "export"},
    "dataset": {"errors", "graph", "retrieve", "stages", "metrics"},
    "submission": {"errors", "graph", "metrics", "dataset"},
    "baselines": {"errors", "graph", "metrics", "dataset", "submission"},
}
HEAVY = ("torch", "torch_geometric", "streamlit", "transformers", "datasets", "evaluate", "sklearn", "onnxruntime")


def imports_of(file: Path, *, top_level: bool = False) -> set[str]:
    """Modules that a file imports; with `top_level` only those that importing the file imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = tree.body if top_level else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_imports_go_one_way(package: str) -> None:
    place = ROOT / "younger_hf" / package
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    assert files
    wrong = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports_of(file)
        if module.startswith("younger_hf.") and module.split(".")[1] not in LAYERS[package] | {package}
    }
    assert set() == wrong


def test_nothing_in_younger_hf_imports_the_leaderboard() -> None:
    wrong = {
        str(file)
        for file in (ROOT / "younger_hf").rglob("*.py")
        for m in imports_of(file)
        if m.split(".")[0] == "leaderboard"
    }
    assert set() == wrong


@pytest.mark.parametrize("package", ["graph", "metrics", "retrieve", "stages", "dataset", "submission"])
def test_heavy_packages_are_imported_only_where_they_are_needed(package: str) -> None:
    wrong = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in (ROOT / "younger_hf" / package).rglob("*.py")
        for module in imports_of(file, top_level=True)
        # evaluate's own scripts, and what only processes import that build models
        if module.split(".")[0] in HEAVY
        and file.parent.name not in ("operator", "dataflow", "generation", "prediction", "transformers_models")
    }
    assert set() == wrong


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_stays_under_400_lines_and_says_its_purpose(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    assert ast.get_docstring(ast.parse(text))


def test_the_public_names_are_these() -> None:
    expected = ["Dag", "YoungerError", "from_onnx", "load", "load_metric", "to_networkx", "to_onnx", "to_pyg"]
    assert expected == sorted(younger_hf.__all__)
    assert all(hasattr(younger_hf, name) for name in expected)


def test_importing_younger_hf_loads_nothing_heavy() -> None:
    code = "import sys, younger_hf; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set() == set(run.stdout.split()) & {*HEAVY, "igraph", "rich", "typer"}


def test_no_path_of_a_developers_machine_is_written_down() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    kinds = (".py", ".md", ".toml", ".yaml", "Makefile")
    texts = [ROOT / name for name in tracked if name.endswith(kinds) and not name.startswith("tests/")]
    home = os.sep + "home" + os.sep
    assert [] == [str(file) for file in texts if file.exists() and home in file.read_text(encoding="utf-8")]
