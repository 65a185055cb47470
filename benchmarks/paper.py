"""`from_onnx` and WL hash against the Younger paper's code.

Run it with `python -m benchmarks.paper --peer-python PATH FOLDER [--json]`. Both sides read every ONNX
file of the folder in turn, as it is and with its constants folded beforehand (`paper_prepare`), because
the paper's code keeps operators over constants and ours does not. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from benchmarks.measure import Ratio
from benchmarks.paper_compare import Skeleton, difference
from benchmarks.paper_peer_process import Peer, started
from benchmarks.paper_prepare import fold_constants
from younger_hf import from_onnx
from younger_hf.cli import console
from younger_hf.errors import ModelReadError, SourceError

ROUNDS, ROUNDS_IF_SLOW, SLOW = 5, 3, 3.0
"""Timed rounds per file, after an uncounted one; fewer where one takes the peer over three seconds."""
IN_A_ROW = 3
"""Consecutive readings of each side in a round, as in a pipeline; their median counts."""

Seconds = dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """One file, read by both.

    Attributes:
        file: Its name.
        family: The architecture's family, from the file's name.
        folded: Whether its constants were folded beforehand.
        nodes, edges: Number of operators and of simple data flows we find.
        their_nodes, their_edges: What the peer finds.
        difference: In what the two DAGs differ; `""` if in nothing.
        ours, theirs: Median seconds of each phase.
        not_counted: Median seconds of parts of the peer's phases and of what it does between them.
        total: Both sides' median seconds and the median of the rounds' ratios.
        first_ratio: The ratio of the uncounted round, in which both read the file for the first time.
    """

    file: str
    family: str
    folded: bool
    nodes: int
    edges: int
    their_nodes: int
    their_edges: int
    difference: str
    ours: Seconds
    theirs: Seconds
    not_counted: Seconds
    total: Ratio
    first_ratio: float


def compare_file(peer: Peer, path: Path, name: str, folded: bool, constants: Counter[str]) -> Comparison:
    """Read one file with both in turn, several times."""
    rounds: list[tuple[Seconds, dict[str, Any]]] = []
    wanted = 1 + ROUNDS
    while len(rounds) < wanted:
        in_a_row = 1 if not rounds else IN_A_ROW
        gc.collect()
        ours = sorted((_read_once(path) for _ in range(in_a_row)), key=lambda one: sum(one.values()))[in_a_row // 2]
        answer = peer.read(path, in_a_row)
        rounds.append((ours, answer))
        if sum(answer["seconds"].values()) > SLOW:
            wanted = 1 + ROUNDS_IF_SLOW
    skeleton = Skeleton.of_dag(from_onnx(path))
    theirs = Skeleton.of(rounds[0][1]["nodes"], rounds[0][1]["edges"])
    ratios = [sum(answer["seconds"].values()) / sum(ours.values()) for ours, answer in rounds]
    counted = rounds[1:]
    total = Ratio(
        name,
        "Younger (paper)",
        median(sum(ours.values()) for ours, _ in counted),
        median(sum(answer["seconds"].values()) for _, answer in counted),
        median(ratios[1:]),
    )
    return Comparison(
        file=name,
        family=family_of(name),
        folded=folded,
        nodes=len(skeleton.nodes),
        edges=len(skeleton.edges),
        their_nodes=len(theirs.nodes),
        their_edges=len(theirs.edges),
        difference=difference(skeleton, theirs, constants),
        ours=_medians([ours for ours, _ in counted]),
        theirs=_medians([answer["seconds"] for _, answer in counted]),
        not_counted=_medians([answer["not_counted"] for _, answer in counted]),
        total=total,
        first_ratio=ratios[0],
    )


def _read_once(path: Path) -> Seconds:
    """`from_onnx`, which reads and extracts in one, and the hash."""
    start = perf_counter()
    dag = from_onnx(path)
    extracted = perf_counter()
    dag.wl_hash("w_attrs")
    hashed = perf_counter()
    return {"extract": extracted - start, "hash": hashed - extracted}


def _medians(rounds: list[Seconds]) -> Seconds:
    return {phase: median(seconds[phase] for seconds in rounds) for phase in rounds[0]}


def family_of(name: str) -> str:
    """`bert` of `transformers--bert--AutoModel.onnx`; the letters that `light_resnet50.onnx` begins with."""
    parts = Path(name).stem.split("--")
    return parts[1] if len(parts) > 2 else parts[-1].removeprefix("light_").split("_")[0].rstrip("0123456789")


def compare_folder(peer: Peer, folder: Path, quiet: bool) -> list[Comparison]:
    """Every ONNX file below the folder, as it is and folded.

    Raises:
        SourceError: If the folder has no ONNX file.
    """
    paths = sorted(folder.rglob("*.onnx"))
    if not paths:
        raise SourceError(f"{folder}: no .onnx file found.", "Create some: younger-hf build --preset mini --out DIR")
    comparisons: list[Comparison] = []
    with tempfile.TemporaryDirectory() as workspace, console.progress("Reading", quiet=quiet) as advance:
        folded = Path(workspace) / "folded.onnx"
        for index, path in enumerate([paths[0], *paths]):
            name = str(path.relative_to(folder))
            try:
                model, constants = fold_constants(_load(path))
                folded.write_bytes(model.SerializeToString())
                both = [
                    compare_file(peer, path, name, False, constants),
                    compare_file(peer, folded, name, True, Counter()),
                ]
            except ModelReadError as error:
                console.warn(error.message)
                continue
            if index:  # the first file is read twice: loading modules on first use is not the file's cost
                comparisons.extend(both)
            advance("Reading", index, len(paths))
    return comparisons


def _load(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ModelReadError(f"{path}: this is not a readable ONNX model.") from error


def summary(comparisons: list[Comparison]) -> dict[str, Any]:
    """Median, least and slowest-file ratio over some comparisons; `with_store` counts the peer's pickle on disk too."""
    if not comparisons:
        return {"files": 0}
    ratios = [item.total.ratio for item in comparisons]
    slowest = max(comparisons, key=lambda item: item.total.ours)
    theirs_slowest = max(comparisons, key=lambda item: item.total.theirs)
    return {
        "files": len(comparisons),
        "families": len({item.family for item in comparisons}),
        "median_ratio": median(ratios),
        "least_ratio": min(ratios),
        "our_slowest_file": slowest.file,
        "our_slowest_file_ratio": slowest.total.ratio,
        "their_slowest_file": theirs_slowest.file,
        "their_slowest_file_ratio": theirs_slowest.total.ratio,
        "median_first_ratio": median(item.first_ratio for item in comparisons),
        "median_ratio_with_store": median(
            (item.total.theirs + item.not_counted["store"]) / item.total.ours for item in comparisons
        ),
    }


def report(comparisons: list[Comparison], peer_versions: dict[str, str]) -> dict[str, Any]:
    """Everything that was measured, for machines."""
    packages = {name: version(name) for name in ("onnx", "networkx", "numpy", "protobuf")}
    raw = [item for item in comparisons if not item.folded]
    folded = [item for item in comparisons if item.folded]
    return {
        "our_versions": {"python": platform.python_version(), **packages},
        "their_versions": peer_versions,
        "summaries": {
            "as they are, equal sets": summary([item for item in raw if not item.difference]),
            "as they are, all": summary(raw),
            "constants folded, equal sets": summary([item for item in folded if not item.difference]),
            "constants folded, all": summary(folded),
        },
        "files": [asdict(item) for item in comparisons],
    }


def show(comparisons: list[Comparison], figures: dict[str, Any]) -> None:
    """Print the table and the figures."""
    columns = ["file", "folded", "nodes", "edges", "equal", "ours: extract + hash"]
    columns += ["theirs: read + extract + purify + hash", "ratio"]
    rows = [
        [
            item.file.removesuffix(".onnx").partition("--")[2] or item.file,
            "yes" if item.folded else "no",
            _both(item.nodes, item.their_nodes),
            _both(item.edges, item.their_edges),
            "no" if item.difference else "yes",
            " + ".join(f"{1000 * seconds:.1f}" for seconds in item.ours.values()),
            " + ".join(f"{1000 * seconds:.1f}" for seconds in item.theirs.values()),
            f"{item.total.ratio:.1f}",
        ]
        for item in comparisons
    ]
    console.show_table("Median milliseconds of each phase, and how many times faster", columns, rows)
    for item in comparisons:
        if item.difference:
            console.say(f"{item.file}{' (folded)' if item.folded else ''}: {item.difference}")
    for name, values in figures["summaries"].items():
        console.say(f"{name}: " + ", ".join(f"{key.replace('_', ' ')} {_figure(v)}" for key, v in values.items()))
    for side in ("our_versions", "their_versions"):
        console.say(f"{side}: " + ", ".join(f"{name} {number}" for name, number in figures[side].items()))


def _both(ours: int, theirs: int) -> str:
    return str(ours) if ours == theirs else f"{ours} / {theirs}"


def _figure(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def main(arguments: list[str]) -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the ONNX files lie")
    parser.add_argument("--peer-python", type=Path, required=True, help="Python of the environment with the peer")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    chosen = parser.parse_args(arguments)
    gc.disable()  # as timeit does, and the peer's process too: garbage is collected between the runs
    with started(chosen.peer_python) as peer:
        comparisons = compare_folder(peer, chosen.folder, chosen.json)
        figures = report(comparisons, peer.versions)
    if chosen.json:
        console.show_json(figures)
    else:
        show(comparisons, figures)


if __name__ == "__main__":
    sys.exit(console.run(lambda: main(sys.argv[1:])))
