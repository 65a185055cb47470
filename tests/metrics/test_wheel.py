"""The `evaluate` modules from an installed wheel, offline and outside any clone.

They are loaded with the line that the cards show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.metrics.test_evaluate_modules import ROOT
from younger_hf.errors import MetricError
from younger_hf.metrics import METRICS, evaluate_module

EVERY_TASK = """
import json, sys
from pathlib import Path
import evaluate
import younger_hf
from younger_hf.metrics import METRICS, evaluate_module, load_metric

assert Path(sys.argv[1]) in Path(younger_hf.__file__).parents, younger_hf.__file__
chain, ring = ({"node_feat": [2, 3], "edge_index": edges} for edges in ([[0], [1]], [[0, 1], [1, 0]]))
examples = {
    "operator": ([2, 2, 3, 4], [2, 3, 3, 2], {}),
    "dataflow": ([1, 0, 1, 0], [0.9, 0.8, 0.8, 0.3], {}),
    "prediction": ([10.0, 20.0, 40.0, 80.0], [11.0, 15.0, 80.0, 20.0], {}),
    "generation": ([chain] * 4, [chain, ring] * 2, {"train": [chain], "vocabulary": ['["","Relu"]', '["","Sum"]']}),
}
assert set(METRICS) == set(examples), "an example for each task"
for task, (references, predictions, context) in examples.items():
    metric = evaluate.load(evaluate_module(task))
    expected = load_metric(task).compute(references=references, predictions=predictions, **context)
    assert expected == metric.compute(references=references, predictions=predictions, **context), "compute"
    if task == "generation":  # of which there may be more or fewer than there are references
        for start in (0, 2):
            metric.add_batch(predictions=predictions[start : start + 2])
        assert expected == metric.compute(references=references, **context), "add_batch"
    else:
        for start in (0, 2):
            metric.add_batch(references=references[start : start + 2], predictions=predictions[start : start + 2])
        assert expected == metric.compute(), "add_batch"
    combined = evaluate.combine({"here": metric, "there": evaluate.load(evaluate_module(task))})
    together = combined.compute(references=references, predictions=predictions, **context)
    assert {f"{place}_{name}": value for place in ("here", "there") for name, value in expected.items()} == together
    saved = json.loads(evaluate.save(Path(task) / "results.json", **expected).read_text(encoding="utf-8"))
    assert expected == {name: saved[name] for name in expected}, "save"
print(*examples)
"""


@pytest.mark.slow
def test_the_modules_of_every_task_work_from_an_installed_wheel(tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    offline = ["--no-deps", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "--no-build-isolation", "-w", tmp_path / "dist", ROOT], check=True)
    [wheel] = (tmp_path / "dist").glob("younger_hf-*.whl")
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    subprocess.run([*pip, "install", *offline, "--target", site, wheel], check=True)
    elsewhere.mkdir()
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_EVALUATE_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(site),
    }
    run = subprocess.run(
        [sys.executable, "-c", EVERY_TASK, site],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert 0 == run.returncode, run.stderr
    assert set(METRICS) == set(run.stdout.split())


@pytest.mark.parametrize("task", METRICS)
def test_the_folder_of_a_module_holds_its_script_and_its_card(task):
    folder = Path(evaluate_module(task))
    assert {f"{task}.py", "README.md"} <= {file.name for file in folder.iterdir()}


def test_an_unknown_task_names_those_there_are():
    with pytest.raises(MetricError, match="Unknown task 'operator_w_attrs'; expected one of: operator"):
        evaluate_module("operator_w_attrs")
