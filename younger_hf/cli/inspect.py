"""`younger-hf inspect, extract, stats`: what is in a model, in a folder of models, in a dataset."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.app import Dataset, Json, command
from younger_hf.errors import SourceError, YoungerError

if TYPE_CHECKING:
    from younger_hf.dataset.read.release import Release
    from younger_hf.graph.views.inspection import Inspection

LONGEST_NAME = 60
"""Characters shown of a name from a model."""


@command(
    "younger-hf inspect model.onnx",
    "younger-hf inspect model.onnx --svg model.svg",
    "younger-hf inspect model.onnx --json --dynamic-size 8",
)
def inspect(
    model: Annotated[str, typer.Argument(help="ONNX file or its address (https://, hf://); weights are not read.")],
    svg: Annotated[Path | None, typer.Option(help="Draw the model, at most 500 operators, into this file.")] = None,
    dynamic_size: Annotated[
        int, typer.Option(min=1, help="Size of dynamic dimensions (batch, sequence) for counting FLOPs.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Show the operators, inputs, depth, parameters, FLOPs and hashes of an ONNX model."""
    from younger_hf.graph.read.extract import from_onnx
    from younger_hf.graph.views.inspection import inspect_dag
    from younger_hf.graph.views.svg import draw_svg

    dag = from_onnx(model)
    drawing = draw_svg(dag, Path(model).name, dynamic_size) if svg is not None else ""
    inspection = inspect_dag(dag, dynamic_size)
    if svg is not None:
        _write(svg, drawing)
    if as_json:
        values = asdict(inspection)
        console.show_json({**values.pop("summary"), **values})
        return
    _show_inspection(model, inspection)
    if svg is not None:
        console.say(f"The drawing is in {svg}")


@command("younger-hf extract models/ --out dags/")
def extract(
    source: Annotated[Path, typer.Argument(help="ONNX file, or a folder of ONNX files.")],
    out: Annotated[Path, typer.Option(help="Folder for one JSON file per model.")],
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


@command("younger-hf stats younger", "younger-hf stats quickstart/younger --config operator_w_attrs")
def stats(
    data: Dataset, config: Annotated[str | None, typer.Option(help="Only this config.")] = None, as_json: Json = False
) -> None:
    """Show the configs of a dataset and the rows of their splits."""
    from younger_hf.dataset.read.release import open_release

    release = open_release(data)
    if config is not None:
        release.check_config(config)
        release = replace(release, configs={config: release.configs[config]})
    if as_json:
        console.show_json({"version": release.version, "content_hash": release.content_hash, "rows": release.rows})
        return
    show_rows(release)


def show_rows(release: Release) -> None:
    """Print the number of rows in each split of each config."""
    splits = ("train", "validation", "test")
    rows = [[config, *(counts.get(split) for split in splits)] for config, counts in release.rows.items()]
    title = f"{release.root}  version {release.version}  {release.content_hash}"
    console.show_table(title, ["config", *splits], rows)


def _show_inspection(title: str, inspection: Inspection) -> None:
    from younger_hf.graph.values import described_shape

    summary = inspection.summary
    bound = "at least " if summary.uncounted else ""
    uncounted = ", ".join(f"{count} {_printable(operator)}" for operator, count in summary.uncounted.items())
    opsets = [f"{_printable(domain) or 'ai.onnx'} {version}" for domain, version in inspection.opsets.items()]
    rows = [
        ["operators", f"{summary.num_nodes:,}"],
        ["data flows", f"{summary.num_edges:,}"],
        ["depth", f"{summary.depth:,}"],
        ["parameters", f"{summary.num_parameters:,} ({summary.parameter_bytes / 1e6:,.1f} MB)"],
        ["multiply-accumulates", f"{bound}{summary.macs:,}"],
        ["FLOPs", f"{bound}{summary.flops:,}"],
        *([["not counted", uncounted]] if uncounted else []),
        ["operator sets", ", ".join(opsets)],
        ["hash of the architecture", inspection.wl_hash_w_attrs],
        ["hash without attributes", inspection.wl_hash_wo_attrs],
    ]
    console.show_table(title, ["property", "value"], rows)
    ports = [("input", port) for port in inspection.inputs] + [("output", port) for port in inspection.outputs]
    cells = [[kind, _printable(port.name), port.dtype or "?", described_shape(port.shape)] for kind, port in ports]
    console.show_table("Inputs and outputs", ["", "name", "type", "shape"], cells)
    total_macs = sum(share.macs for share in inspection.shares)
    shares = [
        [
            _printable(share.operator),
            share.count,
            share.num_parameters,
            _percent(share.num_parameters, summary.num_parameters),
            share.macs,
            _percent(share.macs, total_macs),
        ]
        for share in inspection.shares
    ]
    console.show_table("Operators", ["operator", "count", "parameters", "share", "MACs", "share"], shares)


def _printable(name: str) -> str:
    """A name from a model as one short line without control characters."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if part else ""


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise YoungerError(
            f"{path}: cannot be written ({error.strerror}).", "Name a file in a folder that exists."
        ) from error
