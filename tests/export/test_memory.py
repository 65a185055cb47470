"""The cost of an export, measured in fresh processes."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.export.tiny import PEAK, TINY, Recipe, exported, recipe, run_child

MEASURE = (
    PEAK
    + """
import json, sys
from hashlib import sha256
from tests.export.tiny import export_transformers
model = export_transformers(json.loads(sys.argv[1]))
payload = model.SerializeToString(deterministic=True)
print(json.dumps([peak(), len(payload), sha256(payload).hexdigest()]))
"""
)


def measure(model_recipe: Recipe) -> tuple[float, int, str]:
    """Peak memory in MB, size of the file in bytes and its hash."""
    return tuple(json.loads(run_child(MEASURE, json.dumps(model_recipe)).splitlines()[-1]))


@pytest.mark.heavy
def test_440_megabytes_of_weights_cost_less_than_150() -> None:
    """BERT base has 109,482,240 parameters: 438 MB as float32. Every process writes equal bytes."""
    tiny, _, digest = measure(TINY["bert"])
    assert sha256(exported("bert").SerializeToString(deterministic=True)).hexdigest() == digest
    full, size, _ = measure(recipe("bert", "AutoModel"))
    assert full - tiny < 150
    assert size < 500_000


@pytest.mark.heavy
def test_convolutions_with_batch_normalisation_cost_nothing() -> None:
    """The exporter folds them into the convolutions: eight new weights of 38 MB if computed."""
    code = (
        PEAK
        + """
import torch
from younger_hf.export.lazy_weights import LazyWeights
from younger_hf.export.torchscript import export_module
def export(channels):
    with LazyWeights():
        model = torch.nn.Sequential(*(
            layer for _ in range(8)
            for layer in (torch.nn.Conv2d(channels, channels, 3, bias=False), torch.nn.BatchNorm2d(channels))
        ))
    return export_module(model, {"input": torch.zeros(1, channels, 18, 18)})
export(160)
before = peak()
found = [node.op_type for node in export(1024).graph.node]
print(set(found), len(found), int(peak() - before))
"""
    )
    found, cost = run_child(code).rsplit(" ", 1)
    assert "{'Conv'} 8" == found
    assert int(cost) < 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_recipe", "limit"),
    [
        (recipe("llama", "AutoModelForCausalLM"), 1024),  # 6.7 billion parameters: 27 GB
        (
            recipe("regnet", "AutoModelForImageClassification"),
            1024,
        ),  # convolutions, with normalisation folded in
    ],
    ids=["llama-7b", "regnet"],
)
def test_a_model_of_any_size_fits_a_gigabyte(model_recipe: Recipe, limit: int) -> None:
    assert measure(model_recipe)[0] < limit
