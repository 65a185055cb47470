"""Architectures and task samples as the Arrow rows of each config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from younger_hf.dataset.architecture import Architecture
from younger_hf.tasks import ANSWER_SCHEMA
from younger_hf.dataset.schema import UNKNOWN_LABEL, schema_of
from younger_hf.tasks import GENERATION_NODES
from younger_hf.dataset.build.split import keyed_order
from younger_hf.dataset.tasks.dataflow import HeldOut
from younger_hf.dataset.tasks.operator import OperatorSample
from younger_hf.graph.vocabulary import Vocabulary


def architecture_table(
    architectures: Iterable[Architecture], w_attrs: Vocabulary, wo_attrs: Vocabulary, groups: Mapping[str, str]
) -> pa.Table:
    """Rows of `architectures`: everything that is kept of an architecture, from which it can be rebuilt, and the group of each."""
    rows = [{**_architecture_row(a, w_attrs, wo_attrs), "group_id": groups[a.graph_id]} for a in architectures]
    return _table("architectures", rows)


def generation_table(config: str, architectures: Iterable[Architecture], vocabulary: Vocabulary) -> pa.Table:
    """Rows of a `generation_*` config: architectures of 1 to 300 nodes."""
    rows = []
    for architecture in architectures:
        dag = architecture.dag
        if 1 <= dag.num_nodes <= GENERATION_NODES:
            classes = vocabulary.encode(dag.signatures(vocabulary.signature))
            rows.append(_graph_row(architecture.graph_id, classes, np.unique(dag.edge_index, axis=1)))
    return _table(config, rows)


def prediction_table(architectures: Iterable[Architecture], w_attrs: Vocabulary, wo_attrs: Vocabulary) -> pa.Table:
    """Rows of `prediction`: architectures with what can be measured of them without weights; FLOPs where every operator's are known."""
    rows = []
    for architecture in architectures:
        dag, summary = architecture.dag, architecture.dag.summary()
        rows.append(
            {
                "graph_id": architecture.graph_id,
                "num_nodes": dag.num_nodes,
                "node_feat_w": w_attrs.encode(dag.w_attrs),
                "node_feat_wo": wo_attrs.encode(dag.wo_attrs),
                "edge_index": list(np.unique(dag.edge_index, axis=1)),
                "parameters": summary.num_parameters,
                "flops": None if summary.uncounted else summary.flops,
            }
        )
    return _table("prediction", rows)


def operator_tables(config: str, samples: Sequence[OperatorSample], *, hide: bool) -> tuple[pa.Table, pa.Table]:
    """Rows of an `operator_*` config, and their answers; with `hide` the rows say -1 instead."""
    rows = [
        {**_graph_row(s.graph_id, s.node_feat, s.edge_index), "mask_index": s.mask_index, "y": _labels(s.y, hide)}
        for s in samples
    ]
    return _table(config, rows), _answers((s.graph_id, s.y) for s in samples)


def dataflow_tables(
    config: str, samples: Sequence[tuple[Architecture, HeldOut]], vocabulary: Vocabulary, secret: str, *, hide: bool
) -> tuple[pa.Table, pa.Table]:
    """Rows of a `dataflow_*` config, and their answers; with `hide` the rows say -1, and their ids do not say where they come from."""
    named = sorted(
        (
            (
                keyed_order(secret, "row", a.graph_id).hex()[:32] if hide else a.graph_id,
                vocabulary.encode(a.dag.signatures(vocabulary.signature))[h.nodes],
                h,
            )
            for a, h in samples
        ),
        key=lambda item: item[0],
    )
    rows = [
        {**_graph_row(graph_id, classes, h.edge_index), "pair_index": list(h.pair_index), "y": _labels(h.y, hide)}
        for graph_id, classes, h in named
    ]
    return _table(config, rows), _answers((graph_id, h.y) for graph_id, _, h in named)


def _architecture_row(architecture: Architecture, w_attrs: Vocabulary, wo_attrs: Vocabulary) -> dict[str, Any]:
    dag, sizes = architecture.dag, architecture.dag.sizes()
    return {
        "graph_id": architecture.graph_id,
        "num_nodes": dag.num_nodes,
        "node_feat_w": w_attrs.encode(dag.w_attrs),
        "node_feat_wo": wo_attrs.encode(dag.wo_attrs),
        "edge_index": list(dag.edge_index),
        "edge_output": dag.edge_output,
        "edge_input": dag.edge_input,
        "num_outputs": dag.num_outputs,
        "input_node": [i.node for i in dag.inputs],
        "input_slot": [i.slot for i in dag.inputs],
        "input_kind": [i.kind for i in dag.inputs],
        "input_name": [i.name for i in dag.inputs],
        "input_dtype": [i.dtype for i in dag.inputs],
        "input_shape": [i.shape for i in dag.inputs],
        "input_values": [i.values for i in dag.inputs],
        "output_node": [o.node for o in dag.outputs],
        "output_slot": [o.slot for o in dag.outputs],
        "skeleton_id": architecture.skeleton_id,
        "opset": sizes.opset,
        "num_parameters": sizes.num_parameters,
        "depth": sizes.depth,
        "sources": [vars(source) for source in architecture.sources],
    }


def _graph_row(graph_id: str, node_feat: np.ndarray[Any, Any], edge_index: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {"graph_id": graph_id, "num_nodes": len(node_feat), "node_feat": node_feat, "edge_index": list(edge_index)}


def _labels(y: np.ndarray[Any, Any], hide: bool) -> np.ndarray[Any, Any]:
    return np.full_like(y, UNKNOWN_LABEL) if hide else y


def _answers(pairs: Iterable[tuple[str, np.ndarray[Any, Any]]]) -> pa.Table:
    return pa.Table.from_pylist([{"graph_id": graph_id, "y": y} for graph_id, y in pairs], schema=ANSWER_SCHEMA)


def _table(config: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema_of(config))
