"""Run some or all benchmarks and print their ratios: `python -m benchmarks [NAME ...] [--json]`.

`python -m benchmarks.paper` needs the Younger paper's code in an environment of its own: see
benchmarks/README.md.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import asdict

from benchmarks.measure import Ratio
from younger_hf.cli import console

NAMES = ("import_time", "weights", "remote", "memory", "wl_hash", "metrics", "validation", "to_pyg")


def main(arguments: list[str]) -> int:
    """Run the benchmarks that are named, or all."""
    as_json = "--json" in arguments
    names = [name for name in arguments if name != "--json"] or list(NAMES)
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        console.warn(f"Unknown benchmark: {', '.join(unknown)}; expected some of: {', '.join(NAMES)}.")
        return console.EXIT_BAD_INPUT
    ratios: list[Ratio] = [ratio for name in names for ratio in importlib.import_module(f"benchmarks.{name}").run()]
    if as_json:
        console.show_json([asdict(ratio) for ratio in ratios])
        return 0
    rows = [[r.name, r.peer, r.ours, r.theirs, r.unit, r.ratio] for r in ratios]
    columns = ["what", "peer", "ours", "peer's", "unit", "ratio"]
    console.show_table("Times faster, or times less", columns, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
