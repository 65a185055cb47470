"""The dataset repo's configs: their names, splits and Arrow schemas.

One place for every column name and type; the writer, the card, the loaders and the validation of submissions all read
it. Types are those that datasets 2.21 to 5.x all read: int32 and plain lists, no map, dictionary, large_list or
ClassLabel.
"""

from __future__ import annotations

import pyarrow as pa

from younger_hf.errors import DatasetError
from younger_hf.graph.vocabulary import MASK as MASK
from younger_hf.graph.vocabulary import UNK as UNK
from younger_hf.graph.vocabulary import Signature

UNKNOWN_LABEL = -1
"""What `y` holds in every test row."""

SIGNATURES: tuple[Signature, ...] = ("w_attrs", "wo_attrs")
SPLITS = ("train", "validation", "test")
PUBLIC_SPLITS = ("train", "validation")
TASKS = ("operator", "dataflow", "generation")
SCORED_TASKS = ("operator", "dataflow")

_INT = pa.int32()
_INTS = pa.list_(_INT)
_PAIRS = pa.list_(_INTS)
_GRAPH = [("graph_id", pa.string()), ("num_nodes", _INT)]
_SOURCE = pa.struct(
    [
        ("hub", pa.string()),
        ("model", pa.string()),
        ("task", pa.string()),
        ("downloads", pa.int64()),
        ("likes", pa.int64()),
        ("licence", pa.string()),
        ("family", pa.string()),
        ("variant", pa.string()),
    ]
)

_SCHEMAS: dict[str, pa.Schema] = {
    "architectures": pa.schema(
        [
            *_GRAPH,
            ("node_feat_w", _INTS),
            ("node_feat_wo", _INTS),
            ("edge_index", _PAIRS),
            ("edge_output", _INTS),
            ("edge_input", _INTS),
            ("num_outputs", _INTS),
            ("input_node", _INTS),
            ("input_slot", _INTS),
            ("input_kind", pa.list_(pa.string())),
            ("input_name", pa.list_(pa.string())),
            ("input_dtype", pa.list_(pa.string())),
            ("input_shape", pa.list_(pa.list_(pa.int64()))),
            ("input_values", pa.list_(pa.list_(pa.int64()))),
            ("output_node", _INTS),
            ("output_slot", _INTS),
            ("skeleton_id", pa.string()),
            ("group_id", pa.string()),
            ("opset", _INT),
            ("num_parameters", pa.int64()),
            ("depth", _INT),
            ("sources", pa.list_(_SOURCE)),
        ]
    ),
    "operator": pa.schema([*_GRAPH, ("node_feat", _INTS), ("edge_index", _PAIRS), ("mask_index", _INTS), ("y", _INTS)]),
    "dataflow": pa.schema(
        [*_GRAPH, ("node_feat", _INTS), ("edge_index", _PAIRS), ("pair_index", _PAIRS), ("y", _INTS)]
    ),
    "generation": pa.schema([*_GRAPH, ("node_feat", _INTS), ("edge_index", _PAIRS)]),
    "prediction": pa.schema(
        [
            *_GRAPH,
            ("node_feat_w", _INTS),
            ("node_feat_wo", _INTS),
            ("edge_index", _PAIRS),
            ("parameters", pa.int64()),
            ("flops", pa.int64()),
        ]
    ),
    "vocabulary": pa.schema(
        [
            ("id", _INT),
            ("domain", pa.string()),
            ("op_type", pa.string()),
            ("attributes", pa.string()),
            ("count", pa.int64()),
        ]
    ),
}

TRACKS = tuple(f"{task}_{signature}" for task in SCORED_TASKS for signature in SIGNATURES)
"""Configs whose test answers are hidden, and which the board offers."""
SUBMISSION_TRACKS = (*TRACKS, *(f"generation_{signature}" for signature in SIGNATURES), "prediction")
"""Everything that a submission can be made for; a generation track has no answers, its validation rows are public."""
GENERATION_NODES = 300
"""Largest architecture in the generation task, in nodes (the paper's limit)."""
PROPERTY = "flops"
"""Column of `prediction` that is predicted: null in every test row."""
CONFIGS = (
    "architectures",
    *(f"{task}_{signature}" for task in TASKS for signature in SIGNATURES),
    "prediction",
    *(f"vocabulary_{signature}" for signature in SIGNATURES),
)
"""Every config of the dataset repo, in the order of the card."""

ANSWER_SCHEMA = pa.schema([("graph_id", pa.string()), ("y", _INTS)])
"""Schema of the hidden answers of one of `TRACKS`."""
VALUE_SCHEMA = pa.schema([("graph_id", pa.string()), ("value", pa.float64())])
"""Schema of the hidden answers of `prediction`: what `PROPERTY` is for each test row."""


def task_of(config: str) -> str:
    """The task of a config: `operator_w_attrs` -> `operator`.

    Raises:
        DatasetError: If there is no such config.
    """
    if config not in CONFIGS:
        raise DatasetError(
            f"There is no config {config!r}; expected one of: {', '.join(CONFIGS)}.",
            "The dataset's card describes each.",
        )
    return config.split("_", 1)[0] if "_" in config else config


def signature_of(config: str) -> str:
    """The node signature of a config: `operator_w_attrs` -> `w_attrs`.

    Raises:
        DatasetError: If there is no such config, or it has no signature (`architectures`).
    """
    if task_of(config) == config:
        raise DatasetError(
            f"The config {config!r} holds both signatures, expected one that ends in w_attrs or wo_attrs.",
            f"One of: {', '.join(name for name in CONFIGS if name.endswith('_attrs'))}.",
        )
    return config.split("_", 1)[1]


def schema_of(config: str) -> pa.Schema:
    """The Arrow schema of a config's rows."""
    return _SCHEMAS[task_of(config)]


def answer_schema_of(track: str) -> pa.Schema:
    """The Arrow schema of a track's hidden answers."""
    return VALUE_SCHEMA if task_of(track) == "prediction" else ANSWER_SCHEMA


def splits_of(config: str) -> tuple[str, ...]:
    """The splits a build fills: all three for scored tasks, else the public ones; a vocabulary has only `train`."""
    task = task_of(config)
    if task in SCORED_TASKS:
        return SPLITS
    return PUBLIC_SPLITS if task != "vocabulary" else ("train",)


def possible_splits_of(config: str) -> tuple[str, ...]:
    """The splits that a release may have: those of `splits_of`, and test rows of `prediction`, which no build makes so far."""
    return SPLITS if task_of(config) == "prediction" else splits_of(config)
