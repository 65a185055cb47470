"""A workspace as one compact Parquet file: each model with its Dag, or why it has none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.collect.export_job import ExportResult, describe_dag
from younger_hf.collect.workspace import StoredResult, Workspace
from younger_hf.crypto import SEALED, key_from_environment, open_bytes, seal_bytes
from younger_hf.errors import WorkspaceError
from younger_hf.files import replacing
from younger_hf.graph.dag import Dag
from younger_hf.graph.views.arrow import SCHEMA as DAG_SCHEMA
from younger_hf.graph.views.arrow import dags_to_table, table_to_dags
from younger_hf.sources.candidate import Candidate

ROWS_PER_GROUP = 64
"""Models held in memory at a time."""

COMPRESSION_LEVEL = 19
"""Of zstd: a release is packed once and read often."""

_PURPOSE, _NAME = "archive", "models"
_RESULT = ("stamp", "status", "reason", "error", "exporter", "opset", "versions", "notes", "seconds", "peak")
_MODEL_SCHEMA = pa.schema([("id", pa.string()), ("candidate", pa.string()), ("result", pa.string())])
SCHEMA = pa.schema([*_MODEL_SCHEMA, *DAG_SCHEMA])
"""One row per model: candidate and result as JSON, and the columns of its Dag, or nulls."""


def pack(workspace: Workspace, path: Path, advance: Callable[[int], None] | None = None) -> int:
    """Write all models of a workspace that have a result.

    Args:
        workspace: The workspace.
        path: The file; replaced as a whole. If its name ends in `.sealed`, it is encrypted with the
            key in the environment (`crypto.KEY`), since the archive of a release reveals its test
            architectures.
        advance: Called with the number of models written so far.

    Returns:
        How many models were written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == SEALED:
        key, plain = key_from_environment(), io.BytesIO()
        count = _write(workspace, plain, advance)
        seal_bytes(plain.getvalue(), path, key, _PURPOSE, _NAME)
        return count
    with replacing(path) as partial:
        return _write(workspace, partial, advance)


def unpack(path: Path) -> Iterator[tuple[Candidate, ExportResult, Dag | None]]:
    """Yield the models of an archive, in order, reading a few at a time.

    Raises:
        WorkspaceError: If the file is not an archive.
        DatasetError: If it is sealed, and the key in the environment does not open it.
    """
    file = io.BytesIO(open_bytes(path, key_from_environment(), _PURPOSE, _NAME)) if path.suffix == SEALED else path
    try:
        archive = pq.ParquetFile(file)
        if not archive.schema_arrow.equals(SCHEMA):
            raise WorkspaceError(f"{path}: expected an archive of models, found other columns.")
        for number in range(archive.num_row_groups):
            yield from _models(archive.read_row_group(number))
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(f"{path}: the archive cannot be read ({error}).") from error


def _write(workspace: Workspace, file: Path | io.BytesIO, advance: Callable[[int], None] | None) -> int:
    count = 0
    results = workspace.results()
    with pq.ParquetWriter(file, SCHEMA, compression="zstd", compression_level=COMPRESSION_LEVEL) as writer:
        while stored := tuple(islice(results, ROWS_PER_GROUP)):
            writer.write_table(_table(workspace, stored))
            count += len(stored)
            if advance is not None:
                advance(count)
    return count


def _table(workspace: Workspace, stored: tuple[StoredResult, ...]) -> pa.Table:
    columns: list[list[str]] = [[], [], []]
    for candidate, result, _, _ in stored:
        values = {name: getattr(result, name) for name in _RESULT}
        columns[0].append(candidate.id)
        columns[1].append(json.dumps(candidate.to_record(), sort_keys=True))
        columns[2].append(json.dumps(values, sort_keys=True))
    models = pa.table([pa.array(column, pa.string()) for column in columns], schema=_MODEL_SCHEMA)
    dags = [workspace.dag(row.dag) for row in stored if row.dag]
    numbers = iter(range(len(dags)))
    rows = [next(numbers) if row.dag else None for row in stored]  # null where a model has no Dag
    spread = dags_to_table(dags).take(pa.array(rows, pa.int64()))
    return pa.Table.from_arrays([*models.columns, *spread.combine_chunks().columns], schema=SCHEMA)


def _models(table: pa.Table) -> Iterator[tuple[Candidate, ExportResult, Dag | None]]:
    has_dag = table.column("op_types").is_valid()
    dags = iter(table_to_dags(table.filter(has_dag).select(DAG_SCHEMA.names)))
    columns = (table.column("candidate"), table.column("result"), has_dag)
    for record, result, valid in zip(*(column.to_pylist() for column in columns), strict=True):
        candidate = Candidate.from_record(json.loads(record))
        dag = next(dags) if valid else None
        known: dict[str, Any] = {} if dag is None else describe_dag(dag)
        yield candidate, ExportResult(id=candidate.id, **json.loads(result), **known), dag
