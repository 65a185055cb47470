"""`python -m benchmarks.collect --models 150`: exports per hour, memory and bytes, one worker against more.

Both sides export the same models in turn, each time in a new workspace. The models are a regular sample
of what the sources list, so that their sizes are mixed as in a complete run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.collect.models import run
from younger_hf.cli import console
from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.status import Status, status_of
from younger_hf.collect.workspace import Workspace
from younger_hf.containment.limits import Limits
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.registry import find_source
from younger_hf.sources.source import Query

SOURCES = (
    "torchvision",
    "timm",
    "transformers",
    "smp",
    "pytorchcv",
    "ultralytics",
    "diffusers",
    "sentence_transformers",
)


@dataclass(frozen=True)
class Run:
    """What a run over the models took.

    Attributes:
        seconds: Wall time.
        results: What became of each.
        status: The workspace in numbers.
    """

    seconds: float
    results: list[ExportResult]
    status: Status


def sample(models: int) -> list[Candidate]:
    """About so many of the models of all sources, spread evenly."""
    declare_torchvision_operators()
    listed = [candidate for source in SOURCES for candidate in find_source(source).candidates(Query())]
    return listed[:: max(1, len(listed) // models)]


def export(candidates: list[Candidate], workers: int, limits: Limits) -> Run:
    """All of them in a new workspace."""
    with tempfile.TemporaryDirectory() as folder, closing(Workspace(Path(folder))) as workspace:
        workspace.add(candidates)
        started = perf_counter()
        results = run(workspace, limits=limits, workers=workers)
        return Run(perf_counter() - started, results, status_of(workspace))


def main(arguments: list[str] | None = None) -> int:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=150)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    candidates = sample(given.models)
    limits = Limits(given.timeout)
    runs: list[tuple[Run, Run]] = []
    with console.progress(f"Exporting {len(candidates)} models", quiet=given.json) as advance:
        for number in range(given.rounds):
            advance("one worker, then more", 2 * number, 2 * given.rounds)
            runs.append((export(candidates, 1, limits), export(candidates, given.workers, limits)))
    one, more = ([pair[side] for pair in runs] for side in (0, 1))
    results = [result for side in (*one, *more) for result in side.results]
    figures = {
        "models": len(candidates),
        "done": sum(result.status == "done" for result in more[-1].results),
        "models/hour, one worker": round(median(len(candidates) / side.seconds for side in one) * 3600),
        f"models/hour, {given.workers} workers": round(median(len(candidates) / side.seconds for side in more) * 3600),
        "times as fast": round(median(a.seconds / b.seconds for a, b in runs), 2),
        "median peak, MB": round(more[-1].status.median_peak / 1e6),
        "99% of peaks up to, MB": round(more[-1].status.high_peak / 1e6),
        "most bytes written by a worker": max(result.bytes_written for result in results),
        "most bytes read by a worker, MB": round(max(result.bytes_read for result in results) / 1e6, 1),
    }
    if given.json:
        console.show_json(figures)
    else:
        console.show_table(
            "Export without weights", ["what", "figure"], [[name, value] for name, value in figures.items()]
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
