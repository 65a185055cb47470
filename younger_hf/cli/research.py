"""`younger-hf stats, train, predict, validate, score, compare`: from a dataset to a submission and what it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Data, Device, Json, Signature, Submission, Track, app, need_torch, show_rows
from younger_hf.errors import BaselineError
from younger_hf.metrics.uncertainty import FEWEST, Interval

_NO_ENDS: tuple[None, None] = (None, None)

if TYPE_CHECKING:
    from younger_hf.dataset.read.release import Release
    from younger_hf.submission.format.predictions import GeneratedGraphs

AnswersFolder = Annotated[
    Path | None, typer.Option("--answers", help="Folder of the hidden answers. (default: DATA-answers)")
]


@app.command(epilog="Example: younger-hf stats quickstart/younger")
def stats(
    data: Annotated[Path, typer.Argument(help="Folder of the dataset repo.")],
    config: Annotated[str | None, typer.Option(help="Only this config.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a dataset holds."""
    from younger_hf.dataset.read.release import open_release

    release = open_release(data)
    if config is not None:
        release.check_config(config)
        release = replace(release, configs={config: release.configs[config]})
    if as_json:
        console.show_json({"version": release.version, "content_hash": release.content_hash, "rows": release.rows})
        return
    show_rows(release)


@app.command(epilog="Example: younger-hf train --task operator --model gcn --data younger --out runs/operator-gcn")
def train(
    task: Annotated[str, typer.Option(help="operator or dataflow.")],
    model: Annotated[str, typer.Option(help="Encoder: gcn.")] = "gcn",
    signature: Signature = "w_attrs",
    data: Data = Path("younger"),
    out: Annotated[Path | None, typer.Option(help="Run folder. (default: runs/TASK-SIGNATURE-MODEL)")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training rows.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of Adam; by default the paper's.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Graphs in a batch; by default the paper's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, order and dropout.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with any setting of TrainConfig.")] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train a baseline; the same command goes on after an interruption."""
    need_torch()
    from younger_hf.baselines.config import make_config
    from younger_hf.baselines.train import train as run_training
    from younger_hf.dataset.read.release import open_release

    overrides = {"epochs": epochs, "learning_rate": learning_rate, "batch_size": batch_size, "seed": seed}
    settings = make_config(task, {"signature": signature, "model": model, **overrides}, config)
    folder = out or Path("runs") / f"{task}-{signature}-{model}"
    with console.progress(f"Training {model} on {settings.track}", quiet=as_json) as advance:
        history = run_training(
            open_release(data),
            settings,
            folder,
            device=device,
            on_epoch=lambda e: advance(f"loss {e.loss:.3f}", e.epoch, settings.epochs),
        )
    best = [epoch for epoch in history if epoch.best][-1]
    if as_json:
        console.show_json({"run": folder, "best": asdict(best), "epochs": len(history)})
        return
    rows = [[e.epoch, e.loss, *e.validation.values(), "best" if e is best else ""] for e in history]
    console.show_table(f"{folder}: validation of {settings.track}", ["epoch", "loss", *best.validation, ""], rows)
    console.say(f"Next: younger-hf predict {folder} --data {data} --out {folder}/submission")


@app.command(epilog="Example: younger-hf predict runs/operator-w_attrs-gcn --out runs/operator-w_attrs-gcn/submission")
def predict(
    run: Annotated[Path | None, typer.Argument(help="Run folder; leave it out with --reference.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for predictions.parquet and submission.yaml.")] = Path("submission"),
    data: Data = Path("younger"),
    reference: Annotated[
        str | None, typer.Option(help="majority or uniform; for generation random or bootstrap. No run needed.")
    ] = None,
    track: Annotated[str | None, typer.Option(help="Track of the reference predictor.")] = None,
    system: Annotated[str | None, typer.Option(help="Name of the system on the board.")] = None,
    team: Annotated[str, typer.Option(help="Name of the team on the board.")] = "younger-hf",
    seed: Annotated[int, typer.Option(help="Seed of the reference predictor.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Predict the test split, ready to be submitted."""
    from younger_hf.baselines.entry import write_reference_entry, write_run_entry
    from younger_hf.dataset.read.release import open_release

    if (run is None) == (reference is None):
        raise BaselineError("Expected either a run folder or --reference, not both.", "See younger-hf predict --help")
    release = open_release(data)
    if run is not None:
        need_torch()
        metadata = write_run_entry(release, run, out, system=system, team=team, device=device)
    else:
        metadata = write_reference_entry(
            release, reference or "", track or "", out, system=system, team=team, seed=seed
        )
    if as_json:
        console.show_json(asdict(metadata))
        return
    console.say(f"Predictions for {metadata.track} by {metadata.system!r} are in {out}")
    console.say(f"Next: younger-hf validate {out} --data {data}")


@app.command(epilog="Example: younger-hf validate submission/ --data younger")
def validate(submission: Submission, data: Data = Path("younger"), track: Track = None, as_json: Json = False) -> None:
    """Check a submission and name everything that is wrong with it."""
    from younger_hf.dataset.read.release import open_release
    from younger_hf.submission.check.validate import validate as check
    from younger_hf.submission.format.submission_folder import find_submission

    report = check(*find_submission(submission), open_release(data), track=track)
    if as_json:
        console.show_json(
            {"track": report.track, "valid": report.valid, "problems": [asdict(p) for p in report.problems]}
        )
        if not report.valid:
            raise typer.Exit(console.EXIT_BAD_INPUT)
        return
    report.raise_if_invalid()
    console.say(f"{submission}: valid for {report.track}")


@app.command(epilog="Example: younger-hf score submission/ --data quickstart/younger")
def score(
    submission: Submission,
    data: Data = Path("younger"),
    answers: AnswersFolder = None,
    track: Track = None,
    resamples: Annotated[
        int, typer.Option(min=0, help="Resamples of the test graphs for 95% intervals; 0 for none.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    as_json: Json = False,
) -> None:
    """Score a submission against answers that are at hand, with 95% intervals; generated graphs need no answers."""
    from younger_hf.dataset.read.release import default_answers, open_answers, open_release
    from younger_hf.submission.check.validate import validate as check
    from younger_hf.submission.format.predictions import GeneratedGraphs
    from younger_hf.submission.format.submission_folder import find_submission
    from younger_hf.submission.score.score_predictions import score as compute

    release = open_release(data)
    report = check(*find_submission(submission), release, track=track)
    report.raise_if_invalid()
    if report.predictions is None:  # not reached: a report without problems has predictions
        return
    if isinstance(report.predictions, GeneratedGraphs):
        _score_generated(submission, report.predictions, release, resamples, seed, as_json=as_json)
        return
    opened = open_answers(answers or default_answers(data))
    result = compute(report.predictions, release, opened, resamples=resamples, seed=seed)
    if as_json:
        console.show_json({"track": result.track, "metrics": result.metrics, "intervals": _dicts(result.intervals)})
        return
    cells = [[name, value, *_ends(result.intervals.get(name))] for name, value in result.metrics.items()]
    columns = ["metric", "value", "95% from", "to"] if resamples else ["metric", "value"]
    title = f"{submission}: {result.track}" + (
        f", {resamples:,} resamples of {result.num_graphs:,} graphs" if resamples else ""
    )
    console.show_table(title, columns, cells)


def _score_generated(
    submission: Path, generated: GeneratedGraphs, release: Release, resamples: int, seed: int, *, as_json: bool
) -> None:
    """Score generated graphs beside what real architectures reach."""
    from younger_hf.submission.score.generation_scores import real_values
    from younger_hf.submission.score.score_predictions import score as compute

    with console.progress("Running the graphs", quiet=as_json) as advance:
        result = compute(
            generated,
            release,
            resamples=resamples,
            seed=seed,
            on_graph=lambda done, total: advance(f"{done:,} graphs", done, total),
        )
        real = real_values(release, result.track)
    if as_json:
        found = {"metrics": result.metrics, "intervals": _dicts(result.intervals), "real": real}
        console.show_json({"track": result.track, **found})
        return
    cells = [
        [name, value, *(_ends(result.intervals.get(name)) or _NO_ENDS), real[name]]
        for name, value in result.metrics.items()
    ]
    columns = ["metric", "value", "95% from", "to", "real architectures"]
    console.show_table(f"{submission}: {result.track}, {result.num_graphs:,} graphs", columns, cells)


@app.command(epilog="Example: younger-hf compare mine/ theirs/ --data quickstart/younger")
def compare(
    first: Submission,
    second: Annotated[Path, typer.Argument(help="The submission to compare with, of the same track.")],
    data: Data = Path("younger"),
    answers: AnswersFolder = None,
    track: Track = None,
    resamples: Annotated[int, typer.Option(min=FEWEST, help="Resamples of the test graphs.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    as_json: Json = False,
) -> None:
    """Test whether one submission is better than another: a paired bootstrap over the test graphs."""
    from younger_hf.dataset.read.release import default_answers, open_answers, open_release
    from younger_hf.submission.check.validate import validate as check
    from younger_hf.submission.format.submission_folder import find_submission
    from younger_hf.submission.score.compare import compare as compute

    release = open_release(data)
    reports = [check(*find_submission(path), release, track=track) for path in (first, second)]
    for report in reports:
        report.raise_if_invalid()
    ours, theirs = (report.predictions for report in reports)
    if ours is None or theirs is None:  # not reached: a report without problems has predictions
        return
    opened = open_answers(answers or default_answers(data))
    result = compute(ours, theirs, release, opened, resamples=resamples, seed=seed)
    if as_json:
        console.show_json(asdict(result))
        return
    cells = [
        [name, result.first[name], result.second[name], each.difference, *_ends(each.interval), each.p_value]
        for name, each in result.comparisons.items()
    ]
    title = f"{result.track}: {first} against {second}, {resamples:,} resamples of {result.num_graphs:,} graphs"
    console.show_table(title, ["metric", "first", "second", "difference", "95% from", "to", "p value"], cells)


def _dicts(intervals: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: asdict(interval) for name, interval in intervals.items()}


def _ends(interval: Interval | None) -> list[float]:
    return [] if interval is None else [interval.low, interval.high]
