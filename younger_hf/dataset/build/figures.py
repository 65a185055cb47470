"""The card's figures: sizes of architectures, and their most frequent operators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from younger_hf.dataset.read.release import Release
from younger_hf.task_types import PUBLIC_SPLITS
from younger_hf.files import replacing
from younger_hf.graph.vocabulary import FIRST_CLASS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER = "figures"
TOP_OPERATORS = 30
"""Operators in the card's table and figure."""

_BINS = 30
_COLOUR = "#2a6f97"
_GREY = "#555555"
_DPI = 110


def top_operators(release: Release) -> list[tuple[str, int]]:
    """The most frequent operators of the training architectures, with their numbers of nodes."""
    rows = release.table("vocabulary_wo_attrs", "train", ["domain", "op_type", "count"])
    named = rows.slice(FIRST_CLASS, TOP_OPERATORS).to_pylist()
    return [(f"{row['domain']}.{row['op_type']}".strip("."), row["count"]) for row in named]


def write_figures(release: Release) -> tuple[Path, ...]:
    """Draw the figures into the repo; the same data always give the same bytes."""
    (release.root / FOLDER).mkdir(exist_ok=True)
    return (_write(_sizes(release), release, "sizes"), _write(_operators(release), release, "operators"))


def _sizes(release: Release) -> Figure:
    columns = ["num_nodes", "depth"]
    table = pa.concat_tables([release.table("architectures", split, columns) for split in PUBLIC_SPLITS])
    figure, axes = _figure(9.0, 3.2, 2)
    for axis, column, name in zip(axes, columns, ("operators", "operators on the longest path"), strict=True):
        values = np.maximum(table[column].to_numpy(), 1)
        axis.hist(
            values,
            bins=np.geomspace(values.min(), max(values.max(), 2), _BINS).tolist(),
            color=_COLOUR,
            edgecolor="white",
            linewidth=0.4,
        )
        axis.set_xscale("log")
        axis.set_xlabel(f"{name} (median {int(np.median(values)):,})")
        axis.set_ylabel("architectures")
    return figure


def _operators(release: Release) -> Figure:
    found = top_operators(release)[::-1]
    figure, (axis,) = _figure(7.0, 0.6 + 0.22 * max(len(found), 4), 1)
    bars = axis.barh([name for name, _ in found], [count for _, count in found], color=_COLOUR, height=0.72)
    axis.bar_label(bars, labels=[f"{count:,}" for _, count in found], padding=3, fontsize=7.5, color=_GREY)
    axis.set_xlabel("nodes in the training architectures")
    axis.margins(x=0.14, y=0.01)
    axis.tick_params(axis="y", length=0)
    return figure


def _figure(width: float, height: float, count: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure  # imported here: only a build needs it

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = [figure.add_subplot(1, count, number + 1) for number in range(count)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8, colors=_GREY)
        axis.xaxis.label.set_fontsize(9)
        axis.yaxis.label.set_fontsize(9)
    return figure, axes


def _write(figure: Figure, release: Release, name: str) -> Path:
    path = release.root / FOLDER / f"{name}.png"
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=_DPI, metadata={"Software": None})
    return path
