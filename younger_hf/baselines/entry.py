"""A baseline's entry for the board: its predictions and their `submission.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from younger_hf.dataset.read.release import Release
from younger_hf.submission.format.metadata import SubmissionMetadata, write_metadata
from younger_hf.submission.format.submission_folder import METADATA
from younger_hf.submission.format.write_predictions import write_predictions
from younger_hf.submission.score.reference_predictions import reference_predictions

_DESCRIPTIONS = {
    "random": "Reference generator 'random': sizes and operators of training architectures, edges at random. The floor.",
    "bootstrap": "Reference generator 'bootstrap': training architectures drawn again. The ceiling of memorising.",
}


def write_run_entry(
    release: Release,
    run: Path,
    out: Path,
    *,
    system: str | None = None,
    team: str = "younger-hf",
    device: str = "auto",
    split: str = "test",
) -> SubmissionMetadata:
    """Predict a split with a trained baseline. Needs torch.

    Args:
        release: The dataset it was trained on.
        run: Its run folder.
        out: Folder for `predictions.parquet` and `submission.yaml`.
        system: Name on the board; the name of the model by default.
        team: Team on the board.
        device: `auto`, `cpu` or `cuda`.
        split: The split to predict.

    Raises:
        BaselineError: If the run is not finished or was trained on another dataset.
    """
    from younger_hf.baselines.predict import predict
    from younger_hf.baselines.run_folder import read_run

    config, rows = predict(release, run, split, device=device)
    record = read_run(run)
    return _write_entry(
        out,
        rows,
        track=config.track,
        dataset_version=release.content_hash,
        system=system or config.model.upper(),
        team=team,
        description=f"Reference baseline, best of {config.epochs} epochs by validation.",
        parameters=record["parameters"],
        hardware=record["hardware"],
        train_hours=round(record["train_hours"], 6),
        seeds=(config.seed,),
    )


def write_reference_entry(
    release: Release,
    name: str,
    track: str,
    out: Path,
    *,
    system: str | None = None,
    team: str = "younger-hf",
    seed: int = 0,
    split: str = "test",
) -> SubmissionMetadata:
    """Predict a split, or generate graphs, with a reference that learns nothing.

    Args:
        release: The dataset.
        name: One of the references of the track's task.
        track: Config name.
        out: Folder for `predictions.parquet` and `submission.yaml`.
        system: Name on the board; the name of the reference by default.
        team: Team on the board.
        seed: Seed of everything that is drawn.
        split: The split to predict.

    Raises:
        SubmissionError: If the task does not have this reference.
        DatasetError: If the track does not exist.
    """
    return _write_entry(
        out,
        reference_predictions(name, release, track, seed, split),
        track=track,
        dataset_version=release.content_hash,
        system=system or name,
        team=team,
        description=_DESCRIPTIONS.get(name, f"Reference predictor {name!r}: it ignores the graph."),
        parameters=0,
        seeds=(seed,),
    )


def _write_entry(out: Path, rows: Any, **fields: Any) -> SubmissionMetadata:
    metadata = SubmissionMetadata(**fields)
    write_predictions(out, metadata.track, rows)
    write_metadata(out / METADATA, metadata)
    return metadata
