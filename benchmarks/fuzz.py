"""`python -m benchmarks.fuzz --files 100000 --seed 0`: damaged model files, each read in a process that may die of it.

The folder `--out` records what was done, and the same command continues where it stopped. A file is
kept there if it fails with anything but a `YoungerError`, takes too long or too much memory, or kills
the process; it can be read again with
`--replay FILE`. The bounds and what is done with each file are those of tests/graph/examining.py.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from tests.graph.backend_suite import node_cases
from tests.graph.examining import READ_MEGABYTES, READ_SECONDS, REBUILD_SECONDS, Examination, examine
from tests.graph.fuzzing import LARGEST_SEED, mutated, seeds
from tests.graph.hostile import BUILDERS

DEADLINE = 60.0
"""Seconds after which a process is taken to hang."""
ADDRESS_SPACE = 6 << 30
"""Bytes that the reading process may map; more is an error there and does not harm the machine."""
KEPT = 10
"""How many of the slowest and largest are written down."""
EVERY = 500
"""Files after which progress is written down."""
LARGEST_HOSTILE = 5_000
"""Largest hostile file that is damaged further; larger ones are close to the bounds already."""


@dataclass
class Progress:
    """What was done so far.

    Attributes:
        seed: The run's seed; file `n` is made by a generator seeded with `seed-n`.
        next: Number of the next file.
        seconds: Time it took.
        outcomes: `read, rebuilt`, `ModelReadError` and so on -> number of files.
        slowest: (seconds, number) of those that took longest to read.
        slowest_rebuilds: The same of those that took longest to rebuild.
        largest: (megabytes, number) of those that took the most memory to read.
        failures: Number -> what was wrong.
    """

    seed: int
    next: int = 0
    seconds: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    slowest_rebuilds: list[tuple[float, int]] = field(default_factory=list)
    largest: list[tuple[float, int]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for best in (self.slowest, self.slowest_rebuilds, self.largest):
            best[:] = map(tuple, best)  # JSON has brought them back as lists

    def add(self, number: int, result: Examination | str) -> None:
        """Count a file."""
        self.next = number + 1
        if isinstance(result, str):
            self.failures[str(number)] = result
            self.outcomes["failure"] = self.outcomes.get("failure", 0) + 1
            return
        outcome = ", ".join(filter(None, (result.outcome, result.rebuilt)))
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        for best, value in (
            (self.slowest, result.read_seconds),
            (self.slowest_rebuilds, result.rebuild_seconds),
            (self.largest, result.read_megabytes),
        ):
            best.append((round(value, 4), number))
            best.sort(reverse=True)
            del best[KEPT:]
        if not result.is_cheap:
            self.failures[str(number)] = (
                f"read in {result.read_seconds:.2f} s (at most {READ_SECONDS}) with {result.read_megabytes:.0f} MB "
                f"(at most {READ_MEGABYTES:.0f}), rebuilt in {result.rebuild_seconds:.2f} s (at most {REBUILD_SECONDS})"
            )


def file_number(number: int, seed: int, files: tuple[bytes, ...]) -> bytes:
    """The damaged file of that number."""
    return mutated(Random(f"{seed}-{number}"), files)


def work(sender: Connection, seed: int, start: int, stop: int, files: tuple[bytes, ...]) -> None:
    """Examine files one by one and send what came of each: an Examination, or a failure as text."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    warnings.simplefilter("ignore")
    examine(files[0])  # loading modules on first use is not the file's own cost
    for number in range(start, stop):
        data = file_number(number, seed, files)
        sender.send(_examined(data, also_as_file=number % 10 == 0))


def _examined(data: bytes, *, also_as_file: bool) -> Examination | str:
    try:
        return examine(data, also_as_file=also_as_file)
    except Exception as error:
        return "".join(traceback.format_exception(error, limit=-3))


def run(progress: Progress, stop: int, files: tuple[bytes, ...]) -> Iterator[int]:
    """Examine files up to a number, with a new process after each one that died.

    Yields:
        The number of each file that is done.
    """
    context = multiprocessing.get_context("spawn")
    while progress.next < stop:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(sender, progress.seed, progress.next, stop, files), daemon=True)
        process.start()
        sender.close()
        try:
            while progress.next < stop:
                if not receiver.poll(DEADLINE):
                    raise TimeoutError(f"it was not done after {DEADLINE:.0f} s")
                progress.add(progress.next, receiver.recv())
                yield progress.next - 1
        except (EOFError, TimeoutError) as error:
            process.kill()
            process.join()
            progress.add(progress.next, f"the process died with exit code {process.exitcode} ({error})")
            yield progress.next - 1
        process.kill()
        process.join()


def files_to_damage(models: Path | None) -> tuple[bytes, ...]:
    """Return real files (four times each), models with one operator, and hostile files of realistic size."""
    files = [*seeds() * 4, *(model.SerializeToString() for model in node_cases().values())]
    files += [data for data in (build() for build in BUILDERS.values()) if len(data) < LARGEST_HOSTILE]
    if models is not None:
        paths = sorted(models.rglob("*.onnx"))
        files += [path.read_bytes() for path in paths if path.stat().st_size < LARGEST_SEED] * 4
    return tuple(files)


def load(path: Path, seed: int) -> Progress:
    """The progress of an earlier run with the same seed, or none."""
    if path.exists():
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if values["seed"] == seed:
            return Progress(**values)
    return Progress(seed)


def main(arguments: list[str]) -> int:
    """Run, and print the counts; 1 if there is any failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="number of damaged files")
    parser.add_argument("--seed", type=int, default=0, help="seed of the damage")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder for progress and failures")
    parser.add_argument("--models", type=Path, help="folder with further ONNX files to damage")
    parser.add_argument("--replay", type=Path, help="examine this one file, in this process")
    options = parser.parse_args(arguments)
    if options.replay is not None:
        print(examine(options.replay.read_bytes(), also_as_file=True))
        return 0
    files = files_to_damage(options.models)
    options.out.mkdir(parents=True, exist_ok=True)
    journal = options.out / "progress.json"
    progress = load(journal, options.seed)
    last = perf_counter()
    for number in run(progress, options.files, files):
        if str(number) in progress.failures:
            (options.out / f"{options.seed}-{number}.onnx").write_bytes(file_number(number, options.seed, files))
            print(f"file {number}: {progress.failures[str(number)]}", flush=True)
        if progress.next % EVERY == 0 or progress.next == options.files:
            progress.seconds += perf_counter() - last
            last = perf_counter()
            journal.write_text(json.dumps(asdict(progress), indent=2) + "\n", encoding="utf-8")
            print(f"\r{progress.next:,} of {options.files:,} files, {progress.seconds:.0f} s", end="", flush=True)
    print(f"\n{len(set(files))} files were damaged in {progress.next:,} ways, {progress.seconds:.0f} s")
    for outcome, count in sorted(progress.outcomes.items(), key=lambda item: -item[1]):
        print(f"{count:>8,}  {outcome}")
    for title, best, unit in (
        ("slowest to read", progress.slowest, "s"),
        ("slowest to rebuild", progress.slowest_rebuilds, "s"),
        ("most memory to read", progress.largest, "MB"),
    ):
        print(f"{title}: " + ", ".join(f"{value} {unit} (file {number})" for value, number in best[:3]))
    print(f"{len(progress.failures)} failures in {options.out}")
    return 1 if progress.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
