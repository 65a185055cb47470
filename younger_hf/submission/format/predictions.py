"""The contents of a valid predictions file: predictions for a split, or generated graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from younger_hf.arrays import Ragged
from younger_hf.graph.labelled_graphs import Graphs


@dataclass(frozen=True)
class AlignedPredictions:
    """Valid predictions, in the order of the track's split whatever their order in the file was.

    Attributes:
        track: Config name.
        content_hash: Content hash of the release they were validated against.
        graph_ids: The graphs of the split, string [G].
        rows: For each graph its class ids (int32), scores (float32 or float64) or value of a
            property (float64).
        split: `test`, whose answers are hidden, or `validation`, whose answers the release
            contains.
    """

    track: str
    content_hash: str
    graph_ids: pa.StringArray
    rows: Ragged[Any]
    split: str = "test"


@dataclass(frozen=True)
class GeneratedGraphs:
    """Valid generated graphs, in an order that depends only on the graphs, not on the file.

    Attributes:
        track: Config name.
        content_hash: Content hash of the release they were validated against.
        graphs: 1,000 graphs; the edges of each sorted by source, then target.
    """

    track: str
    content_hash: str
    graphs: Graphs


Predictions: TypeAlias = AlignedPredictions | GeneratedGraphs
