"""`younger-hf inspect, extract, build`: from models to a dataset."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Json, app, show_rows
from younger_hf.errors import DatasetError, SourceError


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
    from younger_hf.graph.read.extract import from_onnx
    from younger_hf.graph.views.inspection import inspect_dag
    from younger_hf.graph.views.svg import draw_svg

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
    from younger_hf.collect.extract_folder import extract_folder

    with console.progress("Extracting", quiet=as_json) as advance:
        results = extract_folder(source, out, lambda result, done, total: advance(result.id, done, total))
    rows = [
        {"id": r.id, "nodes": r.dag and r.dag.num_nodes, "edges": r.dag and r.dag.num_edges, "error": r.error}
        for r in results
    ]
    if as_json:
        console.show_json(rows)
    else:
        console.show_table(str(out), ["model", "nodes", "edges", "error"], [list(row.values()) for row in rows])
    if not any(r.dag for r in results):
        raise SourceError(f"{source}: none of the {len(results)} files is a readable ONNX model.", results[0].error)


@app.command(
    epilog="Examples: younger-hf build --preset mini --out younger; younger-hf build --workspace workspace --out younger; "
    "younger-hf build --archive corpus.parquet --out younger; younger-hf build --workspace workspace --protocol paper --out younger-paper"
)
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
    archive: Annotated[
        list[Path] | None, typer.Option(help="Packed workspace to build from, instead of models; can be repeated.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="grouped; or paper, the splits of the Younger paper, which leak: for comparison only.")
    ] = "grouped",
    as_json: Json = False,
) -> None:
    """Build a dataset repo from models; interrupted builds go on where they stopped."""
    from younger_hf.dataset.build.pipeline import BuildPlan, build_dataset

    if protocol not in ("grouped", "paper"):
        raise DatasetError(f"There is no protocol {protocol!r}; expected grouped or paper.", "younger-hf build --help")
    plan = BuildPlan(
        out,
        preset,
        models,
        answers,
        workspace,
        workers,
        timeout,
        release,
        secret_file,
        tuple(archive or ()),
        "grouped" if protocol == "grouped" else "paper",
    )
    result = build_dataset(plan, lambda text: console.progress(text, quiet=as_json), console.warn)
    if as_json:
        console.show_json(
            {"content_hash": result.release.content_hash, **result.statistics.to_dict(), "rows": result.release.rows}
        )
        return
    show_rows(result.release)
    console.say(f"{result.statistics.architectures} architectures from {result.statistics.models} models in {out}")
    console.say(f"The hidden answers are in {plan.answers_folder}")
