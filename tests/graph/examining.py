"""Examine one hostile file: the cost of reading it, and whether its Dag can be used."""

from __future__ import annotations

import io
import json
import resource
from pathlib import Path
from time import process_time
from typing import NamedTuple

from younger_hf import Dag, YoungerError, from_onnx, to_onnx
from younger_hf.errors import RebuildError

READ_SECONDS, READ_MEGABYTES = 2.0, 200.0
"""Limits of reading a file, hashing and writing its Dag.

Seconds are CPU time, as a busy machine must not fail a test.
"""
REBUILD_SECONDS = 5.0
"""Limit of rebuilding the model, in seconds of CPU time."""
LONGEST_MESSAGE = 2000
"""Bytes of the longest message; a name in it is cut."""

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Examination(NamedTuple):
    """The cost of one file.

    Attributes:
        outcome: `read`, or the class of the error that refused it.
        rebuilt: `rebuilt`, the class of the error that refused it, or `""` without a Dag.
        read_seconds: Time to read it, hash it and write its Dag.
        rebuild_seconds: Time to rebuild it.
        read_megabytes: Largest growth of the process's memory while reading.
        rebuild_megabytes: The same while rebuilding, which creates weights.
    """

    outcome: str
    rebuilt: str
    read_seconds: float
    rebuild_seconds: float
    read_megabytes: float
    rebuild_megabytes: float

    @property
    def is_cheap(self) -> bool:
        """Whether the file stayed within all limits."""
        slow = self.read_seconds >= READ_SECONDS or self.rebuild_seconds >= REBUILD_SECONDS
        return not slow and self.read_megabytes < READ_MEGABYTES


def examine(data: bytes, *, also_as_file: bool = False) -> Examination:
    """Read a file, and use its Dag in every way.

    Args:
        data: The file.
        also_as_file: Whether to read it in blocks, too, and write its Dag to Arrow.

    Raises:
        Exception: Any error but a YoungerError in reading or a RebuildError in rebuilding; such
            errors are what fuzzing looks for.
    """
    rebuilt, rebuild_seconds, rebuild_megabytes, dag = "", 0.0, 0.0, None
    begun, start = _resident(reset=True), process_time()
    try:
        dag = from_onnx(data)
        outcome = "read"
    except YoungerError as error:
        outcome = type(error).__name__
        if len(str(error).encode()) > LONGEST_MESSAGE:
            raise ValueError(f"a message of {len(str(error))} characters") from error
    if dag is not None:
        _use(dag)
    read_seconds, read_megabytes = process_time() - start, (_resident(peak=True) - begun) / 1024
    if also_as_file:
        _compare_with_file(data, dag)
        if dag is not None and Dag.from_arrow(dag.to_arrow()) != dag:
            raise ValueError("the Dag does not survive Arrow")
    if dag is not None:
        begun, start = _resident(reset=True), process_time()
        try:
            to_onnx(dag).SerializeToString()
            rebuilt = "rebuilt"
        except RebuildError as error:
            rebuilt = type(error).__name__
            str(error).encode()
        rebuild_seconds, rebuild_megabytes = process_time() - start, (_resident(peak=True) - begun) / 1024
    return Examination(outcome, rebuilt, read_seconds, rebuild_seconds, read_megabytes, rebuild_megabytes)


def _use(dag: Dag) -> None:
    dag.wl_hash("w_attrs")
    dag.wl_hash("wo_attrs")
    dag.summary()
    repr(dag)
    if Dag.from_dict(json.loads(json.dumps(dag.to_dict()).encode())) != dag:
        raise ValueError("the Dag does not survive JSON")
    if not (dag.edge_index[0] < dag.edge_index[1]).all():
        raise ValueError("the nodes are not in topological order")


def _compare_with_file(data: bytes, dag: Dag | None) -> None:
    """Check that a file read in blocks has the Dag of its bytes."""
    try:
        from_file = from_onnx(io.BytesIO(data))
    except YoungerError:
        from_file = None
    if dag != from_file:
        raise ValueError("the Dag of the file is another one than that of its bytes")


def _resident(*, reset: bool = False, peak: bool = False) -> float:
    """Memory of this process in KiB, now or at its peak since the last reset.

    Where the system has no reset, the peak is that of the whole process.
    """
    try:
        if reset:
            _CLEAR.write_text("5", encoding="ascii")
        lines = dict(line.split(":", 1) for line in _STATUS.read_text(encoding="ascii").splitlines())
        return float(lines["VmHWM" if peak else "VmRSS"].split()[0])
    except (OSError, KeyError):
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
