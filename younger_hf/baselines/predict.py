"""Predictions of a trained baseline for the rows of a split, in the form of a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.baselines.config import TrainConfig, read_config
from younger_hf.baselines.inference import infer, make_model, resolve_device
from younger_hf.baselines.run_folder import CONFIG, check_dataset, load_weights, read_run
from younger_hf.baselines.train import count_classes
from younger_hf.dataset.read.pyg import to_pyg
from younger_hf.dataset.read.release import Release

Rows = list[tuple[str, npt.NDArray[Any]]]


def predict(release: Release, folder: Path, split: str = "test", *, device: str = "auto") -> tuple[TrainConfig, Rows]:
    """Predict the rows of a split with a trained baseline.

    Args:
        release: The dataset it was trained on.
        folder: The run folder that `train` filled.
        split: The split whose rows are predicted.
        device: `auto`, `cpu` or `cuda`.

    Returns:
        The configuration of the run; for every row, its graph_id with int32 [M] classes (operator)
        or float32 [P] scores in [0, 1] (dataflow).

    Raises:
        BaselineError: If the folder does not hold a finished run, or one trained on another
            dataset.
    """
    config, dataset_version = read_config(folder / CONFIG)
    read_run(folder)
    check_dataset(folder, dataset_version, release, "Train again on this dataset, or name the one it was trained on.")
    target = resolve_device(device)
    model = make_model(count_classes(release, config.track), config)
    load_weights(folder, model)
    table = release.table(config.track, split)
    graphs = to_pyg(table)
    values = infer(model.to(target), graphs, config, target)
    ends = np.cumsum([len(data.y) for data in graphs])
    return config, list(zip(table["graph_id"].to_pylist(), np.split(values, ends[:-1]), strict=True))
