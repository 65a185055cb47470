"""A workspace as one compact Parquet file: every model with its Dag, or why it has none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.workspace import Workspace
from younger_hf.crypto import SEALED, key_from_environment, open_bytes, seal_bytes
from younger_hf.errors import WorkspaceError
from younger_hf.graph.dag import Dag
from younger_hf.graph.views.arrow import SCHEMA as DAG_SCHEMA
from younger_hf.graph.views.arrow import dags_to_table, table_to_dags
from younger_hf.sources.candidate import Candidate

ROWS_A_GROUP = 64
"""Models that are held in memory at a time."""

COMPRESSION_LEVEL = 19
"""Of zstd: a release is packed once and read often."""

_PURPOSE, _NAME = "archive", "models"
_RESULT = ("stamp", "status", "reason", "error", "exporter", "opset", "versions", "notes", "seconds", "peak")
_MODEL_SCHEMA = pa.schema([("id", pa.string()), ("candidate", pa.string()), ("result", pa.string())])
SCHEMA = pa.schema([*_MODEL_SCHEMA, *DAG_SCHEMA])
"""One row a model: its candidate and its result as JSON, and the columns of a Dag, null where there is none."""


def pack(workspace: Workspace, path: Path, advance: Callable[[int], None] | None = None) -> int:
    """Write all models of a workspace that something was done about.

    Args:
        workspace: What to write.
        path: The file; replaced as a whole. If its name ends in `.sealed`, it is encrypted with the key in the environment
            (`sealed.KEY`): the archive of a release would tell its test architectures.
        advance: Called with the number of models written so far.

    Returns:
        How many models it has.
    """
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    key = key_from_environment() if path.suffix == SEALED else None
    partial = path.with_name(f"{path.name}.partial")
    options: dict[str, Any] = {"compression": "zstd", "compression_level": COMPRESSION_LEVEL}
    with pq.ParquetWriter(partial, SCHEMA, **options) as writer:
        for table in _tables(workspace):
            writer.write_table(table)
            count += table.num_rows
            if advance is not None:
                advance(count)
    if key is None:
        partial.replace(path)
        return count
    try:
        seal_bytes(partial.read_bytes(), path, key, _PURPOSE, _NAME)
    finally:
        partial.unlink()
    return count


def unpack(path: Path) -> Iterator[tuple[Candidate, ExportResult, Dag | None]]:
    """The models of an archive, in order; a few are held in memory at a time.

    Raises:
        WorkspaceError: If it is no archive.
        DatasetError: If it is sealed, and does not open with the key in the environment.
    """
    place = io.BytesIO(open_bytes(path, key_from_environment(), _PURPOSE, _NAME)) if path.suffix == SEALED else path
    try:
        file = pq.ParquetFile(place)
        if not file.schema_arrow.equals(SCHEMA):
            raise WorkspaceError(f"{path}: expected an archive of models, found other columns.")
        for number in range(file.num_row_groups):
            yield from _rows(file.read_row_group(number))
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(f"{path}: the archive cannot be read ({error}).") from error


def _tables(workspace: Workspace) -> Iterator[pa.Table]:
    rows: list[tuple[Candidate, ExportResult, Dag | None]] = []
    for candidate, result, _, dag in workspace.results():
        rows.append((candidate, result, workspace.dag(dag) if dag else None))
        if len(rows) == ROWS_A_GROUP:
            yield _table(rows)
            rows = []
    if rows:
        yield _table(rows)


def _table(rows: list[tuple[Candidate, ExportResult, Dag | None]]) -> pa.Table:
    results = [{name: asdict(result)[name] for name in _RESULT} for _, result, _ in rows]
    models = pa.table(
        [
            pa.array([candidate.id for candidate, _, _ in rows], pa.string()),
            pa.array([json.dumps(candidate.to_record(), sort_keys=True) for candidate, _, _ in rows], pa.string()),
            pa.array([json.dumps(values, sort_keys=True) for values in results], pa.string()),
        ],
        schema=_MODEL_SCHEMA,
    )
    dags = dags_to_table([dag for _, _, dag in rows if dag is not None])
    places, place = [], 0
    for _, _, dag in rows:
        places.append(place if dag is not None else None)
        place += dag is not None
    spread = dags.take(pa.array(places, pa.int64()))
    return pa.Table.from_arrays([*models.columns, *spread.combine_chunks().columns], schema=SCHEMA)


def _rows(table: pa.Table) -> Iterator[tuple[Candidate, ExportResult, Dag | None]]:
    there = table.column("op_types").is_valid()
    dags = iter(table_to_dags(table.filter(there).select(DAG_SCHEMA.names)))
    for candidate, result, has_dag in zip(
        table.column("candidate").to_pylist(), table.column("result").to_pylist(), there.to_pylist(), strict=True
    ):
        made = Candidate.from_record(json.loads(candidate))
        dag = next(dags) if has_dag else None
        values = json.loads(result)
        known = _known(dag) if dag is not None else {}
        yield made, ExportResult(id=made.id, **values, **known), dag


def _known(dag: Dag) -> dict[str, Any]:
    return {
        "num_nodes": dag.num_nodes,
        "num_edges": dag.num_edges,
        "wl_hash_w_attrs": dag.wl_hash("w_attrs"),
        "wl_hash_wo_attrs": dag.wl_hash("wo_attrs"),
    }
