"""Arrow: Dags as rows of a table, exactly, in column types that every reader of Parquet knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from younger_hf.errors import DatasetError
from younger_hf.graph.dag import Dag
from younger_hf.graph.views.record import dag_from_record

_INTS = pa.list_(pa.int32())
_TEXTS = pa.list_(pa.string())
_DIMS = pa.list_(pa.int64())

_COLUMNS: dict[str, tuple[pa.DataType, Callable[[Dag], Any]]] = {
    "op_types": (_TEXTS, lambda dag: dag.op_types),
    "domains": (_TEXTS, lambda dag: dag.domains),
    "attributes": (_TEXTS, lambda dag: dag.attributes),
    "opset_versions": (_INTS, lambda dag: dag.opset_versions),
    "num_outputs": (_INTS, lambda dag: dag.num_outputs),
    "edge_index": (pa.list_(_INTS), lambda dag: list(dag.edge_index)),
    "edge_output": (_INTS, lambda dag: dag.edge_output),
    "edge_input": (_INTS, lambda dag: dag.edge_input),
    "parents": (_INTS, lambda dag: dag.parents),
    "branches": (_TEXTS, lambda dag: dag.branches),
    "input_node": (_INTS, lambda dag: [item.node for item in dag.inputs]),
    "input_slot": (_INTS, lambda dag: [item.slot for item in dag.inputs]),
    "input_kind": (_TEXTS, lambda dag: [item.kind for item in dag.inputs]),
    "input_name": (_TEXTS, lambda dag: [item.name for item in dag.inputs]),
    "input_dtype": (_TEXTS, lambda dag: [item.dtype for item in dag.inputs]),
    "input_shape": (pa.list_(_DIMS), lambda dag: [item.shape for item in dag.inputs]),
    "input_values": (pa.list_(_DIMS), lambda dag: [_signed(item.dtype, item.values) for item in dag.inputs]),
    "output_node": (_INTS, lambda dag: [item.node for item in dag.outputs]),
    "output_slot": (_INTS, lambda dag: [item.slot for item in dag.outputs]),
    "output_name": (_TEXTS, lambda dag: [item.name for item in dag.outputs]),
    "output_dtype": (_TEXTS, lambda dag: [item.dtype for item in dag.outputs]),
    "output_shape": (pa.list_(_DIMS), lambda dag: [item.shape for item in dag.outputs]),
    "subgraph_node": (_INTS, lambda dag: [item.node for item in dag.subgraphs]),
    "subgraph_attribute": (_TEXTS, lambda dag: [item.attribute for item in dag.subgraphs]),
    "subgraph_first_result": (_INTS, lambda dag: [item.first_result for item in dag.subgraphs]),
    "subgraph_num_results": (_INTS, lambda dag: [item.num_results for item in dag.subgraphs]),
    "formal_name": (pa.list_(_TEXTS), lambda dag: [[f[0] for f in item.formals] for item in dag.subgraphs]),
    "formal_dtype": (pa.list_(_TEXTS), lambda dag: [[f[1] for f in item.formals] for item in dag.subgraphs]),
    "formal_shape": (pa.list_(pa.list_(_DIMS)), lambda dag: [[f[2] for f in item.formals] for item in dag.subgraphs]),
    "formal_read_node": (_INTS, lambda dag: [item.node for item in dag.formal_reads]),
    "formal_read_slot": (_INTS, lambda dag: [item.slot for item in dag.formal_reads]),
    "formal_read_subgraph": (_INTS, lambda dag: [item.subgraph for item in dag.formal_reads]),
    "formal_read_position": (_INTS, lambda dag: [item.position for item in dag.formal_reads]),
}

_GROUPS = {
    "inputs": ("input", "node slot kind name dtype shape values"),
    "outputs": ("output", "node slot name dtype shape"),
    "subgraphs": ("subgraph", "node attribute formals first_result num_results"),
    "formal_reads": ("formal_read", "node slot subgraph position"),
}
"""Field of a Dag -> prefix of its columns, and what stands behind it."""

SCHEMA = pa.schema([pa.field(name, kind) for name, (kind, _) in _COLUMNS.items()])
"""One row a Dag. An unknown shape is null; the elements of a uint64 tensor stand as int64 of the same bits."""


def dags_to_table(dags: Iterable[Dag]) -> pa.Table:
    """Dags as an Arrow table with `SCHEMA`, one row each.

    Raises:
        DatasetError: If a Dag has what Arrow's types cannot hold: text that is no Unicode, a number over 64 bits.
    """
    rows = list(dags)
    try:
        columns = [pa.array([get(dag) for dag in rows], type=kind) for kind, get in _COLUMNS.values()]
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DatasetError(f"A Dag cannot be written to Arrow: {error}.") from error
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def table_to_dags(table: pa.Table) -> tuple[Dag, ...]:
    """The Dags in a table that `dags_to_table` made, also after Parquet; other columns are left alone.

    Raises:
        DatasetError: If a column is missing or has another type, or a row is damaged; the message names the row.
    """
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise DatasetError(
            f"The table has no column {', '.join(map(repr, missing))}; expected all that Dag.to_arrow writes."
        )
    try:
        known = table.select(SCHEMA.names).cast(SCHEMA).combine_chunks()
    except (pa.ArrowException, ValueError) as error:
        raise DatasetError(f"A column has another type than Dag.to_arrow writes: {error}.") from error
    rows = ((batch, row) for batch in known.to_batches() for row in range(batch.num_rows))
    return tuple([_dag(batch, row, f"Row {number} of the table") for number, (batch, row) in enumerate(rows)])


def dag_of_row(table: pa.Table, row: int) -> Dag:
    """The Dag in one row of a table; raises as `table_to_dags`."""
    if not 0 <= row < table.num_rows:
        raise DatasetError(f"The table has no row {row}; expected one of its {table.num_rows} rows, counted from 0.")
    return table_to_dags(table.slice(row, 1))[0]


def _dag(batch: pa.RecordBatch, row: int, where: str) -> Dag:
    record: dict[str, Any] = {}
    for name, (kind, _) in _COLUMNS.items():
        value = batch.column(name)[row]
        if not value.is_valid:
            raise DatasetError(f"{where} is damaged: {name} is null.")
        record[name] = value.values.to_numpy(zero_copy_only=False) if kind == _INTS else value.as_py()
    try:
        record["input_values"] = list(map(_unsigned, record["input_dtype"], record["input_values"]))
        formals = _zipped(record, "formal", "name dtype shape")
        record["subgraph_formals"] = [list(zip(*columns, strict=True)) for columns in formals]
        for name, (prefix, parts) in _GROUPS.items():
            record[name] = _zipped(record, prefix, parts)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{where} is damaged: {error}.") from error
    return dag_from_record(record, where)


def _zipped(record: Mapping[str, Any], prefix: str, parts: str) -> list[tuple[Any, ...]]:
    """Columns of one prefix as one tuple an item."""
    return list(zip(*(record[f"{prefix}_{part}"] for part in parts.split()), strict=True))


def _signed(dtype: str, values: Sequence[int]) -> Sequence[int]:
    return values if dtype != "uint64" else [value - (value >> 63 << 64) for value in values]


def _unsigned(dtype: str, values: Sequence[int]) -> Sequence[int]:
    return values if dtype != "uint64" else [value % (1 << 64) for value in values]
