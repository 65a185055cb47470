"""Predictions of a trained baseline for the rows of a split, in the form of a submission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.torch import load_file

from younger_hf.baselines.config import TrainConfig, read_config
from younger_hf.baselines.inference import decide, resolve_device
from younger_hf.baselines.models.gcn import make_model
from younger_hf.baselines.train import CONFIG, RUN, WEIGHTS, count_classes
from younger_hf.dataset.read.pyg import GraphRows
from younger_hf.dataset.read.release import Release
from younger_hf.errors import BaselineError

Rows = list[tuple[str, npt.NDArray[Any]]]


def predict(release: Release, folder: Path, split: str = "test", *, device: str = "auto") -> tuple[TrainConfig, Rows]:
    """What a trained baseline predicts.

    Args:
        release: The dataset it was trained on.
        folder: The run folder that `train` filled.
        split: Whose rows to predict.
        device: `auto`, `cpu` or `cuda`.

    Returns:
        The run's configuration; for every row its graph_id with int32 [M] classes (operator) or float32 [P] scores in
        [0, 1] (dataflow).

    Raises:
        BaselineError: If the folder holds no finished run, or one that was trained on another dataset.
    """
    config, dataset_version = read_config(folder / CONFIG)
    read_run(folder)
    if dataset_version != release.content_hash:
        raise BaselineError(
            f"{folder}: trained on the dataset {dataset_version}, but {release.root} is {release.content_hash}.",
            "Train again on this dataset, or name the one it was trained on.",
        )
    place = resolve_device(device)
    model = make_model(count_classes(release, config.signature), config)
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise BaselineError(
            f"{folder / WEIGHTS}: no weights for this model ({error}).", "Train again into a new folder."
        ) from error
    table = release.table(config.track, split)
    graphs = GraphRows(table)
    values = decide(model.to(place), graphs, config, place)
    lengths = [len(data.y) for data in graphs]
    parts = np.split(values, np.cumsum(lengths)[:-1])
    return config, list(zip(table["graph_id"].to_pylist(), parts, strict=True))


def read_run(folder: Path) -> dict[str, Any]:
    """What a finished run recorded: dataset, parameters, hardware, hours, best epoch and its validation metrics.

    Raises:
        BaselineError: If the run is not finished or its record is damaged.
    """
    path = folder / RUN
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BaselineError(
            f"{folder}: the run is not finished: it has no {RUN}.",
            "Call `younger-hf train` again: it goes on where it stopped.",
        ) from error
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path}: no readable JSON ({error}).", "Train again into a new folder.") from error
    needed = {"parameters": int, "hardware": str, "train_hours": float}
    wrong = [
        name for name, kind in needed.items() if not isinstance(values, dict) or type(values.get(name)) is not kind
    ]
    if wrong:
        raise BaselineError(
            f"{path}: expected a record of the run, found none of its {', '.join(wrong)}.",
            "Train again into a new folder.",
        )
    record: dict[str, Any] = values
    return record
