"""`younger-hf validate, score, compare`: check submissions, score them and compare two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.app import AnswersFolder, Data, Json, Split, Submission, Track, command
from younger_hf.metrics.uncertainty import FEWEST, Interval

if TYPE_CHECKING:
    from younger_hf.dataset.read.release import Answers, Release
    from younger_hf.submission.check.validate import ValidationReport
    from younger_hf.submission.format.predictions import Predictions

Seed = Annotated[int, typer.Option(help="Seed of the resamples.")]


@command("younger-hf validate submission/ --data younger")
def validate(
    submission: Submission,
    data: Data = Path("younger"),
    track: Track = None,
    split: Split = "test",
    as_json: Json = False,
) -> None:
    """Check a submission and name everything that is wrong with it."""
    from younger_hf.dataset.read.release import open_release

    report = _validate(submission, open_release(data), track, split)
    if as_json:
        console.show_json(
            {"track": report.track, "valid": report.valid, "problems": [asdict(p) for p in report.problems]}
        )
        if not report.valid:
            raise typer.Exit(console.EXIT_BAD_INPUT)
        return
    report.raise_if_invalid()
    console.say(f"{submission}: valid for {report.track}")


@command(
    "younger-hf score submission/ --data quickstart/younger",
    "younger-hf score validation/ --split validation --data younger",
)
def score(
    submission: Submission,
    data: Data = Path("younger"),
    answers: AnswersFolder = None,
    track: Track = None,
    split: Split = "test",
    resamples: Annotated[
        int, typer.Option(min=0, help="Resamples of the graphs for 95% intervals; 0 for no intervals.")
    ] = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Score a submission, with 95% intervals.

    Needs the hidden answers, except for the validation split and for generated graphs.
    """
    from younger_hf.dataset.read.release import open_release
    from younger_hf.submission.format.predictions import GeneratedGraphs
    from younger_hf.submission.score.generation_scores import real_values
    from younger_hf.submission.score.score_predictions import score as compute

    release = open_release(data)
    predictions = _read_valid(submission, release, track, split)
    real: Mapping[str, float] = {}
    if isinstance(predictions, GeneratedGraphs):
        with console.progress("Running the graphs", quiet=as_json) as advance:
            result = compute(
                predictions,
                release,
                resamples=resamples,
                seed=seed,
                on_graph=lambda done, total: advance(f"{done:,} graphs", done, total),
            )
            real = real_values(release, result.track)
    else:
        result = compute(predictions, release, _open_answers(data, answers, split), resamples=resamples, seed=seed)
    if as_json:
        intervals = {name: asdict(interval) for name, interval in result.intervals.items()}
        found = {"track": result.track, "metrics": result.metrics, "intervals": intervals}
        console.show_json({**found, "real": real} if real else found)
        return
    rows: list[list[object]] = [
        [
            name,
            value,
            *(_ends(result.intervals.get(name)) if resamples or real else []),
            *([real[name]] if real else []),
        ]
        for name, value in result.metrics.items()
    ]
    ends = ["95% from", "to"] if resamples or real else []
    title = f"{submission}: {result.track}, {result.num_graphs:,} graphs"
    if resamples:
        title = f"{submission}: {result.track}, {resamples:,} resamples of {result.num_graphs:,} graphs"
    console.show_table(title, ["metric", "value", *ends, *(["real architectures"] if real else [])], rows)
    if result.note:
        console.say(result.note)


@command("younger-hf compare mine/ theirs/ --data quickstart/younger")
def compare(
    first: Submission,
    second: Annotated[Path, typer.Argument(help="Submission to compare with, for the same track.")],
    data: Data = Path("younger"),
    answers: AnswersFolder = None,
    track: Track = None,
    split: Split = "test",
    resamples: Annotated[int, typer.Option(min=FEWEST, help="Resamples of the graphs.")] = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Test whether one submission is better than another: a paired bootstrap over the graphs."""
    from younger_hf.dataset.read.release import open_release
    from younger_hf.submission.score.compare import compare as compute

    release = open_release(data)
    ours, theirs = (_read_valid(path, release, track, split) for path in (first, second))
    result = compute(ours, theirs, release, _open_answers(data, answers, split), resamples=resamples, seed=seed)
    if as_json:
        console.show_json(asdict(result))
        return
    cells = [
        [name, result.first[name], result.second[name], found.difference, *_ends(found.interval), found.p_value]
        for name, found in result.comparisons.items()
    ]
    title = f"{result.track}: {first} against {second}, {resamples:,} resamples of {result.num_graphs:,} graphs"
    console.show_table(title, ["metric", "first", "second", "difference", "95% from", "to", "p value"], cells)
    if result.note:
        console.say(result.note)


def _validate(submission: Path, release: Release, track: str | None, split: str) -> ValidationReport:
    from younger_hf.submission.check.validate import validate as check
    from younger_hf.submission.format.submission_folder import find_submission

    return check(*find_submission(submission), release, track=track, split=split, search=Path())


def _read_valid(submission: Path, release: Release, track: str | None, split: str) -> Predictions:
    report = _validate(submission, release, track, split)
    report.raise_if_invalid()
    predictions: Any = report.predictions  # never None without problems
    return predictions  # type: ignore[no-any-return]


def _open_answers(data: Path, answers: Path | None, split: str) -> Answers | None:
    """Open the hidden answers of the test split; the dataset contains those for validation."""
    from younger_hf.dataset.read.release import default_answers, open_answers

    return open_answers(answers or default_answers(data)) if split == "test" else None


def _ends(interval: Interval | None) -> list[float | None]:
    return [None, None] if interval is None else [interval.low, interval.high]
