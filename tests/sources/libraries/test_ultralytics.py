"""The descriptions of ultralytics."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources.library_checks import check_listing, exported
from younger_hf.sources.libraries.ultralytics import SOURCE, _name

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[3]


def test_every_description_is_listed_in_each_scale() -> None:
    candidates = check_listing(SOURCE)
    tasks = {candidate.model: candidate.task for candidate in candidates}
    assert len(candidates) > 200
    assert {"AGPL-3.0"} == {candidate.licence for candidate in candidates}
    assert {
        "yolov8n": "object-detection",
        "yolo11x-seg": "image-segmentation",
        "yolo11s-pose": "keypoint-detection",
        "yolo11n-cls": "image-classification",
        "rtdetr-l": "object-detection",
    }.items() <= tasks.items()


@pytest.mark.parametrize(
    ("stem", "scale", "name"),
    [
        ("yolo11-seg", "n", "yolo11n-seg"),
        ("yoloe-v8", "s", "yoloe-v8s"),
        ("yolov10b", "b", "yolov10b"),
        ("yolov9c", "", "yolov9c"),
        ("rtdetr-x", "x", "rtdetr-x"),
        ("rtdetr-resnet50", "l", "rtdetr-resnet50-l"),
    ],
)
def test_names_are_those_that_users_know(stem: str, scale: str, name: str) -> None:
    assert name == _name(stem, scale)


@pytest.mark.parametrize("name", ["yolov8n", "yolov8n-world", "yolo11n-cls"])
def test_a_model_is_exported(name: str) -> None:
    found = list(exported(SOURCE, name).op_types)
    assert found.count("Sigmoid") + found.count("Relu") > 20


def test_nothing_is_written_into_the_home_or_installed(tmp_path: Path) -> None:
    home, place = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    place.mkdir()
    code = """
from younger_hf.sources.source import Query
from younger_hf.sources.libraries.ultralytics import SOURCE
(candidate,) = SOURCE.candidates(Query(only=("yolov8n",)))
SOURCE.build(candidate.recipe)
from ultralytics.utils import AUTOINSTALL, ONLINE
print(AUTOINSTALL, ONLINE)
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YOLO")}
    environment |= {"HOME": str(home), "TMPDIR": str(place), "PYTHONPATH": str(ROOT)}
    environment |= {"XDG_CONFIG_HOME": str(home / ".config")}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert 0 == run.returncode, run.stderr
    assert "False False" == run.stdout.splitlines()[-1]
    assert [] == [file for file in home.rglob("*") if "ultralytics" in file.name.lower() or file.suffix == ".json"]
    assert [] == list(place.iterdir())
