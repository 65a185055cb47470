"""The tasks of the benchmark, one value each.

A new task is one `Task` here and the function that builds its rows
(`younger_hf/dataset/build/tables.py`); loaders, validation, scoring, baselines and the board take
the rest from the value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from younger_hf.errors import DatasetError
from younger_hf.task_types import GRAPH_ID, PUBLIC_SPLITS, SPLITS, Column, Format, Metric, Task

GENERATION_NODES = 300
"""Largest architecture in the generation task, in nodes (the paper's limit)."""
GENERATED_GRAPHS = 1000
"""Rows of a generation submission: distances between two sets of graphs depend on their sizes."""
EDGES_PER_NODE = 16
"""Most edges per node of a generated graph. The densest architecture of release 0.1.0 has 1.7; a
denser graph is not an architecture, and the time that metrics take grows with its edges."""
MEAN_EDGES_PER_NODE = 4
"""Most edges per node over a whole file whose graphs all have the largest size: validation needs
memory for all of them together."""
INT = pa.int32()
INTS = pa.list_(INT)
PAIRS = pa.list_(INTS)
GRAPH_COLUMNS = [(GRAPH_ID, pa.string()), ("num_nodes", INT)]
NODES_AND_EDGES = [*GRAPH_COLUMNS, ("node_feat", INTS), ("edge_index", PAIRS)]

ANSWER_SCHEMA = pa.schema([(GRAPH_ID, pa.string()), ("y", INTS)])
"""Hidden answers with one label per target."""
VALUE_SCHEMA = pa.schema([(GRAPH_ID, pa.string()), ("value", pa.float64())])
"""Hidden answers with one number per graph."""


PROPERTY = "flops"
"""Column of `prediction` that is predicted: null in every test row."""

_EACH_GRAPH = "one row for each graph of the test split"
_EACH_TARGET = "one value for each node in mask_index or pair in pair_index of the test split"
_LISTS = 'Put each list into double quotes: ab12,"[0.1, 0.9]".'
_CLASS = ("unknown_class", "a class id of the vocabulary")
_METRICS = "younger_hf.metrics"

OPERATOR = Task(
    name="operator",
    label="Operator",
    question="**Predict the hidden operators.** The operators on the boundary of a community are masked; name each of them.",
    predicts="class",
    targets="mask_index",
    schema=pa.schema([*NODES_AND_EDGES, ("mask_index", INTS), ("y", INTS)]),
    splits=SPLITS,
    has_signatures=True,
    answers=ANSWER_SCHEMA,
    label_column="y",
    format=Format(
        (Column("predictions", pa.int32(), 1, "class id", _CLASS),),
        _EACH_GRAPH,
        _EACH_TARGET,
        _LISTS,
        "one class id for each node in `mask_index`, in its order",
        target="node",
    ),
    metrics=(
        Metric("accuracy", "max", 0.0, 1.0, "Accuracy", "Share of masked nodes whose class is predicted."),
        Metric("macro_f1", "max", 0.0, 1.0, "Macro F1", "Unweighted mean over classes of F1."),
        Metric("macro_precision", "max", 0.0, 1.0, "Macro precision", "Unweighted mean over classes of precision."),
        Metric("macro_recall", "max", 0.0, 1.0, "Macro recall", "Unweighted mean over classes of recall."),
    ),
    primary="accuracy",
    compute=f"{_METRICS}.operator.classification_metrics:operator_metrics",
    resample=f"{_METRICS}.operator.bootstrap_classes:resample_classes",
    references=("majority", "uniform"),
)

DATAFLOW = Task(
    name="dataflow",
    label="Data flow",
    question="**Predict the missing data flows.** Some edges of each architecture are held out; for every candidate pair of "
    "operators, give the probability that data flows between them.",
    predicts="score",
    targets="pair_index",
    schema=pa.schema([*NODES_AND_EDGES, ("pair_index", PAIRS), ("y", INTS)]),
    splits=SPLITS,
    has_signatures=True,
    answers=ANSWER_SCHEMA,
    label_column="y",
    format=Format(
        (Column("scores", pa.float32(), 1, "score", ("out_of_range", "a number in [0, 1]")),),
        _EACH_GRAPH,
        _EACH_TARGET,
        _LISTS,
        "one probability for each pair in `pair_index`, in its order",
        target="pair",
    ),
    metrics=(
        Metric("auc", "max", 0.0, 1.0, "AUC", "Probability that a data flow outranks a false pair; .5 is chance."),
        Metric("average_precision", "max", 0.0, 1.0, "AP", "Mean precision at the score of each data flow."),
        Metric("f1", "max", 0.0, 1.0, "F1", "F1 of the data flows where a score of at least .5 predicts one."),
    ),
    primary="auc",
    compute=f"{_METRICS}.dataflow.ranking_metrics:dataflow_metrics",
    resample=f"{_METRICS}.dataflow.bootstrap_ranking:resample_ranking",
    references=("majority", "uniform"),
)

_GENERATION_SHARES = (
    ("acyclic", "Acyclic", "Share of graphs without a cycle."),
    ("valid", "Valid", "Share of graphs that are acyclic and whose operators fit their ONNX schemas."),
    ("executable", "Executable", "Share of graphs that can be completed to a model that runs in onnxruntime."),
    ("unique", "Unique", "Isomorphism classes among the graphs, divided by the graphs."),
    ("novel", "Novel", "Share of graphs that are not isomorphic to a training graph."),
    ("valid_unique_novel", "VUN", "Different graphs that are valid and novel, divided by the graphs."),
    ("executable_unique_novel", "EUN", "Different graphs that run and are novel, divided by the graphs."),
)
_GENERATION_DISTANCES = (
    ("size", "Size", "the numbers of nodes", math.inf),
    ("depth", "Depth", "the lengths of the longest paths", math.inf),
    ("in_degree", "In-degree", "the nodes' in-degrees", math.inf),
    ("out_degree", "Out-degree", "the nodes' out-degrees", math.inf),
    ("operator", "Operator", "the nodes' classes", 1.0),
    ("spectral", "Spectral", "the normalised Laplacians' eigenvalues", 2.0),
)


def _distances(name: str, label: str, what: str, highest: float) -> tuple[Metric, Metric]:
    ends = f"of {what} from those of real architectures."
    return (
        Metric(f"{name}_w1", "min", 0.0, highest, f"{label} W1", f"Wasserstein distance {ends}"),
        Metric(f"{name}_mmd", "min", 0.0, 2.0, f"{label} MMD²", f"Squared maximum mean discrepancy {ends}"),
    )


GENERATION = Task(
    name="generation",
    label="Generation",
    question="**Generate architectures** that run, are new, and resemble real ones.",
    predicts="graph",
    targets="",
    schema=pa.schema(NODES_AND_EDGES),
    splits=PUBLIC_SPLITS,
    has_signatures=True,
    answers=None,
    label_column="",
    format=Format(
        (
            Column("node_feat", pa.int32(), 1, "class id", _CLASS),
            Column("edge_index", pa.int32(), 2, "node number", ("edge_out_of_range", "the number of a node")),
        ),
        f"{GENERATED_GRAPHS:,} rows, one for each generated graph",
        f"graphs of at most {GENERATION_NODES} nodes and {EDGES_PER_NODE} edges a node, {MEAN_EDGES_PER_NODE} on average",
        'Put each list into double quotes: "[5, 3]","[[0], [1]]".',
        "the class id of each node of a generated graph",
        has_ids=False,
    ),
    metrics=(
        *(Metric(name, "max", 0.0, 1.0, label, description) for name, label, description in _GENERATION_SHARES),
        *(metric for each in _GENERATION_DISTANCES for metric in _distances(*each)),
    ),
    primary="executable_unique_novel",
    compute=f"{_METRICS}.generation.generation_metrics:generation_metrics_of_rows",
    resample="",
    references=("random", "bootstrap"),
)

PREDICTION = Task(
    name="prediction",
    label="Prediction",
    question="**Predict a property** of each architecture: the floating point operations of one forward pass.",
    predicts="value",
    targets="",
    schema=pa.schema(
        [
            *GRAPH_COLUMNS,
            ("node_feat_w", INTS),
            ("node_feat_wo", INTS),
            ("edge_index", PAIRS),
            ("parameters", pa.int64()),
            ("flops", pa.int64()),
        ]
    ),
    splits=PUBLIC_SPLITS,
    has_signatures=False,
    answers=VALUE_SCHEMA,
    label_column=PROPERTY,
    format=Format(
        (Column("value", pa.float64(), 0, "value", ("infinity", "a finite number")),),
        _EACH_GRAPH,
        "one value for each graph of the test split",
        "Write a plain number in each row: ab12,1250000.5.",
        "the predicted value of the property",
    ),
    metrics=(
        Metric(
            "kendall_tau",
            "max",
            -1.0,
            1.0,
            "Kendall tau",
            "Rank correlation of predicted and measured values (tau-b); 0 is chance.",
        ),
        Metric("mape", "min", 0.0, math.inf, "MAPE", "Mean absolute error as a share of the measured value."),
        Metric("acc_10", "max", 0.0, 1.0, "Acc(10%)", "Share of predictions within a tenth of the measured value."),
    ),
    primary="kendall_tau",
    compute=f"{_METRICS}.prediction.regression_metrics:prediction_metrics",
    resample=f"{_METRICS}.prediction.bootstrap_values:resample_values",
    references=("majority", "uniform"),
)

TASKS: Mapping[str, Task] = MappingProxyType({task.name: task for task in (OPERATOR, DATAFLOW, GENERATION, PREDICTION)})
"""Name -> task."""
TRACKS = tuple(track for task in TASKS.values() if task.is_hidden for track in task.configs)
"""Configs whose test answers are hidden, and which the board offers."""
SUBMISSION_TRACKS = tuple(track for task in TASKS.values() for track in task.configs)
"""Everything that a submission can be made for."""

_TASK_OF = {track: task for task in TASKS.values() for track in task.configs}


def task_of(track: str) -> Task:
    """Return the task of a track: `operator_w_attrs` -> `OPERATOR`.

    Raises:
        DatasetError: If the track does not exist.
    """
    if track not in _TASK_OF:
        raise DatasetError(f"Unknown track {track!r}; expected one of: {', '.join(SUBMISSION_TRACKS)}.")
    return _TASK_OF[track]
