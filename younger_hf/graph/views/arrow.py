"""Arrow: Dags as rows of a table, losslessly, in column types that Parquet readers support."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from younger_hf.errors import DatasetError
from younger_hf.graph.dag import Dag, FormalRead, GraphOutput, NodeInput, SubGraph
from younger_hf.graph.views.record import dag_from_record

_INTS = pa.list_(pa.int32())
_TEXTS = pa.list_(pa.string())
_DIMS = pa.list_(pa.int64())

_COLUMNS: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("op_types", "domains", "attributes"), _TEXTS),
    **dict.fromkeys(("opset_versions", "num_outputs"), _INTS),
    "edge_index": pa.list_(_INTS),
    **dict.fromkeys(("edge_output", "edge_input", "parents"), _INTS),
    "branches": _TEXTS,
    **dict.fromkeys(("input_node", "input_slot"), _INTS),
    **dict.fromkeys(("input_kind", "input_name", "input_dtype"), _TEXTS),
    **dict.fromkeys(("input_shape", "input_values"), pa.list_(_DIMS)),
    **dict.fromkeys(("output_node", "output_slot"), _INTS),
    **dict.fromkeys(("output_name", "output_dtype"), _TEXTS),
    "output_shape": pa.list_(_DIMS),
    "subgraph_node": _INTS,
    "subgraph_attribute": _TEXTS,
    **dict.fromkeys(("subgraph_first_result", "subgraph_num_results"), _INTS),
    **dict.fromkeys(("formal_name", "formal_dtype"), pa.list_(_TEXTS)),
    "formal_shape": pa.list_(pa.list_(_DIMS)),
    **dict.fromkeys(("formal_read_node", "formal_read_slot", "formal_read_subgraph", "formal_read_position"), _INTS),
}

_GROUPS: Mapping[str, tuple[str, Sequence[str]]] = {
    "inputs": ("input", NodeInput._fields),
    "outputs": ("output", GraphOutput._fields),
    "subgraphs": ("subgraph", SubGraph._fields),
    "formal_reads": ("formal_read", FormalRead._fields),
}
"""Field of a Dag that holds tuples -> prefix of its columns, and the parts of a tuple, one column
each."""
_FORMAL = ("name", "dtype", "shape")

SCHEMA = pa.schema(list(_COLUMNS.items()))
"""One row per Dag. An unknown shape is null; elements of a uint64 tensor are stored as int64 with
the same bits."""


def dags_to_table(dags: Iterable[Dag]) -> pa.Table:
    """Return Dags as an Arrow table with `SCHEMA`, one row each.

    Raises:
        DatasetError: If a Dag has a value that Arrow's types cannot hold: text that is not Unicode,
            a number over 64 bits.
    """
    try:
        rows = list(map(_row, dags))
        columns = [pa.array([row[name] for row in rows], type=kind) for name, kind in _COLUMNS.items()]
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DatasetError(f"A Dag cannot be written to Arrow: {error}.") from error
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _row(dag: Dag) -> dict[str, Any]:
    """Return the columns of a Dag."""
    row = {field.name: getattr(dag, field.name) for field in fields(dag) if field.name not in _GROUPS}
    row["edge_index"] = list(dag.edge_index)
    for name, (prefix, parts) in _GROUPS.items():
        for part in parts:
            row[f"{prefix}_{part}"] = [getattr(item, part) for item in getattr(dag, name)]
    row["input_values"] = list(map(_signed, row["input_dtype"], row["input_values"]))
    for position, part in enumerate(_FORMAL):
        row[f"formal_{part}"] = [[formal[position] for formal in item] for item in row["subgraph_formals"]]
    return row


def table_to_dags(table: pa.Table) -> tuple[Dag, ...]:
    """Return the Dags in a table of `dags_to_table`, also after Parquet; other columns are ignored.

    Raises:
        DatasetError: If a column is missing or has another type, or a row is damaged; the message
            names the row.
    """
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise DatasetError(f"The table has no column {', '.join(map(repr, missing))}; expected those of Dag.to_arrow.")
    try:
        known = table.select(SCHEMA.names).cast(SCHEMA).combine_chunks()
    except (pa.ArrowException, ValueError) as error:
        raise DatasetError(f"A column has another type than that of Dag.to_arrow: {error}.") from error
    rows = ((batch, row) for batch in known.to_batches() for row in range(batch.num_rows))
    return tuple([_dag(batch, row, f"Row {number} of the table") for number, (batch, row) in enumerate(rows)])


def dag_of_row(table: pa.Table, row: int) -> Dag:
    """Return the Dag in one row of a table; raises as `table_to_dags`."""
    if not 0 <= row < table.num_rows:
        raise DatasetError(f"The table has no row {row}; expected one of its {table.num_rows} rows, counted from 0.")
    return table_to_dags(table.slice(row, 1))[0]


def _dag(batch: pa.RecordBatch, row: int, where: str) -> Dag:
    record: dict[str, Any] = {}
    for name, kind in _COLUMNS.items():
        value = batch.column(name)[row]
        if not value.is_valid:
            raise DatasetError(f"{where} is damaged: {name} is null.")
        record[name] = value.values.to_numpy(zero_copy_only=False) if kind == _INTS else value.as_py()
    try:
        record["input_values"] = list(map(_unsigned, record["input_dtype"], record["input_values"]))
        formals = _zipped(record, "formal", _FORMAL)
        record["subgraph_formals"] = [list(zip(*columns, strict=True)) for columns in formals]
        for name, (prefix, parts) in _GROUPS.items():
            record[name] = _zipped(record, prefix, parts)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{where} is damaged: {error}.") from error
    return dag_from_record(record, where)


def _zipped(record: Mapping[str, Any], prefix: str, parts: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return the columns of one prefix as one tuple per item."""
    return list(zip(*(record[f"{prefix}_{part}"] for part in parts), strict=True))


def _signed(dtype: str, values: Sequence[int]) -> Sequence[int]:
    return values if dtype != "uint64" else [value - (value >> 63 << 64) for value in values]


def _unsigned(dtype: str, values: Sequence[int]) -> Sequence[int]:
    return values if dtype != "uint64" else [value % (1 << 64) for value in values]
