"""`younger-hf train, predict`: a baseline for one track, and its predictions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.app import Data, Device, Json, Split, command, need_torch
from younger_hf.errors import BaselineError

Replaced = Annotated[str | None, typer.Option(hidden=True)]
"""An option of release 0.1.0 that another one replaces."""


@command(
    "younger-hf train --track operator_w_attrs --data younger",
    "younger-hf train --track dataflow_wo_attrs --model gcn --epochs 20 --out runs/dataflow",
    resumes=True,
)
def train(
    track: Annotated[str, typer.Option(help="Track, as operator_w_attrs.")] = "",
    model: Annotated[str, typer.Option(help="Model: a file in younger_hf/baselines/models/.")] = "gcn",
    data: Data = Path("younger"),
    out: Annotated[Path | None, typer.Option(help="Run folder. (default: runs/TRACK-MODEL)")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training rows.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate of Adam; the paper's by default.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Graphs per batch; the paper's by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, order and dropout.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with any setting of TrainConfig.")] = None,
    device: Device = "auto",
    as_json: Json = False,
    task: Replaced = None,
    signature: Replaced = None,
) -> None:
    """Train a baseline; resumable after any epoch."""
    _check_track(track, task, signature)
    from younger_hf.baselines.config import make_config
    from younger_hf.dataset.read.release import open_release

    overrides = {"epochs": epochs, "learning_rate": learning_rate, "batch_size": batch_size, "seed": seed}
    settings = make_config(track, {"model": model, **overrides}, config)
    release = open_release(data)
    need_torch()
    from younger_hf.baselines.train import train as run_training

    folder = out or Path("runs") / f"{track}-{model}"
    with console.progress(f"Training {model} on {track}", quiet=as_json) as advance:
        history = run_training(
            release,
            settings,
            folder,
            device=device,
            on_epoch=lambda epoch: advance(f"loss {epoch.loss:.3f}", epoch.epoch, settings.epochs),
        )
    best = [epoch for epoch in history if epoch.best][-1]
    if as_json:
        console.show_json({"run": folder, "best": asdict(best), "epochs": len(history)})
        return
    rows = [[e.epoch, e.loss, *e.validation.values(), "best" if e is best else ""] for e in history]
    console.show_table(f"{folder}: validation of {track}", ["epoch", "loss", *best.validation, ""], rows)
    console.say(f"Next: younger-hf predict {folder} --data {data} --out {folder}/submission")


def _check_track(track: str, task: str | None, signature: str | None) -> None:
    if task is not None or signature is not None:
        raise BaselineError(
            "The options --task and --signature were replaced by --track.",
            f"younger-hf train --track {task or 'operator'}_{signature or 'w_attrs'}",
        )
    if not track:
        raise BaselineError("Expected a track to train for.", "younger-hf train --track operator_w_attrs")


@command(
    "younger-hf predict runs/operator_w_attrs-gcn --out submission",
    "younger-hf predict runs/operator_w_attrs-gcn --split validation --out validation",
    "younger-hf predict --reference majority --track operator_w_attrs --out submission",
)
def predict(
    run: Annotated[Path | None, typer.Argument(help="Run folder; leave it out with --reference.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for predictions.parquet and submission.yaml.")] = Path("submission"),
    data: Data = Path("younger"),
    reference: Annotated[
        str | None, typer.Option(help="majority or uniform; for generation random or bootstrap. Needs no run.")
    ] = None,
    track: Annotated[str, typer.Option(help="Track of the reference.")] = "",
    split: Split = "test",
    system: Annotated[str | None, typer.Option(help="Name of the system on the board.")] = None,
    team: Annotated[str, typer.Option(help="Name of the team on the board.")] = "younger-hf",
    seed: Annotated[int, typer.Option(help="Seed of the reference.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Predict a split with a trained baseline or a reference.

    Predictions of the test split are ready to be submitted.
    """
    from younger_hf.baselines.entry import write_reference_entry, write_run_entry
    from younger_hf.dataset.read.release import open_release

    if (run is None) == (reference is None):
        raise BaselineError("Expected either a run folder or --reference, not both.", "younger-hf predict --help")
    release = open_release(data)
    if run is not None:
        need_torch()
        metadata = write_run_entry(release, run, out, system=system, team=team, device=device, split=split)
    else:
        metadata = write_reference_entry(
            release, reference or "", track, out, system=system, team=team, seed=seed, split=split
        )
    if as_json:
        console.show_json(asdict(metadata))
        return
    console.say(f"Predictions for {metadata.track} by {metadata.system!r} are in {out}")
    verb = "validate" if split == "test" else f"score --split {split}"
    console.say(f"Next: younger-hf {verb} {out} --data {data}")
