"""The workspace: what there is, what became of it, and the files made of it; whole after a power cut of the process at any moment."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from younger_hf.collect.export_job import ExportResult
from younger_hf.errors import WorkspaceError
from younger_hf.graph.dag import Dag
from younger_hf.graph.views.arrow import table_to_dags
from younger_hf.sources.candidate import Candidate

MANIFEST = "manifest.sqlite"
OBJECTS = "objects"
RUNNING = "running"
LOCK = "lock"

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS candidates (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hub TEXT NOT NULL,
    model TEXT NOT NULL,
    modified TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY REFERENCES candidates (id),
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    stamp TEXT NOT NULL,
    wl_hash_w_attrs TEXT NOT NULL,
    wl_hash_wo_attrs TEXT NOT NULL,
    num_nodes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    peak INTEGER NOT NULL,
    model TEXT NOT NULL,
    dag TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS results_by_hash ON results (wl_hash_w_attrs);
CREATE TABLE IF NOT EXISTS cursors (source TEXT, query TEXT, cursor TEXT, PRIMARY KEY (source, query));
"""
_BATCH = 500
"""Candidates held in memory at a time."""

Stored = tuple[Candidate, ExportResult, str, str]
"""A candidate, what became of it, and the names of its model's and its Dag's object, `""` if it has none."""


class Workspace:
    """A folder with a manifest (SQLite) and objects named by the SHA-256 of their content.

    Objects are written whole or not at all, and before the manifest names them. One process changes a workspace at a time.
    """

    def __init__(self, root: Path) -> None:
        """Open a workspace, or make one.

        Raises:
            WorkspaceError: If the folder cannot be made, or what is in it is no workspace of this version.
        """
        self.root = root
        try:
            (root / OBJECTS).mkdir(parents=True, exist_ok=True)
            self._manifest = sqlite3.connect(root / MANIFEST, isolation_level=None)
            self._manifest.execute("PRAGMA journal_mode=WAL")
            self._manifest.execute("PRAGMA synchronous=NORMAL")
            self._manifest.executescript(_SCHEMA)
        except OSError as error:
            raise WorkspaceError(f"{root}: the workspace cannot be made ({error.strerror}).") from error
        except sqlite3.Error as error:
            raise WorkspaceError(
                f"{root / MANIFEST}: the manifest cannot be opened ({error}).", "Name another folder for the workspace."
            ) from error
        found = self._manifest.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, SCHEMA_VERSION):
            raise WorkspaceError(
                f"{root}: expected a workspace of version {SCHEMA_VERSION}, found version {found}.",
                "Open it with the younger-hf that made it, or name another folder.",
            )
        self._manifest.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    @property
    def running(self) -> Path:
        """Folder for what workers write while they run."""
        return self.root / RUNNING

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make sure that no other process changes the workspace meanwhile.

        Raises:
            WorkspaceError: If one does.
        """
        with (self.root / LOCK).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise WorkspaceError(
                    f"{self.root}: another process works in this workspace.",
                    "Wait for it (younger-hf status), or name another folder.",
                ) from error
            yield

    def add(self, candidates: Iterable[Candidate]) -> int:
        """Keep candidates; those that are there already are brought up to date and stay in their place.

        Returns:
            How many were new.
        """
        added = 0
        waiting = iter(candidates)
        while batch := [c for c, _ in zip(waiting, range(_BATCH), strict=False)]:
            with self._transaction():
                for candidate in batch:
                    record = json.dumps(candidate.to_record(), sort_keys=True)
                    values = (candidate.hub, candidate.model, candidate.modified, record, candidate.id)
                    known = self._manifest.execute(
                        "UPDATE candidates SET hub=?, model=?, modified=?, record=? WHERE id=?", values
                    )
                    if not known.rowcount:
                        added += 1
                        self._manifest.execute(
                            "INSERT INTO candidates (hub, model, modified, record, id) VALUES (?, ?, ?, ?, ?)", values
                        )
        return added

    def candidates(self) -> Iterator[Candidate]:
        """Every candidate, in the order in which they were added; a few are held in memory at a time."""
        for (record,) in self._rows("SELECT position, record FROM candidates WHERE position > ?"):
            yield Candidate.from_record(json.loads(record))

    def result(self, candidate_id: str) -> tuple[ExportResult | None, str, str]:
        """What became of a candidate so far, None if nothing did, and the names of its model's and its Dag's object."""
        row = self._manifest.execute("SELECT record, model, dag FROM results WHERE id=?", (candidate_id,)).fetchone()
        return (_result(row[0]), row[1], row[2]) if row is not None else (None, "", "")

    def results(self, ids: Set[str] | None = None) -> Iterator[Stored]:
        """Every candidate with a result, in order; only those named, if any are."""
        query = """SELECT candidates.position, candidates.id, candidates.record, results.record, results.model, results.dag
            FROM candidates JOIN results USING (id) WHERE candidates.position > ?"""
        for candidate_id, candidate, record, model, dag in self._rows(query):
            if ids is None or candidate_id in ids:
                yield Candidate.from_record(json.loads(candidate)), _result(record), model, dag

    def num_results(self) -> int:
        """How many candidates have a result."""
        return int(self._manifest.execute("SELECT count(*) FROM results").fetchone()[0])

    def keep(self, result: ExportResult) -> None:
        """Keep what became of a candidate: its files first, then the fact."""
        model, dag = (self._store(payload) if payload else "" for payload in (result.model, result.dag))
        values = {
            **{name: getattr(result, name) for name in _COLUMNS},
            "model": model,
            "dag": dag,
            "record": json.dumps(
                asdict(replace(result, model=b"", dag=b"")) | {"model": "", "dag": ""}, sort_keys=True
            ),
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._transaction():
            self._manifest.execute(f"REPLACE INTO results ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 - names are ours

    def hashes(self) -> set[str]:
        """Hashes with attributes of every architecture that is there."""
        return {digest for (digest,) in self.rows("SELECT DISTINCT wl_hash_w_attrs FROM results WHERE status = 'done'")}

    def path(self, name: str) -> Path:
        """The file of an object."""
        return self.root / OBJECTS / name[:2] / name[2:]

    def has(self, name: str) -> bool:
        """Whether an object is there."""
        return bool(name) and self.path(name).exists()

    def dag(self, name: str) -> Dag:
        """The Dag of an object.

        Raises:
            WorkspaceError: If it is missing or damaged.
        """
        path = self.path(name)
        try:
            payload = path.read_bytes()
            if sha256(payload).hexdigest() != name:
                raise WorkspaceError(f"{path}: the object is damaged.", "Delete it, then run the export again.")
            return table_to_dags(pa.ipc.open_file(payload).read_all())[0]
        except OSError as error:
            raise WorkspaceError(
                f"{path}: the object is missing ({error.strerror}).", "Run the export again."
            ) from error

    def cursor(self, source: str, query: str) -> str:
        """Where the listing of a source stopped, `""` if it was not begun or has ended."""
        row = self._manifest.execute(
            "SELECT cursor FROM cursors WHERE source=? AND query=?", (source, query)
        ).fetchone()
        return row[0] if row is not None else ""

    def keep_cursor(self, source: str, query: str, cursor: str) -> None:
        """Remember where the listing of a source stopped."""
        self._manifest.execute("REPLACE INTO cursors VALUES (?, ?, ?)", (source, query, cursor))

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Ask the manifest; for counts and summaries."""
        return self._manifest.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the manifest."""
        self._manifest.close()

    def _store(self, payload: bytes) -> str:
        name = sha256(payload).hexdigest()
        path = self.path(name)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_name(f"{path.name}.partial")
            partial.write_bytes(payload)
            partial.replace(path)
        return name

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Rows of a query whose first column is the position, without it, a batch at a time."""
        last = -1
        while batch := self._manifest.execute(
            f"{query} ORDER BY candidates.position LIMIT {_BATCH}", (last,)
        ).fetchall():
            for position, *values in batch:
                last = position
                yield tuple(values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._manifest.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._manifest.execute("ROLLBACK")
            raise
        self._manifest.execute("COMMIT")


def is_workspace(root: Path) -> bool:
    """Whether a folder is a workspace already."""
    return (root / MANIFEST).is_file()


_COLUMNS = ("id", "status", "reason", "stamp", "wl_hash_w_attrs", "wl_hash_wo_attrs", "num_nodes", "seconds", "peak")
_FIELDS = {field.name for field in fields(ExportResult)} - {"model", "dag"}


def _result(record: str) -> ExportResult:
    return ExportResult(**{name: value for name, value in json.loads(record).items() if name in _FIELDS})
