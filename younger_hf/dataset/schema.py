"""The dataset repo's configs: their names, splits and Arrow schemas.

Column types are those that datasets 2.21 to 5.x all read: int32 and plain lists; no map,
dictionary, large_list or ClassLabel.
"""

from __future__ import annotations

import pyarrow as pa

from younger_hf.errors import DatasetError
from younger_hf.graph.vocabulary import Signature
from younger_hf.task_types import PUBLIC_SPLITS, SIGNATURES
from younger_hf.tasks import GRAPH_COLUMNS, INT, INTS, PAIRS, SUBMISSION_TRACKS, task_of

UNKNOWN_LABEL = -1
"""What `y` holds in every test row."""

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
_ARCHITECTURES = pa.schema(
    [
        *GRAPH_COLUMNS,
        ("node_feat_w", INTS),
        ("node_feat_wo", INTS),
        ("edge_index", PAIRS),
        ("edge_output", INTS),
        ("edge_input", INTS),
        ("num_outputs", INTS),
        ("input_node", INTS),
        ("input_slot", INTS),
        ("input_kind", pa.list_(pa.string())),
        ("input_name", pa.list_(pa.string())),
        ("input_dtype", pa.list_(pa.string())),
        ("input_shape", pa.list_(pa.list_(pa.int64()))),
        ("input_values", pa.list_(pa.list_(pa.int64()))),
        ("output_node", INTS),
        ("output_slot", INTS),
        ("skeleton_id", pa.string()),
        ("group_id", pa.string()),
        ("opset", INT),
        ("num_parameters", pa.int64()),
        ("depth", INT),
        ("sources", pa.list_(_SOURCE)),
    ]
)
_VOCABULARY = pa.schema(
    [
        ("id", INT),
        ("domain", pa.string()),
        ("op_type", pa.string()),
        ("attributes", pa.string()),
        ("count", pa.int64()),
    ]
)
_VOCABULARIES = tuple(f"vocabulary_{signature}" for signature in SIGNATURES)

CONFIGS = ("architectures", *SUBMISSION_TRACKS, *_VOCABULARIES)
"""Every config of the dataset repo, in the order of the card."""


def check_config(config: str) -> None:
    """Raise DatasetError if the config does not exist."""
    if config not in CONFIGS:
        raise DatasetError(
            f"Unknown config {config!r}; expected one of: {', '.join(CONFIGS)}.",
            "The dataset's card describes each.",
        )


def signature_of(config: str) -> Signature:
    """Return the node signature of a config: `operator_w_attrs` -> `w_attrs`.

    Raises:
        DatasetError: If the config does not exist, or it has both signatures (`architectures`).
    """
    check_config(config)
    for signature in SIGNATURES:
        if config.endswith(f"_{signature}"):
            return signature
    raise DatasetError(
        f"The config {config!r} holds both signatures, expected one that ends in w_attrs or wo_attrs.",
        f"One of: {', '.join(name for name in CONFIGS if name.endswith('_attrs'))}.",
    )


def schema_of(config: str) -> pa.Schema:
    """Return the Arrow schema of a config's rows.

    Raises:
        DatasetError: If the config does not exist.
    """
    check_config(config)
    if config == "architectures":
        return _ARCHITECTURES
    return _VOCABULARY if config in _VOCABULARIES else task_of(config).schema


def splits_of(config: str) -> tuple[str, ...]:
    """Return the splits that a build fills.

    Raises:
        DatasetError: If the config does not exist.
    """
    return _own_splits(config) or task_of(config).splits


def possible_splits_of(config: str) -> tuple[str, ...]:
    """Return the splits that a release may have, with `test` where answers can be hidden.

    Raises:
        DatasetError: If the config does not exist.
    """
    return _own_splits(config) or task_of(config).possible_splits


def _own_splits(config: str) -> tuple[str, ...]:
    """The splits of a config that belongs to no task; empty for the others."""
    check_config(config)
    if config == "architectures":
        return PUBLIC_SPLITS
    return ("train",) if config in _VOCABULARIES else ()
