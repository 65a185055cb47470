"""Ranked rows as a table to read, as points to plot and as a CSV file to download."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from leaderboard.pages.safe_text import csv_field, link, markdown, visible
from leaderboard.store.ranking import Ranked
from younger_hf.task_types import Metric

_UNITS = (("T", 10**12), ("B", 10**9), ("M", 10**6), ("K", 10**3))
ARROWS = {"max": "↑", "min": "↓"}


def heading(metric: Metric) -> str:
    """Return the column heading of a metric, with an arrow for the better direction."""
    return f"{metric.label} {ARROWS[metric.direction]}"


def amount(number: int | None) -> str:
    """Return a number of parameters as people write it, 1,234 or 12.3M; empty if it is unknown."""
    if number is None:
        return ""
    if number < 10_000:
        return f"{number:,}"
    rounded = float(f"{number:.3g}")  # first, so that 999,999 is 1M and not 1000K
    unit, size = next((unit, size) for unit, size in _UNITS if rounded >= size)
    return f"{rounded / size:.4g}{unit}"


def best_values(rows: Sequence[Ranked], metrics: Sequence[Metric]) -> dict[str, float]:
    """Return the best value of each metric over the rows; empty without rows."""
    columns = {metric: [row.submission.metrics[metric.name] for row in rows] for metric in metrics}
    return {
        metric.name: max(values) if metric.direction == "max" else min(values)
        for metric, values in columns.items()
        if values
    }


def table(rows: Sequence[Ranked], metrics: Sequence[Metric], best: Mapping[str, float]) -> pd.DataFrame:
    """Return rows of the ranked table as Markdown; the best value of each metric is bold.

    Args:
        rows: Best first.
        metrics: Metrics in the order of the columns.
        best: The result of `best_values` for all rows of the track.

    Returns:
        One row per submission; every cell is a string.
    """
    records = []
    for row in rows:
        one = row.submission
        links = " · ".join(filter(None, (link("code", one.code_url), link("paper", one.paper_url))))
        record = {"Rank": str(row.rank), "System": f"**{markdown(one.system, 60)}**", "Team": markdown(one.team, 40)}
        for metric in metrics:
            value = one.metrics[metric.name]
            record[heading(metric)] = f"**{value:.4f}**" if value == best[metric.name] else f"{value:.4f}"
        record |= {"Parameters": amount(one.parameters), "Date": f"{one.created_at:%Y-%m-%d}", "Links": links}
        records.append(record)
    return pd.DataFrame(records)


def problem_table(problems: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the problems of a submission as a table with Markdown in its cells."""
    return pd.DataFrame(
        {
            "Problem": f"`{problem['code']}`",
            "What is wrong": markdown(problem["message"], 400),
            "Next step": markdown(problem["hint"], 300),
        }
        for problem in problems
    )


def points(rows: Sequence[Ranked], metric: Metric) -> pd.DataFrame:
    """Return points: `label` (rank and system, unique), `system`, `team`, `value`."""
    seen: Counter[str] = Counter()
    records = []
    for row in rows:
        one = row.submission
        label = f"{row.rank}. {visible(one.system)[:40]}"
        seen[label] += 1
        records.append(
            {
                "label": label if seen[label] == 1 else f"{label} ({seen[label]})",
                "system": visible(one.system)[:80],
                "team": visible(one.team)[:80],
                "value": one.metrics[metric.name],
            }
        )
    return pd.DataFrame(records)


def csv_file(rows: Sequence[Ranked], metrics: Sequence[Metric]) -> bytes:
    """Return the ranked rows with all digits as UTF-8 CSV, safe from formulas in a spreadsheet."""
    columns = ["rank", "id", "system", "team", *(metric.name for metric in metrics)]
    columns += ["parameters", "submitted_at", "code_url", "paper_url"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        one = row.submission
        fields = [row.rank, one.id, one.system, one.team, *(one.metrics[metric.name] for metric in metrics)]
        fields += ["" if one.parameters is None else one.parameters, one.created_at.isoformat()]
        writer.writerow([csv_field(field) for field in [*fields, one.code_url, one.paper_url]])
    return text.getvalue().encode()
