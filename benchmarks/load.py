"""The first load of a dataset's largest config: verified `load` against `load_dataset` alone, in fresh processes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from younger_hf.cli.console import show_json, show_table
from younger_hf.dataset.read.release import open_release

ROUNDS = 5

CODE = """
import sys, time
start = time.perf_counter()
{imports}
imported = time.perf_counter()
rows = {call}
first = rows["train"][0]
print(imported - start, time.perf_counter() - imported)
"""
WAYS = {
    "younger_hf.load": ("import younger_hf, datasets", "younger_hf.load(sys.argv[2], root=sys.argv[1])"),
    "datasets.load_dataset": ("import datasets", "datasets.load_dataset(sys.argv[1], sys.argv[2])"),
}


def cold(way: str, root: Path, config: str) -> tuple[float, float]:
    """Seconds to import, and to load into an empty cache."""
    imports, call = WAYS[way]
    code = CODE.format(imports=imports, call=call)
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HF_HOME": home, "HF_HUB_OFFLINE": "1"}
        run = subprocess.run(
            [sys.executable, "-c", code, str(root), config], env=environment, capture_output=True, text=True, check=True
        )
    imported, loaded = map(float, run.stdout.split()[-2:])
    return imported, loaded


def main() -> None:
    """Time both, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path, help="folder of a dataset repo")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    release = open_release(given.dataset)
    sizes = {c: sum((release.root / path).stat().st_size for path in p.values()) for c, p in release.files.items()}
    config = max(sizes, key=sizes.__getitem__)
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, times in found.items():
            times.append(cold(way, given.dataset.resolve(), config))
    rows = [
        [way, config, sizes[config] // 1000, *(round(median(column), 2) for column in zip(*times, strict=True))]
        for way, times in found.items()
    ]
    columns = ["way", "config", "kB", "import s", "cold load s"]
    if given.json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(f"Cold loads, median of {ROUNDS}", columns, rows)


if __name__ == "__main__":
    main()
