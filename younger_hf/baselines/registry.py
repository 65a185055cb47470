"""The registry of models: each module in `models/` is one model, found by its file name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from younger_hf.errors import BaselineError

if TYPE_CHECKING:
    from torch import nn

_PACKAGE = f"{__package__}.models"
_MODELS: dict[tuple[str, str], type[nn.Module]] = {}
"""(name, what is predicted) -> class."""

Model = TypeVar("Model", bound="type[nn.Module]")


def register(predicts: str) -> Callable[[Model], Model]:
    """Register a class as the model named after its module: `models/gat.py` is `--model gat`.

    Args:
        predicts: What it predicts: `class` (one per masked node) or `score` (one per pair of
            nodes). A model that does both has one class for each.
    """

    def add(model: Model) -> Model:
        _MODELS[model.__module__.rpartition(".")[2], predicts] = model
        return model

    return add


def model_names() -> tuple[str, ...]:
    """Return the names of all models, sorted. Does not import them."""
    folder = importlib.import_module(_PACKAGE).__path__
    return tuple(sorted(module.name for module in pkgutil.iter_modules(folder)))


def check_name(name: str) -> None:
    """Raise BaselineError if the name is not that of a model."""
    if name not in model_names():
        raise BaselineError(f"Unknown model {name!r}; expected one of: {', '.join(model_names())}.")


def find_model(name: str, predicts: str) -> type[nn.Module]:
    """Import a model and return its class. Needs torch.

    Raises:
        BaselineError: If the model does not exist or cannot predict that.
    """
    check_name(name)
    importlib.import_module(f"{_PACKAGE}.{name}")
    if (name, predicts) not in _MODELS:
        raise BaselineError(
            f"The model {name!r} cannot predict a {predicts}.",
            f"Register a class for it in younger_hf/baselines/models/{name}.py, or choose another --model.",
        )
    return _MODELS[name, predicts]
