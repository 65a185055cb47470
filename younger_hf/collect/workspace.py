"""The workspace: candidates, results and their files, intact even if its process is killed."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from younger_hf.collect.export_job import ExportResult
from younger_hf.errors import WorkspaceError
from younger_hf.files import write_bytes
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


class StoredResult(NamedTuple):
    """A candidate with its result.

    Attributes:
        candidate: The candidate.
        result: Its result.
        model: Name of the object that holds its ONNX file, `""` if it has none.
        dag: Name of the object that holds its Dag, `""` if it has none.
    """

    candidate: Candidate
    result: ExportResult
    model: str
    dag: str


class Workspace:
    """A folder with a manifest (SQLite), and objects named by the SHA-256 of their content.

    Objects are written whole or not at all, and before the manifest names them. One process at a
    time changes a workspace.
    """

    def __init__(self, root: Path) -> None:
        """Open a workspace, or create one.

        Raises:
            WorkspaceError: If the folder cannot be created, or holds anything but a workspace of
                this version.
        """
        self.root = root
        try:
            (root / OBJECTS).mkdir(parents=True, exist_ok=True)
            self._manifest = sqlite3.connect(root / MANIFEST, isolation_level=None)
            self._manifest.execute("PRAGMA journal_mode=WAL")
            self._manifest.execute("PRAGMA synchronous=NORMAL")
            self._manifest.executescript(_SCHEMA)
        except OSError as error:
            raise WorkspaceError(f"{root}: the workspace cannot be created ({error.strerror}).") from error
        except sqlite3.Error as error:
            raise WorkspaceError(
                f"{root / MANIFEST}: the manifest cannot be opened ({error}).", "Name another folder for the workspace."
            ) from error
        found = self._manifest.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, SCHEMA_VERSION):
            raise WorkspaceError(
                f"{root}: expected a workspace of version {SCHEMA_VERSION}, found version {found}.",
                "Open it with the version of younger-hf that created it, or name another folder.",
            )
        self._manifest.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    @property
    def running(self) -> Path:
        """Folder for the workers' scratch folders."""
        return self.root / RUNNING

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that a process needs to change the workspace.

        Raises:
            WorkspaceError: If another process holds it.
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
        """Store candidates; those that are known already are updated and stay in their place.

        Returns:
            How many were new.
        """
        added = 0
        waiting = iter(candidates)
        while batch := tuple(islice(waiting, _BATCH)):
            with self._transaction():
                for candidate in batch:
                    record = json.dumps(candidate.to_record(), sort_keys=True)
                    values = (candidate.hub, candidate.model, candidate.modified, record, candidate.id)
                    updated = self._manifest.execute(
                        "UPDATE candidates SET hub=?, model=?, modified=?, record=? WHERE id=?", values
                    )
                    if not updated.rowcount:
                        added += 1
                        self._manifest.execute(
                            "INSERT INTO candidates (hub, model, modified, record, id) VALUES (?, ?, ?, ?, ?)", values
                        )
        return added

    def candidates(self) -> Iterator[Candidate]:
        """Yield every candidate, in the order in which they were added."""
        for (record,) in self._batches("SELECT position, record FROM candidates WHERE position > ?"):
            yield Candidate.from_record(json.loads(record))

    def result(self, candidate_id: str) -> tuple[ExportResult | None, str, str]:
        """Return a candidate's result or None, and the names of its model's and Dag's objects."""
        row = self._manifest.execute("SELECT record, model, dag FROM results WHERE id=?", (candidate_id,)).fetchone()
        return (_read_result(row[0]), row[1], row[2]) if row is not None else (None, "", "")

    def results(self, ids: Set[str] | None = None) -> Iterator[StoredResult]:
        """Yield every candidate that has a result, in order; with `ids`, only those."""
        query = """SELECT candidates.position, candidates.id, candidates.record, results.record, results.model, results.dag
            FROM candidates JOIN results USING (id) WHERE candidates.position > ?"""
        for candidate_id, candidate, record, model, dag in self._batches(query):
            if ids is None or candidate_id in ids:
                yield StoredResult(Candidate.from_record(json.loads(candidate)), _read_result(record), model, dag)

    def num_results(self) -> int:
        """Return how many candidates have a result."""
        return int(self.query("SELECT count(*) FROM results")[0][0])

    def store(self, result: ExportResult) -> None:
        """Store a candidate's result: its files first, then the row that names them."""
        model, dag = (self._store_object(payload) if payload else "" for payload in (result.model, result.dag))
        record = asdict(replace(result, model=b"", dag=b"")) | {"model": "", "dag": ""}
        values = {
            **{name: getattr(result, name) for name in _COLUMNS},
            "model": model,
            "dag": dag,
            "record": json.dumps(record, sort_keys=True),
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._transaction():
            self._manifest.execute(f"REPLACE INTO results ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 - names are ours

    def hashes(self) -> set[str]:
        """Return the hashes with attributes of all architectures."""
        rows = self.query("SELECT DISTINCT wl_hash_w_attrs FROM results WHERE status = 'done'")
        return {digest for (digest,) in rows}

    def path(self, name: str) -> Path:
        """Return the file of an object."""
        return self.root / OBJECTS / name[:2] / name[2:]

    def has(self, name: str) -> bool:
        """Tell whether an object exists."""
        return bool(name) and self.path(name).exists()

    def dag(self, name: str) -> Dag:
        """Read a Dag.

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
        """Return where the listing of a source stopped; `""` if it has not begun or has ended."""
        rows = self.query("SELECT cursor FROM cursors WHERE source=? AND query=?", (source, query))
        return str(rows[0][0]) if rows else ""

    def store_cursor(self, source: str, query: str, cursor: str) -> None:
        """Remember where the listing of a source stopped."""
        self._manifest.execute("REPLACE INTO cursors VALUES (?, ?, ?)", (source, query, cursor))

    def query(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of an SQL query over the manifest, for counts and summaries."""
        return self._manifest.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the manifest."""
        self._manifest.close()

    def _store_object(self, payload: bytes) -> str:
        name = sha256(payload).hexdigest()
        path = self.path(name)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_bytes(path, payload)
        return name

    def _batches(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in batches, without their first column, the position."""
        last = -1
        while batch := self.query(f"{query} ORDER BY candidates.position LIMIT {_BATCH}", (last,)):
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
    """Tell whether a folder is a workspace."""
    return (root / MANIFEST).is_file()


_COLUMNS = ("id", "status", "reason", "stamp", "wl_hash_w_attrs", "wl_hash_wo_attrs", "num_nodes", "seconds", "peak")
_FIELDS = {field.name for field in fields(ExportResult)} - {"model", "dag"}


def _read_result(record: str) -> ExportResult:
    return ExportResult(**{name: value for name, value in json.loads(record).items() if name in _FIELDS})
