"""What a valid predictions file gives: predictions for the graphs of a test split, or generated graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.graph.labelled_graphs import Graphs


@dataclass(frozen=True)
class AlignedPredictions:
    """Valid predictions, in the order of the track's test split whatever their order in the file was.

    Attributes:
        track: Config name.
        content_hash: Content hash of the release they were validated against.
        graph_ids: The graphs of the test split, string [G].
        values: Class ids (int32), scores (float32 or float64) or values of a property (float64) of all graphs together [V].
        offsets: Graph g has `values[offsets[g]:offsets[g + 1]]`, int64 [G + 1].
    """

    track: str
    content_hash: str
    graph_ids: pa.StringArray
    values: npt.NDArray[np.generic]
    offsets: npt.NDArray[np.int64]


@dataclass(frozen=True)
class GeneratedGraphs:
    """Valid generated graphs, in an order that depends on the graphs alone, whatever their order in the file was.

    Attributes:
        track: Config name.
        content_hash: Content hash of the release they were validated against.
        graphs: 1,000 of them; the edges of each sorted by source, then target.
    """

    track: str
    content_hash: str
    graphs: Graphs


Predictions: TypeAlias = AlignedPredictions | GeneratedGraphs
