"""Jobs on a Ray cluster: the same processes under the same limits, on every node."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from younger_hf.collect.export_job import ExportResult, Job
from younger_hf.collect.local_engine import failed, run_local
from younger_hf.containment.limits import Limits
from younger_hf.errors import MissingDependencyError, WorkspaceError

MOST_TRIES = 3
"""On how many nodes a job is tried that loses them; then it counts as what ends nodes."""


def run_ray(
    jobs: Iterable[Job],
    limits: Limits,
    *,
    address: str | None = None,
    preload: Iterable[str] = (),
) -> Iterator[ExportResult]:
    """Run jobs on a Ray cluster, one at a time on each of its cores, and give their results as they come.

    A job that a lost node had is given to another. younger-hf and the sources' packages must be installed on every node; results
    come back here, so that nodes share nothing.

    Args:
        jobs: What to do; taken as there is room.
        limits: What one model may take.
        address: The cluster's address; None for the one that Ray finds, else one on this machine.
        preload: Modules that each node imports once for all.

    Raises:
        MissingDependencyError: If Ray is not installed.
        WorkspaceError: If the cluster cannot be reached.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingDependencyError("ray", "ray") from error
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(address=address, log_to_driver=False, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise WorkspaceError(
                f"The Ray cluster at {address or 'the default address'} cannot be reached ({error}).",
                "Start it with `ray start --head`, and name it: --address HOST:6379.",
            ) from error
    try:
        yield from _spread(ray, iter(jobs), limits, tuple(preload))
    finally:
        if ours:
            ray.shutdown()


def _spread(ray: Any, waiting: Iterator[Job], limits: Limits, preload: tuple[str, ...]) -> Iterator[ExportResult]:
    # Ray itself gives what a lost node had to another one
    run = ray.remote(num_cpus=1, max_retries=MOST_TRIES - 1)(_run_on_node)
    busy: dict[Any, Job] = {}
    while True:
        room = max(1, int(ray.cluster_resources().get("CPU", 1)))  # nodes come and go
        for job in islice(waiting, max(0, room - len(busy))):
            busy[run.remote(job, limits, preload)] = job
        if not busy:
            return
        done, _ = ray.wait(list(busy), num_returns=1)
        for reference in done:
            job = busy.pop(reference)
            try:
                yield ray.get(reference)
            except ray.exceptions.RayError as error:
                yield failed(
                    job, "crash", f"It was on {MOST_TRIES} nodes that were lost, the last: {_first_line(error)}"
                )


def _run_on_node(job: Job, limits: Limits, preload: tuple[str, ...]) -> ExportResult:
    """Run one job in a process of its own, on the node that Ray chose; what was imported there for one is there for the next."""
    with tempfile.TemporaryDirectory(prefix="younger-hf-") as scratch:
        (result,) = run_local([job], Path(scratch), limits, workers=1, preload=preload)
        return result


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
