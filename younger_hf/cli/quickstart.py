"""`younger-hf quickstart`: the whole way once, from models to a ranked result."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.app import command, need_torch
from younger_hf.errors import LeaderboardError

if TYPE_CHECKING:
    from younger_hf.dataset.read.release import Release
    from younger_hf.submission.client import BoardClient

VERSION = "0.0.0"
"""Version of the dataset, lower than any release; `datasets` requires three numbers."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "operator_w_attrs": {"learning_rate": 1e-3, "batch_size": 16},
    "dataflow_w_attrs": {"learning_rate": 1e-3, "batch_size": 1},
}
"""Track -> settings of its training. The paper's rate for data flows, 1e-4, is for 6,000 graphs an
epoch; `mini` has 50."""


@command("younger-hf quickstart --out quickstart", resumes=True)
def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for all results.")] = Path("quickstart"),
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of training per task.")] = 12,
    workers: Annotated[int, typer.Option(min=1, help="Models exported in parallel.")] = 2,
) -> None:
    """Do everything once: build `mini`, load, train, predict, score, submit, rank.

    Skips steps that are already done.
    """
    need_torch()
    from younger_hf.cli.board_process import running_board

    console.say("1. Build the preset `mini`: real architectures, exported without their weights")
    release = _build(out / "younger", workers)
    console.say("2. Load it as a researcher would")
    _load(release)
    console.say("3. Train GCN on both tasks, predict the test rows, score them")
    entries = [entry for track in SETTINGS for entry in _write_entries(release, out / "runs", track, epochs)]
    console.say("4. Submit to a board")
    with running_board(release.root, out / "board") as board:
        for entry in entries:
            _submit(board, entry)
        for track in SETTINGS:
            _show_ranking(track, board.leaderboard(track))
    program = "younger-hf" if shutil.which("younger-hf") else sys.argv[0]  # make calls it inside .venv
    console.say(f"Open the page: {program} leaderboard --data {release.root} --board {out / 'board'}")


def _build(data: Path, workers: int) -> Release:
    from younger_hf.dataset.build.pipeline import BuildPlan, build_dataset

    plan = BuildPlan(data, preset="mini", workers=workers, version=VERSION)
    result = build_dataset(plan, console.progress, console.warn)
    configs = result.release.rows
    rows = sum(count for splits in configs.values() for count in splits.values())
    console.say(
        f"   {result.statistics.architectures} architectures, {rows} rows in {len(configs)} configs: {data}/README.md"
    )
    return result.release


def _load(release: Release) -> None:
    import datasets

    from younger_hf.dataset.read.load import load
    from younger_hf.dataset.read.pyg import to_pyg

    datasets.disable_progress_bars()
    graphs = to_pyg(load("operator_w_attrs", "train", root=release.root))
    call = f"load_dataset('{release.root}', 'operator_w_attrs')['train']"
    console.say(f"   {call} -> {len(graphs)} graphs, the first {graphs[0]}")


def _write_entries(release: Release, runs: Path, track: str, epochs: int) -> Iterator[Path]:
    """Train GCN, and yield the folders of its submission and of one per untrained reference."""
    from younger_hf.baselines.config import make_config
    from younger_hf.baselines.entry import write_reference_entry, write_run_entry
    from younger_hf.baselines.train import train
    from younger_hf.tasks import task_of

    run = runs / f"{track}-gcn-{release.content_hash[7:15]}"
    with console.progress(f"   {track}") as advance:
        train(
            release,
            make_config(track, {"epochs": epochs, **SETTINGS[track]}),
            run,
            on_epoch=lambda epoch: advance(f"loss {epoch.loss:.3f}", epoch.epoch, epochs),
        )
    write_run_entry(release, run, run / "submission")
    _show_scores(release, run / "submission")
    yield run / "submission"
    for reference in task_of(track).references:
        folder = runs / f"{track}-{reference}"
        write_reference_entry(release, reference, track, folder)
        yield folder


def _show_scores(release: Release, entry: Path) -> None:
    from younger_hf.dataset.read.release import default_answers, open_answers
    from younger_hf.submission.check.validate import validate
    from younger_hf.submission.format.submission_folder import find_submission
    from younger_hf.submission.score.score_predictions import score

    report = validate(*find_submission(entry), release)
    report.raise_if_invalid()
    if report.predictions is not None:
        metrics = score(report.predictions, release, open_answers(default_answers(release.root))).metrics
        console.say(f"   {report.track}: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


def _submit(board: BoardClient, entry: Path) -> None:
    from younger_hf.submission.format.metadata import read_metadata
    from younger_hf.submission.format.submission_folder import METADATA, find_submission

    predictions, _ = find_submission(entry)
    declared = read_metadata(entry / METADATA)
    if any(row["system"] == declared.system for row in board.leaderboard(declared.track)["rows"]):
        console.say(f"   {declared.system} on {declared.track}: on the board already")
        return
    result = board.wait(board.submit(predictions, entry / METADATA))
    if result["state"] != "scored":
        reasons = "; ".join(problem["message"] for problem in result["problems"]) or result.get("reason", "")
        raise LeaderboardError(f"The board did not score {entry}: {result['state']}: {reasons}")
    console.say(f"   {result['system']} on {result['track']}: rank {result['rank']}")


def _show_ranking(track: str, ranking: Mapping[str, Any]) -> None:
    """Print the ranking of one track as the API of the board returns it."""
    from younger_hf.tasks import task_of

    metrics = task_of(track).metrics
    columns = ["rank", "system", "team", *(metric.label for metric in metrics), "parameters"]
    cells = [
        [row["rank"], row["system"], row["team"], *(row["metrics"].get(m.name) for m in metrics), row["parameters"]]
        for row in ranking["rows"]
    ]
    console.show_table(f"{track} (ranked by {ranking['primary']})", columns, cells)
