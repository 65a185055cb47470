"""The registry of models: a file in `models/` is all that a new model needs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from younger_hf.baselines import models
from younger_hf.baselines.config import TrainConfig
from younger_hf.baselines.inference import make_model
from younger_hf.baselines.registry import find_model, model_names
from younger_hf.errors import BaselineError

LINEAR = """
from torch import nn
from younger_hf.baselines.registry import register


@register("class")
class Linear(nn.Module):
    def __init__(self, num_classes, config):
        super().__init__()
        self.embedding = nn.Embedding(num_classes, config.node_dim)
        self.output = nn.Linear(config.node_dim, num_classes)

    def forward(self, x, edge_index, index):
        return self.output(self.embedding(x))[index].log_softmax(dim=-1)
"""


@pytest.fixture
def _linear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model in a file of its own, `linear`."""
    (tmp_path / "linear.py").write_text(LINEAR)
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "younger_hf.baselines.models.linear", raising=False)


@pytest.mark.usefixtures("_linear")
def test_a_file_in_the_folder_is_a_model() -> None:
    assert {"gcn", "linear"} <= set(model_names())
    model = make_model(50, TrainConfig("operator_wo_attrs", model="linear", node_dim=8))
    assert "Linear" == type(model).__name__
    assert (50, 8) == tuple(model.embedding.weight.shape)


@pytest.mark.usefixtures("_linear")
def test_a_model_without_the_task_of_the_track_is_named() -> None:
    with pytest.raises(BaselineError, match="The model 'linear' cannot predict a score") as caught:
        find_model("linear", "score")
    assert "models/linear.py" in caught.value.hint


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(BaselineError, match="Unknown model 'oracle'; expected one of: gcn"):
        find_model("oracle", "class")
