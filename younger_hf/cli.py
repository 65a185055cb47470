"""`younger-hf ...`: one thin command a stage."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf import console
from younger_hf.errors import BaselineError, LeaderboardError, MissingDependencyError, SourceError, SubmissionError

app = typer.Typer(
    name="younger-hf",
    help="Data, metrics and a leaderboard for AI-generated neural-network architectures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[Path, typer.Option(help="Folder of the dataset repo.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, nothing else.")]
Signature = Annotated[str, typer.Option(help="Node signature: w_attrs or wo_attrs.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Track = Annotated[str | None, typer.Option(help="Track, as operator_w_attrs; by default what submission.yaml says.")]
Submission = Annotated[Path, typer.Argument(help="Folder with predictions and submission.yaml, or a predictions file.")]


@app.command(
    epilog="Examples: younger-hf inspect model.onnx; younger-hf inspect model.onnx --svg model.svg; "
    "younger-hf inspect model.onnx --json --dynamic-size 8"
)
def inspect(
    model: Annotated[
        str, typer.Argument(help="ONNX file, or the address of one (https://, hf://); weights are not read.")
    ],
    svg: Annotated[Path | None, typer.Option(help="Draw the model, of at most 500 operators, into this file.")] = None,
    dynamic_size: Annotated[
        int, typer.Option(min=1, help="Size of dynamic dimensions (batch, sequence) when FLOPs are counted.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Show what is in an ONNX model: operators, inputs, depth, parameters, FLOPs, hashes."""
    from younger_hf.graph.extract import from_onnx
    from younger_hf.graph.inspection import inspect_dag
    from younger_hf.graph.svg import draw_svg

    dag = from_onnx(model)
    drawing = draw_svg(dag, Path(model).name, dynamic_size) if svg is not None else ""
    seen = inspect_dag(dag, dynamic_size)
    if svg is not None:
        console.write_text(svg, drawing)
    if as_json:
        values = asdict(seen)
        console.show_json({**values.pop("summary"), **values})
        return
    console.show_inspection(model, seen)
    if svg is not None:
        console.say(f"The drawing is in {svg}")


@app.command(epilog="Example: younger-hf extract models/ --out dags/")
def extract(
    source: Annotated[Path, typer.Argument(help="ONNX file, or a folder with some.")],
    out: Annotated[Path, typer.Option(help="Folder for one JSON file a model.")],
    as_json: Json = False,
) -> None:
    """Read the DAG of every ONNX model in a folder."""
    from younger_hf.dataset.pipeline import extract_folder

    with console.progress("Extracting", quiet=as_json) as advance:
        results = extract_folder(source, out, advance)
    rows = [
        {"id": r.model.id, "nodes": r.dag and r.dag.num_nodes, "edges": r.dag and r.dag.num_edges, "error": r.error}
        for r in results
    ]
    if as_json:
        console.show_json(rows)
    else:
        console.show_table(str(out), ["model", "nodes", "edges", "error"], [list(row.values()) for row in rows])
    if not any(r.dag for r in results):
        raise SourceError(f"{source}: none of the {len(results)} files is a readable ONNX model.", results[0].error)


@app.command(epilog="Example: younger-hf build --preset mini --out quickstart/younger")
def build(
    out: Annotated[Path, typer.Option(help="Folder for the dataset repo.")],
    preset: Annotated[str | None, typer.Option(help="Named set of models, as mini.")] = None,
    models: Annotated[
        Path | None, typer.Option(help="Folder with ONNX files, instead of a preset or beside it.")
    ] = None,
    answers: Annotated[Path | None, typer.Option(help="Folder for the hidden answers. (default: OUT-answers)")] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Folder for what can be resumed. (default: OUT-workspace)")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Models exported at a time.")] = 2,
    timeout: Annotated[int, typer.Option(min=1, help="Longest export of one model in seconds.")] = 300,
    release: Annotated[str, typer.Option(help="Version of the dataset.")] = "0.1.0",
    secret_file: Annotated[Path | None, typer.Option(help="File with the secret that decides what is tested.")] = None,
    as_json: Json = False,
) -> None:
    """Build a dataset repo from models; interrupted builds go on where they stopped."""
    from younger_hf.dataset.pipeline import BuildPlan, build_dataset

    plan = BuildPlan(out, preset, models, answers, workspace, workers, timeout, release, secret_file)
    result = build_dataset(plan, lambda text: console.progress(text, quiet=as_json), console.warn)
    if as_json:
        console.show_json(
            {"content_hash": result.release.content_hash, **asdict(result.statistics), "rows": result.release.rows}
        )
        return
    _show_rows(result.release)
    console.say(f"{result.statistics.architectures} architectures from {result.statistics.models} models in {out}")
    console.say(f"The hidden answers are in {plan.answers_folder}")


@app.command(epilog="Example: younger-hf stats quickstart/younger")
def stats(
    data: Annotated[Path, typer.Argument(help="Folder of the dataset repo.")],
    config: Annotated[str | None, typer.Option(help="Only this config.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a dataset holds."""
    from younger_hf.dataset.release import open_release

    release = open_release(data)
    if config is not None:
        release.check_config(config)
        release = replace(release, rows={config: release.rows[config]})
    if as_json:
        console.show_json({"version": release.version, "content_hash": release.content_hash, "rows": release.rows})
        return
    _show_rows(release)


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
    _need_torch()
    from younger_hf.baselines.config import make_config
    from younger_hf.baselines.train import train as run_training
    from younger_hf.dataset.release import open_release

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
    reference: Annotated[str | None, typer.Option(help="random or majority, which need no run.")] = None,
    track: Annotated[str | None, typer.Option(help="Track of the reference predictor.")] = None,
    system: Annotated[str | None, typer.Option(help="Name of the system on the board.")] = None,
    team: Annotated[str, typer.Option(help="Name of the team on the board.")] = "younger-hf",
    seed: Annotated[int, typer.Option(help="Seed of the reference predictor.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Predict the test split, ready to be submitted."""
    from younger_hf.baselines.entry import write_reference_entry, write_run_entry
    from younger_hf.dataset.release import open_release

    if (run is None) == (reference is None):
        raise BaselineError("Expected either a run folder or --reference, not both.", "See younger-hf predict --help")
    release = open_release(data)
    if run is not None:
        _need_torch()
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
    from younger_hf.dataset.release import open_release
    from younger_hf.submission.folder import find_submission
    from younger_hf.submission.validate import validate as check

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
    answers: Annotated[Path | None, typer.Option(help="Folder of the hidden answers. (default: DATA-answers)")] = None,
    track: Track = None,
    as_json: Json = False,
) -> None:
    """Score a submission against answers that are at hand."""
    from younger_hf.dataset.release import default_answers, open_answers, open_release
    from younger_hf.submission.folder import find_submission
    from younger_hf.submission.score import score as compute
    from younger_hf.submission.validate import validate as check

    release = open_release(data)
    report = check(*find_submission(submission), release, track=track)
    report.raise_if_invalid()
    if report.predictions is None:  # not reached: a report without problems has predictions
        return
    result = compute(report.predictions, release, open_answers(answers or default_answers(data)))
    if as_json:
        console.show_json({"track": result.track, "metrics": dict(result.metrics)})
        return
    console.show_table(
        f"{submission}: {result.track}", ["metric", "value"], [list(item) for item in result.metrics.items()]
    )


@app.command(epilog="Example: younger-hf submit submission/ --board http://127.0.0.1:8501")
def submit(
    submission: Submission,
    board: Annotated[str, typer.Option(help="Address of the board.")] = "http://127.0.0.1:8501",
    wait: Annotated[bool, typer.Option(help="Wait until it is scored.")] = True,
    as_json: Json = False,
) -> None:
    """Send a submission to a board and show its rank."""
    from younger_hf.submission.client import Board
    from younger_hf.submission.folder import METADATA, find_submission

    predictions, metadata = find_submission(submission)
    if metadata is None:
        raise SubmissionError(
            f"{submission}: there is no {METADATA} beside the predictions; expected who submits what.",
            "younger-hf predict writes one to start from.",
        )
    api = Board(board)
    submission_id = api.submit(predictions, metadata)
    with console.progress("Scoring", quiet=as_json or not wait):
        result = api.wait(submission_id) if wait else api.submission(submission_id)
    _refuse_unscored(result)
    if as_json:
        console.show_json(result)
    elif result["state"] == "scored":
        rank = f"rank {result['rank']}" if result["rank"] is not None else "not ranked"
        metrics = ", ".join(f"{name} {value:.4f}" for name, value in result["metrics"].items())
        console.say(f"{result['system']!r} on {result['track']}: {rank}; {metrics}")
    else:
        console.say(f"Submission {result['id']} is {result['state']}.")


@app.command(epilog="Example: younger-hf leaderboard --data quickstart/younger --board quickstart/board")
def leaderboard(
    data: Data = Path("younger"),
    answers: Annotated[Path | None, typer.Option(help="Folder of the hidden answers. (default: DATA-answers)")] = None,
    board: Annotated[Path, typer.Option(help="Folder for the board's own state.")] = Path("board"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
) -> None:
    """Serve the leaderboard's page and API."""
    from younger_hf.board_process import leaderboard_command

    os.execv(sys.executable, leaderboard_command(data, answers, board, host, port))  # noqa: S606 - no shell is meant


@app.command(epilog="Example: younger-hf quickstart --out quickstart")
def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for everything that is made.")] = Path("quickstart"),
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of training on each task.")] = 12,
    workers: Annotated[int, typer.Option(min=1, help="Models exported at a time.")] = 2,
) -> None:
    """Do it all once: build `mini`, load, train, predict, score, submit, rank."""
    _need_torch()
    from younger_hf.quickstart import run_quickstart

    run_quickstart(out, epochs=epochs, workers=workers)


def main() -> None:
    """Entry point of the console script."""
    sys.exit(console.run(app))


def _refuse_unscored(result: dict[str, Any]) -> None:
    """A submission that the board rejected or could not score is the user's to mend, or the host's."""
    if result["state"] == "rejected":
        listed = "".join(f"\n  {problem['message']}" for problem in result["problems"])
        raise SubmissionError(
            f"The board rejected the submission {result['id']}:{listed}", "Correct it, then submit again."
        )
    if result["state"] == "failed":
        raise LeaderboardError(
            f"The board could not score the submission {result['id']}: {result.get('reason') or 'no reason given'}."
        )


def _show_rows(release: Any) -> None:
    rows = [
        [config, *(splits.get(s) for s in ("train", "validation", "test"))] for config, splits in release.rows.items()
    ]
    title = f"{release.root}  version {release.version}  {release.content_hash}"
    console.show_table(title, ["config", "train", "validation", "test"], rows)


def _need_torch() -> None:
    import importlib.util

    for package in ("torch", "torch_geometric", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(package, "train")


if __name__ == "__main__":
    main()
