"""The example in docs/sources.md, installed as it is: a source is one file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LONGEST = 150
"""Number of lines that suffice according to the documentation."""

LIBRARY = """
import torch

__version__ = "1.0"


def list_models():
    return ["tiny_relu", "tiny_tanh"]


def create(name):
    activation = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[name.removeprefix("tiny_")]
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), activation(), torch.nn.Flatten(), torch.nn.Linear(394272, 200000))
"""


def example(language: str) -> str:
    """The last code block in that language in the guide."""
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)[-1]


@pytest.mark.heavy
def test_the_documented_source_lists_and_exports_its_models(tmp_path: Path) -> None:
    """Models with a layer of 315 GB among them."""
    pytest.importorskip("torch")
    assert example("python").count("\n") < LONGEST
    (tmp_path / "mylibrary.py").write_text(LIBRARY, encoding="utf-8")
    (tmp_path / "mylibrary_younger.py").write_text(example("python"), encoding="utf-8")
    metadata = tmp_path / "mylibrary_younger-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mylibrary_younger\nVersion: 1.0\n", encoding="utf-8"
    )
    entries = (
        example("toml").replace('[project.entry-points."younger_hf.sources"]', "[younger_hf.sources]").replace('"', "")
    )
    (metadata / "entry_points.txt").write_text(entries, encoding="utf-8")

    def younger(*arguments: str) -> str:
        code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; from younger_hf.cli import main; main()"
        run = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert 0 == run.returncode, run.stderr
        return run.stdout

    assert "Models of mylibrary." in younger("retrieve")
    assert "mylibrary" in younger("retrieve", "mylibrary")
    younger("export", "--memory", "1.5")
    assert '"done": 2' in younger("status", "--json")


def test_sources_of_libraries_are_as_short_as_promised() -> None:
    libraries = (
        "timm",
        "torchvision",
        "pytorchcv",
        "smp",
        "ultralytics",
        "diffusers",
        "sentence_transformers",
        "keras",
    )
    files = [ROOT / "younger_hf" / "sources" / "libraries" / f"{name}.py" for name in libraries]
    long = {file.name: lines for file in files if (lines := file.read_text(encoding="utf-8").count("\n")) >= LONGEST}
    assert {} == long
