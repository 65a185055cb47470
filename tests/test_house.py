"""The house's own rules: short files and functions, small folders, no circles, a quick import, the public names."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import grimp
import networkx as nx
import pytest

import younger_hf

ROOT = Path(__file__).parent.parent
PACKAGES = ("younger_hf", "leaderboard", "loading_script")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
FOLDERS = sorted({file.parent for file in FILES})

FILE_LINES, FUNCTION_LINES, FOLDER_MODULES = 300, 60, 16

HEAVY = {"torch", "torch_geometric", "streamlit", "transformers", "datasets", "evaluate", "sklearn", "onnxruntime"}
LIGHT_PACKAGES = ("graph", "metrics", "sources", "collect", "dataset", "submission")
EVALUATE_SCRIPTS = {"operator.py", "dataflow.py", "generation.py", "prediction.py"}
IMPORTED_LATE = {  # imported inside functions that need torch, or only by processes that build a model
    "younger_hf/dataset/read/stream.py",
    "younger_hf/sources/libraries/torchvision_kernels.py",
    "younger_hf/sources/libraries/transformers_models",
}

MIRRORED = {
    "app.py": "the command line's application, and the frame of the pages",
    "dataflow.py": "the rows of a task, and its `evaluate` module",
    "load.py": "loading a config, and loading a metric",
    "networkx.py": "one graph, and rows of a dataset",
    "operator.py": "the rows of a task, and its `evaluate` module",
    "pyg.py": "one graph, and rows of a dataset",
    "registry.py": "sources by name, and models by name",
    "publish.py": "a verb, and what it does",
    "status.py": "a verb, and what it does",
    "train.py": "a verb, and what it does",
    "submit.py": "a verb, and the page that does the same",
}
"""Module names that occur more than once in mirrored roles, and these roles."""


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported_at_top(file: Path) -> set[str]:
    """Return the top-level packages that importing a file imports itself."""
    found: set[str] = set()
    for node in tree_of(file).body:
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count; those for type checkers alone do not run. Layers are import-linter's."""
    imports = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=True)
    graph = nx.DiGraph(
        (module, other) for module in imports.modules for other in imports.find_modules_directly_imported_by(module)
    )
    circles = [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1]
    assert [] == circles


@pytest.mark.heavy
@pytest.mark.parametrize("package", LIGHT_PACKAGES)
def test_heavy_packages_are_imported_only_where_they_are_needed(package: str) -> None:
    wrong = {
        f"{relative(file)} imports {sorted(heavy)}"
        for file in (ROOT / "younger_hf" / package).rglob("*.py")
        if file.name not in EVALUATE_SCRIPTS
        if relative(file) not in IMPORTED_LATE and relative(file.parent) not in IMPORTED_LATE
        if (heavy := imported_at_top(file) & HEAVY)
    }
    assert set() == wrong


@pytest.mark.heavy
@pytest.mark.parametrize("file", FILES, ids=relative)
def test_a_file_is_short_and_says_its_purpose(file: Path) -> None:
    assert file.read_text(encoding="utf-8").count("\n") <= FILE_LINES
    assert ast.get_docstring(tree_of(file))


def test_functions_are_short() -> None:
    lengths = {
        f"{relative(file)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {} == {name: length for name, length in lengths.items() if length > FUNCTION_LINES}


def test_folders_are_small() -> None:
    sizes = {relative(folder): len([*folder.glob("*.py")]) for folder in FOLDERS}
    assert {} == {folder: size for folder, size in sizes.items() if size > FOLDER_MODULES + 1}  # and `__init__.py`


def test_no_two_modules_have_the_same_name() -> None:
    places = defaultdict(list)
    for file in FILES:
        if not file.name.startswith("__"):
            places[file.name].append(relative(file))
    assert {} == {name: files for name, files in places.items() if len(files) > 1 and name not in MIRRORED}


def test_the_public_names_are_these() -> None:
    expected = [
        "Dag",
        "YoungerError",
        "from_onnx",
        "load",
        "load_metric",
        "num_classes",
        "to_networkx",
        "to_onnx",
        "to_pyg",
    ]
    assert expected == sorted(younger_hf.__all__)
    assert all(hasattr(younger_hf, name) for name in (*expected, "__version__", "metrics"))
    assert set(expected) < set(dir(younger_hf))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        younger_hf.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_importing_younger_hf_loads_nothing() -> None:
    code = "import sys, younger_hf; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set() == set(run.stdout.split()) & {
        *HEAVY,
        "numpy",
        "onnx",
        "networkx",
        "igraph",
        "pyarrow",
        "rich",
        "typer",
    }


def test_no_path_of_a_developers_machine_is_written_down() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    kinds = (".py", ".md", ".toml", ".yaml", ".yml", "Makefile", "Dockerfile")
    texts = [ROOT / name for name in tracked if name.endswith(kinds) and not name.startswith("tests/")]
    home = os.sep + "home" + os.sep
    assert [] == [str(file) for file in texts if file.exists() and home in file.read_text(encoding="utf-8")]
