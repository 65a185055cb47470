"""Finds official Younger files: splits, and instances of the filter series."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from younger_hf.errors import SourceError
from younger_hf.sources.official.pickle_reader import LARGEST
from younger_hf.sources.official.tar_reader import Member, tar_members

META, LABELS, GRAPH = "meta.json", "label.json", "network/graph.pkl"
ARCHIVES = (".tar.gz", ".tgz", ".tar")
LARGEST_JSON = 1 << 26
"""Bytes of the largest JSON file; meta.json lists the operators of all training samples."""

_SAMPLE = re.compile(r"(?:[^/]+/)*(sample-\d{1,9})\.pkl")
_HINT = "See docs/official.md for what can be imported."


@dataclass(frozen=True)
class Sample:
    """One graph that was found.

    Attributes:
        name: Its name, regardless of where the files lie: `VERSION/SPLIT/sample-0`,
            `filter/FOLDER`, or `filter/ARCHIVE`.
        where: Its file, for messages.
        read: Function that returns its pickle, and the labels in a JSON file beside it (empty if the
            pickle holds them). Call it before fetching the next sample. It raises SourceError if
            the sample cannot be read.
        metric: Name of the metric whose values are among its labels, `""` if it has none.
    """

    name: str
    where: str
    read: Callable[[], tuple[bytes, bytes]] = field(repr=False)
    metric: str = ""


@dataclass(frozen=True)
class SampleLocation:
    """A folder or archive with samples.

    Attributes:
        path: The folder or archive.
        size: How many samples it should hold.
        samples: Function that yields them, one at a time.
    """

    path: Path
    size: int
    samples: Callable[[], Iterator[Sample]]


def find_samples(path: Path) -> tuple[SampleLocation, ...]:
    """Find all splits, instance folders and instance archives at or below a path, by name.

    Raises:
        SourceError: If nothing is found, or a `meta.json` describes anything but a split of whole
            architectures.
    """
    if path.is_file() and path.name == META:
        found = [_split(path, None)]
    elif path.is_file():
        found = [_split(path.with_name(META), path)] if _is_split_of(path) else [_instances(path)]
    else:
        found = list(_below(path)) if path.is_dir() else []
    if not found:
        raise SourceError(
            f"{path}: expected official Younger files ({META} beside its archive, or folders with {GRAPH}), found none.",
            _HINT,
        )
    return tuple(found)


def _below(path: Path) -> Iterator[SampleLocation]:
    for root, folders, files in os.walk(path):
        folder = Path(root)
        if (folder / GRAPH).is_file():
            folders.clear()
            read = partial(_read_folder, folder)
            sample = Sample(f"filter/{folder.resolve().name}", str(folder / GRAPH), read)
            yield SampleLocation(folder, 1, partial(iter, (sample,)))
            continue
        folders.sort()
        split = [_split(folder / META, None)] if META in files and _is_split(folder / META) else []
        yield from split
        split_archives = {location.path for location in split}
        archives = (folder / name for name in sorted(files) if name.endswith(ARCHIVES))
        yield from (_instances(archive) for archive in archives if archive not in split_archives)


def _is_split(meta: Path) -> bool:
    return "archive" in _read_json(meta)


def _is_split_of(archive: Path) -> bool:
    meta = archive.with_name(META)
    return archive.name.endswith(ARCHIVES) and meta.is_file() and _read_json(meta).get("archive") == archive.name


def _split(file: Path, archive: Path | None) -> SampleLocation:
    meta = _read_json(file)
    kinds = {"archive": str, "version": str, "split": str, "size": int}
    wrong = [key for key, kind in kinds.items() if not isinstance(meta.get(key), kind)]
    if wrong:
        raise SourceError(f"{file}: expected {' and '.join(wrong)} of a split, found no such values.", _HINT)
    if not {"all_tasks", "all_nodes"} <= meta.keys():
        raise SourceError(
            f"{file}: the archive {meta['archive']!r} holds parts of architectures, as those of the operator task do; expected whole ones.",
            "Import the archives of the data-flow task, or instances of the filter series.",
        )
    path = archive or file.with_name(Path(meta["archive"]).name)
    if not path.is_file():
        raise SourceError(f"{path}: the archive that {file} names is missing.", "Download it into that folder.")
    digest = sha256(file.read_bytes()).hexdigest()[:8]  # archives of one version differ in the attributes they hold
    metric = meta.get("metric_name")
    name = f"{meta['version']}/{meta['split']}-{digest}"
    samples = partial(_split_samples, path, name, meta["size"], metric if isinstance(metric, str) else "")
    return SampleLocation(path, meta["size"], samples)


def _split_samples(path: Path, name: str, size: int, metric: str) -> Iterator[Sample]:
    seen: set[str] = set()
    for member in tar_members(path):
        matched = _SAMPLE.fullmatch(member.name)
        if matched is None:
            continue
        if matched[1] in seen:
            raise SourceError(f"{path}: the archive has {matched[1]} twice.", "Download it again.")
        seen.add(matched[1])
        yield Sample(f"{name}/{matched[1]}", f"{path}:{member.name}", partial(_read_member, member), metric)
    if len(seen) != size:
        raise SourceError(
            f"{path}: expected {size:,} samples as stated in {META}, found {len(seen):,}.", "Download it again."
        )


def _read_member(member: Member) -> tuple[bytes, bytes]:
    return member.read(), b""


def _instances(path: Path) -> SampleLocation:
    if not path.name.endswith(ARCHIVES):
        raise SourceError(f"{path}: expected a tar archive ({', '.join(ARCHIVES)}), found another file.", _HINT)
    return SampleLocation(path, 1, partial(_instance_samples, path))


def _instance_samples(path: Path) -> Iterator[Sample]:
    """The instances in an archive; a bad archive, one of thousands, counts as a bad sample."""
    name = f"filter/{path.name.removesuffix(next(ending for ending in ARCHIVES if path.name.endswith(ending)))}"
    first = True
    try:
        for folder, files in _instance_files(path):
            where = f"{path}:{folder}/{GRAPH}"
            yield Sample(name if first else f"{name}/{folder}", where, partial(_read_files, files, where))
            first = False
        if first:
            raise SourceError(
                f"{path}: expected an instance ({GRAPH}), or a {META} beside it that names it; found neither."
            )
    except SourceError as error:
        yield Sample(name, str(path), partial(_raise, error))


def _instance_files(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Each folder of an archive that holds a graph or labels, in either order, with these files."""
    current, files = "", dict[str, bytes]()
    for member in tar_members(path):
        ending = next((end for end in (LABELS, GRAPH) if f"/{member.name}".endswith(f"/{end}")), None)
        if ending is None:
            continue
        folder = member.name.removesuffix(ending).strip("/")
        if folder != current and files:
            yield current, files
            files = {}
        if ending == LABELS and member.size > LARGEST_JSON:
            raise SourceError(f"{path}:{member.name}: expected at most {LARGEST_JSON:,} bytes of labels.")
        current, files[ending] = folder, member.read()
    if files:
        yield current, files


def _read_files(files: Mapping[str, bytes], where: str) -> tuple[bytes, bytes]:
    if GRAPH not in files:
        raise SourceError(f"{where}: the instance has labels, but no graph.", "Download it again.")
    return files[GRAPH], files.get(LABELS, b"")


def _raise(error: SourceError) -> tuple[bytes, bytes]:
    raise error


def _read_folder(folder: Path) -> tuple[bytes, bytes]:
    labels = folder / LABELS
    return _read(folder / GRAPH, LARGEST), _read(labels, LARGEST_JSON) if labels.exists() else b""


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            payload = file.read(most + 1)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}).") from error
    if len(payload) > most:
        raise SourceError(f"{path}: expected at most {most:,} bytes, found more.")
    return payload


def _read_json(path: Path) -> dict[str, Any]:
    return parse_json(_read(path, LARGEST_JSON), str(path))


def parse_json(payload: bytes, where: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        SourceError: If the payload is anything else.
    """
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: expected JSON ({error!s:.100}).", "Download it again.") from error
    if not isinstance(value, dict):
        raise SourceError(f"{where}: expected a JSON object, found {type(value).__name__}.", "Download it again.")
    return value
