"""The recipes of CONTRIBUTING.md: their code runs, and does what the text promises."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from tests.dataset.built import Built, build_small
from younger_hf import tasks
from younger_hf.metrics.operator import classification_metrics

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```python\n# (.*?)\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL | re.MULTILINE)
RECIPES = {place.partition(",")[0] + ("#" if "," in place else ""): code for place, code in BLOCKS}
"""Code by its file; `#` stands behind a file of which the code is one line."""


def run_beside(module: ModuleType, code: str) -> dict[str, object]:
    """Run code with the names of a module, without changing the module."""
    names = dict(vars(module))
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    return names


def test_every_recipe_has_a_test() -> None:
    assert {
        "younger_hf/baselines/models/sage.py",
        "younger_hf/metrics/operator/classification_metrics.py",
        "younger_hf/tasks.py#",
        "younger_hf/tasks.py",
        "leaderboard/pages/splits.py",
        "leaderboard/pages/app.py#",
    } == set(RECIPES)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_small(tmp_path_factory.mktemp("built"))


@pytest.mark.heavy
def test_a_baseline_trains_and_predicts(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from younger_hf.baselines import models
    from younger_hf.baselines.config import make_config
    from younger_hf.baselines.entry import write_run_entry
    from younger_hf.baselines.train import train

    (tmp_path / "sage.py").write_text(RECIPES["younger_hf/baselines/models/sage.py"])
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    settings = {"model": "sage", "node_dim": 8, "hidden_dim": 8, "epochs": 1, "batch_size": 16}
    train(built.release, make_config("operator_w_attrs", settings), tmp_path / "run", device="cpu")
    write_run_entry(built.release, tmp_path / "run", tmp_path / "submission")
    assert (tmp_path / "submission" / "predictions.parquet").exists()
    monkeypatch.delitem(sys.modules, "younger_hf.baselines.models.sage", raising=False)


def test_a_metric_is_in_its_range_and_agrees_with_its_peer() -> None:
    from sklearn.metrics import zero_one_loss

    code = RECIPES["younger_hf/metrics/operator/classification_metrics.py"]
    ours = run_beside(classification_metrics, code)["zero_one_loss"]
    assert callable(ours)
    references, predictions = [2, 2, 3, 4], [2, 3, 3, 2]
    assert zero_one_loss(references, predictions) == ours(references, predictions)
    metric = eval(RECIPES["younger_hf/tasks.py#"].strip(), dict(vars(tasks)))
    assert metric.minimum <= ours(references, predictions) <= metric.maximum
    assert "min" == metric.direction


def test_a_task_has_its_configs_its_file_format_and_its_metrics() -> None:
    task = run_beside(tasks, RECIPES["younger_hf/tasks.py"])["DEPTH"]
    assert isinstance(task, tasks.Task)
    assert ("depth_w_attrs", "depth_wo_attrs") == task.configs
    assert ["graph_id", "value"] == task.format.schema.names
    values = task.metric_function()([10.0, 20.0, 40.0], [11.0, 15.0, 80.0])
    assert [metric.name for metric in task.metrics] == list(values)
    assert task.primary in values
    assert task.resample_function()


def test_a_page_is_drawn(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leaderboard import board

    script = tmp_path / "splits.py"
    script.write_text(RECIPES["leaderboard/pages/splits.py"])

    class OnlyRelease:
        release = built.release

    monkeypatch.setattr(board, "current_board", OnlyRelease)
    page = AppTest.from_file(str(script), default_timeout=60).run()
    assert not page.exception
    assert "Splits" == page.title[0].value
    assert len(page.table) == 1
    compile(RECIPES["leaderboard/pages/app.py#"], "CONTRIBUTING.md", "exec")
