"""Reads a Parquet predictions file: the footer is judged first, then the two columns are decoded in bounded batches.

A few hundred bytes of Parquet can claim, or become, gigabytes. What the footer says is checked before anything is decoded, ids are
kept dictionary-encoded, and decoding stops as soon as there are more values than the track could need. A footer can lie; a host that
reads files of strangers runs this in a child process with a memory limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from younger_hf.submission.columns import check_columns, usable
from younger_hf.submission.parquet_footer import ColumnSize, column_sizes
from younger_hf.submission.problems import Problem, at_row, problem
from younger_hf.submission.rows import MAX_GRAPH_ID, Limits, PredictionRows, ReadResult, too_many_rows, too_many_values
from younger_hf.submission.track import GRAPH_ID, Format

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
        with pq.ParquetFile(path) as judged:
            schema, num_rows = judged.schema_arrow, judged.metadata.num_rows
            leaves = [judged.schema.column(index).path.split(".", 1)[0] for index in range(len(judged.schema))]
        problems = _check_schema(schema, form, name)
        wrong_type = any(each.code == "wrong_column_type" for each in problems)
        if wrong_type or not usable(schema.names, form) or len(leaves) > MAX_COLUMNS:
            return _stop(problems)
        bombs = _check_sizes(num_rows, leaves, column_sizes(footer), form, name, limits)
        if bombs:
            return _stop(problems + bombs)
        with pq.ParquetFile(path, read_dictionary=[GRAPH_ID], page_checksum_verification=True) as decoded:
            return _decode(decoded, form, name, limits, problems)
    except _ERRORS as error:
        return _stop([problem("file_damaged", name, "a readable Parquet file", _reason(error), _HINT)])


def _stop(problems: list[Problem]) -> ReadResult:
    return ReadResult(None, tuple(problems))


def _reason(error: BaseException) -> str:
    """First line of a library's message without what it may quote from the file."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "".join(character if character.isprintable() else "?" for character in text[:120]).rstrip(".")


def _check_schema(schema: pa.Schema, form: Format, name: str) -> list[Problem]:
    problems = check_columns(schema.names, form, name)
    checks = {
        GRAPH_ID: (_is_text, "string"),
        form.column: (_is_integers, "list of int32")
        if form.column == "predictions"
        else (_is_floats, "list of float32"),
    }
    for column, (fits, expected) in checks.items():
        if schema.names.count(column) == 1 and not fits(schema.field(column).type):
            got = str(schema.field(column).type)
            hint = (
                "Keep graph_id as text everywhere, so that '001' and '1' stay apart." if column == GRAPH_ID else _HINT
            )
            problems.append(problem("wrong_column_type", f"{name}, {column}", expected, got[:60], hint))
    return problems


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _element(kind: pa.DataType) -> pa.DataType | None:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return kind.value_type if is_list else None


def _is_integers(kind: pa.DataType) -> bool:
    element = _element(kind)
    return element is not None and bool(pa.types.is_integer(element))


def _is_floats(kind: pa.DataType) -> bool:
    element = _element(kind)
    return element is not None and bool(pa.types.is_floating(element))


def _check_sizes(
    num_rows: int, leaves: Sequence[str], sizes: Sequence[ColumnSize], form: Format, name: str, limits: Limits
) -> list[Problem]:
    """What the footer says about sizes: a file that says too much is not decoded."""
    if num_rows < 1:
        return [problem("no_rows", name, "one row for each graph of the test split", "none")]
    if num_rows > limits.max_rows:
        return [too_many_rows(name, limits, f"{num_rows:,}")]
    if len(sizes) != len(leaves):
        raise ValueError(f"{len(leaves)} columns in the schema, {len(sizes)} in the row groups")
    values = sum(size.num_values for leaf, size in zip(leaves, sizes, strict=True) if leaf == form.column)
    if values > limits.max_values:
        return [too_many_values(name, limits, f"{values:,}")]
    allowed = 16 * limits.max_values + 2 * MAX_GRAPH_ID * limits.max_rows + 2**20
    unpacked = sum(
        size.unpacked_bytes for leaf, size in zip(leaves, sizes, strict=True) if leaf in (GRAPH_ID, form.column)
    )
    if unpacked > allowed:
        return [problem("file_too_large", name, f"at most {allowed:,} bytes once unpacked", f"{unpacked:,}", _HINT)]
    return []


def _decode(file: pq.ParquetFile, form: Format, name: str, limits: Limits, problems: list[Problem]) -> ReadResult:
    ids: list[pa.StringArray] = []
    values: list[npt.NDArray[np.generic]] = []
    lengths: list[npt.NDArray[np.int64]] = []
    readable: list[npt.NDArray[np.bool_]] = []
    rows = total = 0
    per_row = limits.max_values // max(1, file.metadata.num_rows)
    batch_rows = max(1, min(65_536, _BATCH_VALUES // max(1, per_row)))
    for batch in file.iter_batches(batch_size=batch_rows, columns=[GRAPH_ID, form.column]):
        names, too_long = _graph_ids(batch.column(GRAPH_ID), rows)
        lists = _as_list(batch.column(form.column))
        flat = lists.flatten()
        total += len(flat)
        if total > limits.max_values:
            return _stop([*problems, too_many_values(name, limits, f"more than {limits.max_values:,}")])
        length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        listed = lists.is_valid().to_numpy(zero_copy_only=False)
        array, nulls = _without_nulls(flat)
        problems += too_long + _null_rows(names, listed, length, nulls, rows, form)
        ids.append(names)
        values.append(array)
        lengths.append(length)
        readable.append(listed)
        rows += len(batch)
    joined = PredictionRows(
        numbers=np.arange(1, rows + 1, dtype=np.int64),
        graph_ids=pa.concat_arrays(ids),
        values=np.concatenate(values),
        offsets=np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64),
        readable=np.concatenate(readable),
    )
    return ReadResult(joined, tuple(problems))


def _graph_ids(column: pa.Array, before: int) -> tuple[pa.StringArray, list[Problem]]:
    """Ids as strings, with null for those too long to be any: a short dictionary can stand for gigabytes of text."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    encoded.validate(full=True)  # Parquet's readers do not check that text is UTF-8
    encoded.dictionary.validate(full=True)
    known = encoded.dictionary.cast(pa.large_string())
    long = pc.greater(pc.binary_length(known), MAX_GRAPH_ID)
    too_long = pc.fill_null(long.take(encoded.indices), False).to_numpy(zero_copy_only=False)
    short = pc.if_else(long, pa.scalar(None, pa.large_string()), known).cast(pa.string())
    limit = f"at most {MAX_GRAPH_ID} bytes"
    problems = [_id_problem("long_graph_id", before + int(index), limit, "more") for index in np.flatnonzero(too_long)]
    empty = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
    problems += [_id_problem("null_value", before + int(index), "text", "null") for index in empty]
    return short.take(encoded.indices), problems


def _id_problem(code: str, index: int, expected: str, got: str) -> Problem:
    return problem(code, f"{at_row(index + 1, None)}, graph_id", expected, got, row=index + 1)


def _as_list(column: pa.Array) -> pa.Array:
    return column.cast(pa.list_(column.type.value_type)) if pa.types.is_fixed_size_list(column.type) else column


def _without_nulls(flat: pa.Array) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.bool_]]:
    """List elements as an array with 0 in place of nulls, and where these were."""
    if flat.null_count == 0:
        return flat.to_numpy(zero_copy_only=False), np.zeros(0, dtype=np.bool_)
    nulls: npt.NDArray[np.bool_] = flat.is_null().to_numpy(zero_copy_only=False)
    known = flat.drop_null().to_numpy(zero_copy_only=False)
    array = np.zeros(len(flat), dtype=known.dtype)
    array[~nulls] = known
    return array, nulls


def _null_rows(
    names: pa.StringArray,
    listed: npt.NDArray[np.bool_],
    length: npt.NDArray[np.int64],
    nulls: npt.NDArray[np.bool_],
    before: int,
    form: Format,
) -> list[Problem]:
    problems = []
    for index in np.flatnonzero(~listed):
        number = before + int(index) + 1
        problems.append(
            problem(
                "null_value", f"{at_row(number, names[index].as_py())}, {form.column}", "a list", "null", row=number
            )
        )
    starts = np.cumsum(length) - length
    owners = np.searchsorted(np.cumsum(length), np.flatnonzero(nulls), "right")
    for index in np.unique(owners):
        number = before + int(index) + 1
        position = int(np.argmax(nulls[starts[index] :]))
        where = f"{at_row(number, names[index].as_py())}, {form.column}[{position}]"
        problems.append(problem("null_value", where, f"a {form.value}", "null", row=number))
    return problems
