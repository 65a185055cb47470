"""The `evaluate` modules: loaded offline from a clone, from anywhere, and true to their cards."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from younger_hf.metrics import METRICS as METRICS_OF
from younger_hf.metrics import load, seeds, uncertainty
from younger_hf.metrics.dataflow import ranking_metrics
from younger_hf.metrics.operator import classification_metrics
from younger_hf.metrics.prediction import regression_metrics

ROOT = Path(__file__).parents[2]
METRICS = ROOT / "younger_hf" / "metrics"

DIFFERENTIAL = """
import sys
import evaluate, numpy as np
from younger_hf.metrics import load_metric
from younger_hf.errors import MetricError
rng = np.random.default_rng(0)
for task in ("operator", "dataflow", "prediction"):
    metric = evaluate.load(sys.argv[1] + task)
    if task == "operator":
        references, predictions = rng.integers(2, 50, 3000), rng.integers(2, 50, 3000)
    elif task == "dataflow":
        references, predictions = rng.integers(0, 2, 3000), rng.random(3000)
    else:
        references, predictions = rng.lognormal(size=3000), rng.lognormal(size=3000)
    ours = load_metric(task)
    fast = ours.compute(references=references, predictions=predictions)
    assert fast == metric.compute(references=references, predictions=predictions), "compute"
    for start in range(0, 3000, 700):
        batch = slice(start, start + 700)
        metric.add_batch(references=references[batch], predictions=predictions[batch])
        ours.add_batch(references=references[batch], predictions=predictions[batch])
    assert fast == metric.compute() == ours.compute(), "add_batch"
    both = {"references": references, "predictions": predictions}
    pairs = [evaluate.combine([first, second]).compute(**both) for first, second in ((metric, metric), (ours, ours))]
    assert pairs[0] == pairs[1], "combine"
    try:
        metric.compute(references=[1, 0], predictions=[-1, 3] if task == "operator" else [0.5, float("nan")])
    except MetricError:
        continue
    sys.exit(task + " gave a number where it is not defined")
"""

GENERATION = """
import json, sys
import evaluate, numpy as np
from younger_hf.metrics import load_metric
from younger_hf.errors import MetricError
rng = np.random.default_rng(0)
def graph():
    size = int(rng.integers(1, 9))
    return {"node_feat": rng.integers(2, 5, size), "edge_index": rng.integers(0, size, (2, int(rng.integers(0, 2 * size))))}
predictions, references, train = ([graph() for _ in range(count)] for count in (40, 15, 25))
context = {"train": train, "vocabulary": ['["","Relu"]', '["","Add"]', '["","Sum"]'], "executable": rng.random(40) < 0.5}
metric = evaluate.load(sys.argv[1] + "generation")
fast = load_metric("generation").compute(references=references, predictions=predictions, **context)
assert fast == metric.compute(references=references, predictions=predictions, **context), "compute"
for start in range(0, 40, 9):
    metric.add_batch(predictions=predictions[start : start + 9])
assert fast == metric.compute(references=references, **context), "add_batch"
for each in predictions:
    metric.add(prediction=each)
assert fast == metric.compute(references=references, **context), "add"
for each in (metric, load_metric("generation")):
    combined = evaluate.combine({"generation": each})
    combined.add_batch(predictions=predictions[:7])
    assert fast == combined.compute(references=references, predictions=predictions[7:], **context), "combine"
saved = json.loads(evaluate.save("saved.json", **fast).read_text())
assert fast == {name: saved[name] for name in fast}, "save"
for wrong in ({"references": None}, {"references": []}, {"predictions": [{"node_feat": [2], "edge_index": [[0], [1]]}]}):
    try:
        metric.compute(**{"references": references, "predictions": predictions, **context, **wrong})
    except MetricError:
        continue
    sys.exit(f"gave a number for {wrong}")
"""


def run(code: str, argument: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in another process: `evaluate` reads its settings once, when it is imported."""
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", code, argument]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def blocks_of(task: str) -> list[str]:
    return BLOCK.findall((METRICS / task / "README.md").read_text(encoding="utf-8"))


def promised(block: str) -> list[str]:
    """The output that a block of a card promises: the comments that are lines of their own."""
    return [line.removeprefix("# ") for line in block.splitlines() if line.startswith("# ")]


@pytest.mark.parametrize("task", METRICS_OF)
def test_each_example_of_a_card_runs_alone_and_prints_what_the_card_promises(task, capsys):
    for block in blocks_of(task):
        if "import evaluate" in block:
            continue  # it reads its settings once, when it is imported: see the next test
        exec(compile(block, task, "exec"), {"__name__": "__main__"})
        assert promised(block) == capsys.readouterr().out.splitlines()


@pytest.mark.heavy
@pytest.mark.parametrize(
    "block", [block for task in METRICS_OF for block in blocks_of(task)], ids=lambda block: block.splitlines()[-1][:40]
)
def test_each_example_of_a_card_runs_in_a_process_of_its_own(tmp_path, block):
    result = run(block, "", ROOT, tmp_path)
    assert 0 == result.returncode, result.stderr
    assert promised(block) == result.stdout.splitlines()


@pytest.mark.parametrize("task", METRICS_OF)
def test_the_card_has_examples_and_the_front_matter_of_the_hub(task):
    card = (METRICS / task / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---")[1])
    assert {"evaluate", "metric"} == set(front["tags"])
    assert front["title"]
    assert front["description"]
    assert len(blocks_of(task)) >= 4


@pytest.mark.heavy
def test_they_equal_the_fast_path_from_the_root_of_the_clone(tmp_path):
    result = run(DIFFERENTIAL, "younger_hf/metrics/", ROOT, tmp_path)
    assert 0 == result.returncode, result.stderr


@pytest.mark.heavy
def test_they_equal_the_fast_path_by_absolute_path_from_elsewhere(tmp_path):
    result = run(DIFFERENTIAL, f"{METRICS}/", tmp_path, tmp_path / "home")
    assert 0 == result.returncode, result.stderr


@pytest.mark.heavy
def test_generated_graphs_score_as_on_the_fast_path_in_every_form(tmp_path):
    result = run(GENERATION, f"{METRICS}/", tmp_path, tmp_path / "home")
    assert 0 == result.returncode, result.stderr


MODULES = [classification_metrics, load, ranking_metrics, regression_metrics, seeds, uncertainty]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_are_true(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert 0 == result.failed
