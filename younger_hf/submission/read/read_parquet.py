"""Reading a Parquet predictions file: check the footer, then decode columns in batches.

A few hundred bytes of Parquet can claim, or become, gigabytes. What the footer states is checked
before anything is decoded, ids are kept dictionary-encoded, and decoding stops as soon as there are
more values than the track could need. A footer can lie; a host that reads files of strangers runs
this in a child process with a memory limit.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.submission.format.prediction_rows import (
    MAX_GRAPH_ID,
    Cells,
    Limits,
    PredictionColumn,
    PredictionRows,
    ReadResult,
    no_rows,
    size_of,
    too_many_rows,
    too_many_values,
)
from younger_hf.submission.format.problems import Problem, problem
from younger_hf.submission.read.column_names import check_columns, usable
from younger_hf.submission.read.parquet_columns import expected_type, fits, graph_ids_of, is_text, numbers_of
from younger_hf.submission.read.parquet_footer import ColumnSize, column_sizes
from younger_hf.submission.read.parquet_pages import unpacked_bytes
from younger_hf.task_types import GRAPH_ID, Format

MAX_FOOTER = 4 * 2**20
"""Largest footer that is parsed, in bytes."""

MAX_COLUMNS = 100
"""Most leaf columns of a file whose rows are looked at although it has columns too many."""

_BATCH_VALUES = 2**20
_ERRORS = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)
_HINT = "Write the file again with younger_hf.submission.write_predictions."


def read_parquet(path: Path, form: Format, limits: Limits) -> ReadResult:
    """Read a Parquet predictions file.

    Args:
        path: The file; it begins and ends with Parquet's magic bytes.
        form: What it should hold.
        limits: How much is read at most.
    """
    name = path.name
    with path.open("rb") as file:
        size = file.seek(-8, 2) + 8
        length = int.from_bytes(file.read(4), "little")
        if length > min(size - 12, MAX_FOOTER):
            expected = f"a Parquet footer of at most {min(size - 12, MAX_FOOTER):,} bytes"
            return _stop([problem("file_damaged", name, expected, f"{length:,}", _HINT)])
        file.seek(-8 - length, 2)
        footer = file.read(length)
    try:
        with pq.ParquetFile(path) as opened:
            schema, num_rows = opened.schema_arrow, opened.metadata.num_rows
            leaves = [opened.schema.column(index).path.split(".", 1)[0] for index in range(len(opened.schema))]
        problems = _check_schema(schema, form, name)
        wrong_type = any(each.code == "wrong_column_type" for each in problems)
        if wrong_type or not usable(schema.names, form) or len(leaves) > MAX_COLUMNS:
            return _stop(problems)
        sizes = column_sizes(footer)
        bombs = _check_sizes(num_rows, leaves, sizes, form, name, limits)
        bombs = bombs or _check_fixed_lists(schema, num_rows, form, name, limits)
        bombs = bombs or _check_pages(path, leaves, sizes, form, limits)
        if bombs:
            return _stop(problems + bombs)
        ids = [GRAPH_ID] if form.has_ids else []
        with pq.ParquetFile(path, read_dictionary=ids, page_checksum_verification=True) as decoded:
            return _decode(decoded, form, name, limits, problems)
    except _ERRORS as error:
        return _stop([problem("file_damaged", name, "a readable Parquet file", _reason(error), _HINT)])


def _stop(problems: list[Problem]) -> ReadResult:
    return ReadResult(None, tuple(problems))


def _reason(error: BaseException) -> str:
    """First line of a library's message, without any text quoted from the file."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "".join(character if character.isprintable() else "?" for character in text[:120]).rstrip(".")


def _check_schema(schema: pa.Schema, form: Format, name: str) -> list[Problem]:
    problems = check_columns(schema.names, form, name)
    if form.has_ids and schema.names.count(GRAPH_ID) == 1 and not is_text(schema.field(GRAPH_ID).type):
        hint = "Keep graph_id as text everywhere, so that '001' and '1' stay apart."
        problems.append(_wrong_type(name, GRAPH_ID, "string", schema.field(GRAPH_ID).type, hint))
    for column in form.columns:
        if schema.names.count(column.name) == 1 and not fits(schema.field(column.name).type, column):
            kind = schema.field(column.name).type
            problems.append(_wrong_type(name, column.name, expected_type(column), kind, _HINT))
    return problems


def _wrong_type(name: str, column: str, expected: str, got: pa.DataType, hint: str) -> Problem:
    return problem("wrong_column_type", f"{name}, {column}", expected, str(got)[:60], hint)


def _check_sizes(
    num_rows: int, leaves: Sequence[str], sizes: Sequence[ColumnSize], form: Format, name: str, limits: Limits
) -> list[Problem]:
    """Check the sizes in the footer; a file whose sizes are too large is not decoded."""
    if num_rows < 1:
        return [no_rows(form, name, "none")]
    if num_rows > limits.max_rows:
        return [too_many_rows(form, name, limits, f"{num_rows:,}")]
    if len(sizes) != len(leaves):
        raise ValueError(f"{len(leaves)} columns in the schema, {len(sizes)} in the row groups")
    numbers = [column.name for column in form.columns]
    values = sum(size.num_values for leaf, size in zip(leaves, sizes, strict=True) if leaf in numbers)
    if values > limits.max_values:
        return [too_many_values(form, name, limits, f"{values:,}")]
    ids = sum(size.num_values for leaf, size in zip(leaves, sizes, strict=True) if leaf == GRAPH_ID)
    if form.has_ids and ids > limits.max_rows:
        return [too_many_rows(form, name, limits, f"{ids:,}")]
    return []


def _check_fixed_lists(schema: pa.Schema, num_rows: int, form: Format, name: str, limits: Limits) -> list[Problem]:
    """Check lists of a fixed size, whose nulls take memory although pages do not hold them."""
    kinds = [schema.field(column.name).type for column in form.columns]
    values = sum(num_rows * kind.list_size for kind in kinds if pa.types.is_fixed_size_list(kind))
    return [too_many_values(form, name, limits, f"{values:,}")] if values > limits.max_values else []


def _check_pages(
    path: Path, leaves: Sequence[str], sizes: Sequence[ColumnSize], form: Format, limits: Limits
) -> list[Problem]:
    """Check the sizes in the page headers, which decoding relies on, whatever the footer states."""
    allowed = 16 * limits.max_values + 2 * MAX_GRAPH_ID * limits.max_rows + 2**20
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        unpacked = sum(
            max(size.unpacked_bytes, unpacked_bytes(data, size.chunks))
            for leaf, size in zip(leaves, sizes, strict=True)
            if leaf in form.names
        )
    if unpacked > allowed:
        expected = f"at most {allowed:,} bytes once unpacked"
        return [problem("file_too_large", path.name, expected, f"{unpacked:,}", _HINT)]
    return []


def _decode(file: pq.ParquetFile, form: Format, name: str, limits: Limits, problems: list[Problem]) -> ReadResult:
    ids: list[pa.StringArray] = []
    pieces: dict[str, list[Cells]] = {column.name: [] for column in form.columns}
    rows = total = 0
    per_row = limits.max_values // max(1, file.metadata.num_rows)
    batch_rows = max(1, min(65_536, _BATCH_VALUES // max(1, per_row)))
    for batch in file.iter_batches(batch_size=batch_rows, columns=list(form.names)):
        known: pa.StringArray = pa.nulls(len(batch), pa.string())
        if form.has_ids:
            known, found = graph_ids_of(batch.column(GRAPH_ID), rows)
            problems += found
        for column in form.columns:
            cells, found = numbers_of(batch.column(column.name), column, known, rows)
            total += size_of(cells)
            if total > limits.max_values:
                return _stop([*problems, too_many_values(form, name, limits, f"more than {limits.max_values:,}")])
            problems += found
            pieces[column.name].append(cells)
        ids.append(known)
        rows += len(batch)
    joined = PredictionRows(
        numbers=np.arange(1, rows + 1, dtype=np.int64),
        graph_ids=pa.concat_arrays(ids),
        columns={column.name: PredictionColumn.join(pieces[column.name], column.depth) for column in form.columns},
    )
    return ReadResult(joined, tuple(problems))
