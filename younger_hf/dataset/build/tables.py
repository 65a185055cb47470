"""The Arrow rows of each config: one row builder a task, in one registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.partition import keyed_name
from younger_hf.dataset.schema import CONFIGS, UNKNOWN_LABEL, schema_of, signature_of
from younger_hf.task_types import GRAPH_ID
from younger_hf.tasks import GENERATION_NODES, SUBMISSION_TRACKS, task_of
from younger_hf.dataset.tasks.dataflow import HeldOut
from younger_hf.dataset.tasks.operator import OperatorSample
from younger_hf.graph.vocabulary import Signature, Vocabulary

Row = dict[str, Any]
Splits = dict[str, list[Row]]


@dataclass(frozen=True)
class Samples:
    """What a protocol chose, from which the rows of every config are built.

    Attributes:
        public: Split -> architectures that are shown whole.
        groups: graph_id of each public architecture -> name of its group.
        generation: Split -> architectures among which those small enough become generation rows.
        operator: Signature -> split -> operator samples, ordered by graph_id.
        dataflow: Signature -> split -> data-flow samples with their architectures.
        vocabularies: Signature -> vocabulary, and the rows of its config.
        secret: Decides the ids of test rows.
    """

    public: Mapping[str, Sequence[Architecture]]
    groups: Mapping[str, str]
    generation: Mapping[str, Sequence[Architecture]]
    operator: Mapping[Signature, Mapping[str, Sequence[OperatorSample]]]
    dataflow: Mapping[Signature, Mapping[str, Sequence[tuple[Architecture, HeldOut]]]]
    vocabularies: Mapping[Signature, tuple[Vocabulary, pa.Table]]
    secret: str

    def classes(self, architecture: Architecture, kind: Signature) -> npt.NDArray[np.int32]:
        """Class ids of an architecture's nodes, int32 [N]."""
        return self.vocabularies[kind][0].encode(architecture.dag.signatures(kind))


def build_tables(samples: Samples) -> tuple[dict[str, dict[str, pa.Table]], dict[str, pa.Table]]:
    """Build the rows of every config, and the answers to its test rows.

    Test rows themselves hold -1 instead of an answer.

    Returns:
        config -> split -> rows, and track -> answers.
    """
    tables: dict[str, dict[str, pa.Table]] = {}
    answers: dict[str, pa.Table] = {}
    for config in CONFIGS:
        splits = _rows_of(samples, config)
        if "test" in splits:
            task = task_of(config)
            answers[config], splits["test"] = _hide(splits["test"], task.label_column, task.answers)
        schema = schema_of(config)
        tables[config] = {name: pa.Table.from_pylist(rows, schema=schema) for name, rows in splits.items()}
    return tables, answers


def _rows_of(samples: Samples, config: str) -> Splits:
    if config in SUBMISSION_TRACKS:
        return ROW_BUILDERS[task_of(config).name](samples, config)
    return _architectures(samples) if config == "architectures" else _vocabulary(samples, config)


def _hide(rows: list[Row], label: str, schema: pa.Schema) -> tuple[pa.Table, list[Row]]:
    """The answers of test rows, and the rows without them."""
    answers = [dict(zip(schema.names, (row[GRAPH_ID], row[label]), strict=True)) for row in rows]
    hidden = [
        {**row, label: np.full_like(row[label], UNKNOWN_LABEL) if np.ndim(row[label]) else None} for row in rows
    ]
    return pa.Table.from_pylist(answers, schema=schema), hidden


def _architectures(samples: Samples) -> Splits:
    """Everything that is kept of an architecture, from which it can be rebuilt."""
    return {name: [_architecture_row(samples, a) for a in items] for name, items in samples.public.items()}


def _operator(samples: Samples, config: str) -> Splits:
    return {
        name: [
            {**_graph_row(s.graph_id, s.node_feat, s.edge_index), "mask_index": s.mask_index, "y": s.y} for s in items
        ]
        for name, items in samples.operator[signature_of(config)].items()
    }


def _dataflow(samples: Samples, config: str) -> Splits:
    """The ids of test rows do not reveal the architectures."""
    kind = signature_of(config)
    splits = {}
    for name, items in samples.dataflow[kind].items():
        rows = []
        for architecture, held in items:
            graph_id = architecture.graph_id if name != "test" else keyed_name(samples.secret, architecture.graph_id)
            classes = samples.classes(architecture, kind)[held.nodes]
            graph = _graph_row(graph_id, classes, held.edge_index)
            rows.append({**graph, "pair_index": list(held.pair_index), "y": held.y})
        splits[name] = sorted(rows, key=lambda row: row["graph_id"])
    return splits


def _generation(samples: Samples, config: str) -> Splits:
    """Architectures of 1 to `GENERATION_NODES` nodes."""
    kind = signature_of(config)
    return {
        name: [
            _graph_row(a.graph_id, samples.classes(a, kind), _distinct_edges(a))
            for a in items
            if 1 <= a.dag.num_nodes <= GENERATION_NODES
        ]
        for name, items in samples.generation.items()
    }


def _prediction(samples: Samples, config: str) -> Splits:
    """Properties that can be measured without weights; FLOPs where every operator's are known."""
    return {name: [_prediction_row(samples, a) for a in items] for name, items in samples.public.items()}


def _vocabulary(samples: Samples, config: str) -> Splits:
    return {"train": samples.vocabularies[signature_of(config)][1].to_pylist()}


ROW_BUILDERS: Mapping[str, Callable[[Samples, str], Splits]] = {
    "operator": _operator,
    "dataflow": _dataflow,
    "generation": _generation,
    "prediction": _prediction,
}
"""Task -> function from samples and config to rows of each split, with their true answers."""


def _prediction_row(samples: Samples, architecture: Architecture) -> Row:
    summary = architecture.dag.summary()
    return {
        **_both_signatures(samples, architecture),
        "edge_index": list(_distinct_edges(architecture)),
        "parameters": summary.num_parameters,
        "flops": None if summary.uncounted else summary.flops,
    }


def _architecture_row(samples: Samples, architecture: Architecture) -> Row:
    dag, sizes = architecture.dag, architecture.dag.sizes()
    return {
        **_both_signatures(samples, architecture),
        "edge_index": list(dag.edge_index),
        "edge_output": dag.edge_output,
        "edge_input": dag.edge_input,
        "num_outputs": dag.num_outputs,
        **{
            f"input_{name}": [getattr(item, name) for item in dag.inputs]
            for name in ("node", "slot", "kind", "name", "dtype", "shape", "values")
        },
        **{f"output_{name}": [getattr(item, name) for item in dag.outputs] for name in ("node", "slot")},
        "skeleton_id": architecture.skeleton_id,
        "group_id": samples.groups[architecture.graph_id],
        "opset": sizes.opset,
        "num_parameters": sizes.num_parameters,
        "depth": sizes.depth,
        "sources": [vars(source) for source in architecture.sources],
    }


def _both_signatures(samples: Samples, architecture: Architecture) -> Row:
    return {
        "graph_id": architecture.graph_id,
        "num_nodes": architecture.dag.num_nodes,
        "node_feat_w": samples.classes(architecture, "w_attrs"),
        "node_feat_wo": samples.classes(architecture, "wo_attrs"),
    }


def _graph_row(graph_id: str, node_feat: npt.NDArray[np.int32], edge_index: npt.NDArray[np.int32]) -> Row:
    return {"graph_id": graph_id, "num_nodes": len(node_feat), "node_feat": node_feat, "edge_index": list(edge_index)}


def _distinct_edges(architecture: Architecture) -> npt.NDArray[np.int32]:
    return np.unique(architecture.dag.edge_index, axis=1)
