"""Records: Dags as JSON-able values, and back with every value checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, get_args

import numpy as np

from younger_hf.arrays import Int32Array, IntArray
from younger_hf.errors import DatasetError
from younger_hf.graph.dag import Dag, FormalRead, GraphOutput, InputKind, NodeInput, SubGraph
from younger_hf.graph.onnx_types import MAX_ELEMENTS

LARGEST_SLOT = 1 << 20
"""Limit on the positions of inputs and outputs; larger ones are damage and would cost memory."""

_KINDS = frozenset(get_args(InputKind))
_INTEGERS = range(-(1 << 63), 1 << 64)
"""Possible elements of an integer tensor."""
_INT32 = np.iinfo(np.int32)

T = TypeVar("T")


def dag_to_record(dag: Dag) -> dict[str, Any]:
    """Return the Dag as lists, numbers and text, field by field."""
    record: dict[str, Any] = {}
    for field in fields(dag):
        value = getattr(dag, field.name)
        record[field.name] = value.tolist() if isinstance(value, np.ndarray) else list(value)
    for name in ("inputs", "outputs", "subgraphs", "formal_reads"):
        record[name] = [list(item) for item in record[name]]
    return record


def dag_from_record(record: Mapping[str, Any], where: str = "The record of a Dag") -> Dag:
    """Return the Dag that a record describes.

    Args:
        record: The result of `dag_to_record`, also after JSON; arrays may be numpy's.
        where: Name of the record for messages.

    Raises:
        DatasetError: If a field is missing or invalid: an edge that leads nowhere or back, lengths
            that disagree, attributes that are not a JSON object.
    """
    try:
        dag = Dag(
            op_types=_tuple(record["op_types"], _text),
            domains=_tuple(record["domains"], _text),
            attributes=_tuple(record["attributes"], _text),
            opset_versions=_array(record["opset_versions"]),
            num_outputs=_array(record["num_outputs"]),
            edge_index=_array(record["edge_index"]),
            edge_output=_array(record["edge_output"]),
            edge_input=_array(record["edge_input"]),
            parents=_array(record["parents"]),
            branches=_tuple(record["branches"], _text),
            inputs=tuple([_node_input(*values) for values in record["inputs"]]),
            outputs=tuple([_graph_output(*values) for values in record["outputs"]]),
            subgraphs=tuple([_subgraph(*values) for values in record["subgraphs"]]),
            formal_reads=tuple([FormalRead(*map(_integer, values)) for values in record["formal_reads"]]),
        )
        _check_nodes(dag)
        _check_edges(dag)
        _check_ends(dag)
        _check_subgraphs(dag)
    except KeyError as error:
        raise DatasetError(f"{where}: the field {error} is missing; expected those of Dag.to_dict.") from error
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise DatasetError(f"{where} is damaged: {error}.") from error
    return dag


def _check_nodes(dag: Dag) -> None:
    for name in ("domains", "attributes", "branches", "opset_versions", "num_outputs", "parents"):
        values = getattr(dag, name)
        flat = isinstance(values, tuple) or values.ndim == 1
        _expect(flat and len(values) == dag.num_nodes, f"{name}: expected one value per node")
    _expect_range("num_outputs", dag.num_outputs, 0, LARGEST_SLOT)
    _expect_range("opset_versions", dag.opset_versions, 1, _INT32.max)
    _expect_range("parents", dag.parents, -1, dag.num_nodes)
    inside = np.flatnonzero(dag.parents >= 0)
    _expect(bool((dag.parents[inside] > inside).all()), "parents: expected the nodes of a sub-graph before its parent")
    for text in set(dag.attributes):
        _expect(isinstance(json.loads(text), dict), f"attributes: expected a JSON object, found {text[:40]!r}")


def _check_edges(dag: Dag) -> None:
    _expect(dag.edge_index.ndim == 2 and dag.edge_index.shape[0] == 2, "edge_index: expected sources and targets")
    for name in ("edge_output", "edge_input"):
        _expect(getattr(dag, name).shape == (dag.num_edges,), f"{name}: expected one value per edge")
    sources, targets = dag.edge_index
    _expect_range("edge_index", dag.edge_index, 0, dag.num_nodes)
    _expect(bool((sources < targets).all()), "edge_index: expected every edge to lead to a later node")
    _expect(bool((dag.edge_output < dag.num_outputs[sources]).all()), "edge_output: its node has no such output")
    _expect_range("edge_output", dag.edge_output, 0, LARGEST_SLOT)
    _expect_range("edge_input", dag.edge_input, 0, LARGEST_SLOT)
    _expect_ascending("edge_index", targets.astype(np.int64) * LARGEST_SLOT + dag.edge_input)


def _check_ends(dag: Dag) -> None:
    for item in dag.inputs:
        _expect_index("inputs", "node", item.node, dag.num_nodes)
        _expect_index("inputs", "position", item.slot, LARGEST_SLOT)
        _expect(item.kind in _KINDS, f"inputs: {item.kind!r} is not one of {', '.join(sorted(_KINDS))}")
        _expect(len(item.values) <= MAX_ELEMENTS, f"inputs: more than {MAX_ELEMENTS} values")
        _expect(all(value in _INTEGERS for value in item.values), "inputs: a value fits no integer type")
    slots = np.array([(item.node, item.slot) for item in dag.inputs], dtype=np.int64).reshape(-1, 2)
    _expect_ascending("inputs", slots[:, 0] * LARGEST_SLOT + slots[:, 1])
    for output in dag.outputs:
        _expect_index("outputs", "node", output.node, dag.num_nodes)
        _expect_index("outputs", "output", output.slot, int(dag.num_outputs[output.node]))


def _check_subgraphs(dag: Dag) -> None:
    for subgraph in dag.subgraphs:
        _expect_index("subgraphs", "node", subgraph.node, dag.num_nodes)
        _expect_index("subgraphs", "result", subgraph.first_result, LARGEST_SLOT + 1)
        _expect_index("subgraphs", "result", subgraph.num_results, LARGEST_SLOT + 1)
    for read in dag.formal_reads:
        _expect_index("formal_reads", "node", read.node, dag.num_nodes)
        _expect_index("formal_reads", "position", read.slot, LARGEST_SLOT)
        _expect_index("formal_reads", "sub-graph", read.subgraph, len(dag.subgraphs))
        _expect_index("formal_reads", "formal input", read.position, len(dag.subgraphs[read.subgraph].formals))


def _node_input(node: Any, slot: Any, kind: Any, name: Any, dtype: Any, shape: Any, values: Any) -> NodeInput:
    return NodeInput(
        _integer(node), _integer(slot), kind, _text(name), _text(dtype), _shape(shape), _tuple(values, _integer)
    )


def _graph_output(node: Any, slot: Any, name: Any, dtype: Any, shape: Any) -> GraphOutput:
    return GraphOutput(_integer(node), _integer(slot), _text(name), _text(dtype), _shape(shape))


def _subgraph(node: Any, attribute: Any, formals: Any, first_result: Any, num_results: Any) -> SubGraph:
    checked = tuple([(_text(name), _text(dtype), _shape(shape)) for name, dtype, shape in formals])
    return SubGraph(_integer(node), _text(attribute), checked, _integer(first_result), _integer(num_results))


def _shape(dimensions: Sequence[Any] | None) -> tuple[int, ...] | None:
    return None if dimensions is None else _tuple(dimensions, _integer)


def _tuple(values: Iterable[Any], convert: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple([convert(value) for value in values])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.40}")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {value!r:.40}")
    return int(value)


def _array(values: Any) -> Int32Array:
    array = np.asarray(values)
    if array.size and array.dtype.kind != "i":
        raise TypeError(f"expected whole numbers, found {array.ravel()[0]!r:.40}")
    if array.size and not _INT32.min <= array.min() <= array.max() <= _INT32.max:
        raise ValueError("a number does not fit 32 bits")
    return np.array(array, dtype=np.int32)


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _expect_index(name: str, what: str, index: int, count: int) -> None:
    _expect(0 <= index < count, f"{name}: {what} {index} does not exist")


def _expect_range(name: str, values: Int32Array, low: int, high: int) -> None:
    if values.size and not (low <= values.min() and values.max() < high):
        raise ValueError(f"{name}: expected {low} to {high - 1}, found {values.min()} to {values.max()}")


def _expect_ascending(name: str, keys: IntArray) -> None:
    _expect(bool((np.diff(keys) > 0).all()), f"{name}: expected each input of a node once, in order")
