"""Runs jobs on a Ray cluster: the same processes within the same limits, on every node."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from younger_hf.collect.export_job import ExportResult, Job, failed_result
from younger_hf.collect.local_engine import run_local
from younger_hf.containment.limits import Limits
from younger_hf.errors import MissingDependencyError, WorkspaceError
from younger_hf.files import first_line

MOST_TRIES = 3
"""Nodes that may be lost while they run a job, before the job itself is blamed."""


def run_ray(
    jobs: Iterable[Job], limits: Limits, *, address: str | None = None, preload: Iterable[str] = ()
) -> Iterator[ExportResult]:
    """Run jobs on a Ray cluster, one per core at a time, and yield their results as they come.

    The jobs of a lost node are moved to another one. younger-hf and the packages of the sources
    must be installed on every node. Nodes share no files: results are sent back here.

    Args:
        jobs: The jobs; taken one by one as cores become free.
        limits: What one model may use.
        address: The cluster's address; None for the cluster that Ray finds, or else one on this
            machine.
        preload: Modules that each node imports once for all its workers.

    Raises:
        MissingDependencyError: If Ray is not installed.
        WorkspaceError: If the cluster cannot be reached.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingDependencyError("ray", "ray") from error
    started_here = not ray.is_initialized()
    if started_here:
        try:
            ray.init(address=address, log_to_driver=False, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise WorkspaceError(
                f"The Ray cluster at {address or 'the default address'} cannot be reached ({error}).",
                "Start it with `ray start --head`, and name it: --address HOST:6379.",
            ) from error
    try:
        yield from _distribute(ray, iter(jobs), limits, tuple(preload))
    finally:
        if started_here:
            ray.shutdown()


def _distribute(ray: Any, waiting: Iterator[Job], limits: Limits, preload: tuple[str, ...]) -> Iterator[ExportResult]:
    run = ray.remote(num_cpus=1, max_retries=MOST_TRIES - 1)(_run_on_node)  # Ray moves the jobs of lost nodes
    running: dict[Any, Job] = {}
    while True:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))  # nodes come and go
        for job in islice(waiting, max(0, cores - len(running))):
            running[run.remote(job, limits, preload)] = job
        if not running:
            return
        done, _ = ray.wait(list(running), num_returns=1)
        for reference in done:
            job = running.pop(reference)
            try:
                yield ray.get(reference)
            except ray.exceptions.RayError as error:
                message = f"It was on {MOST_TRIES} nodes that were lost, the last: {first_line(error)}"
                yield failed_result(job, "crash", message)


def _run_on_node(job: Job, limits: Limits, preload: tuple[str, ...]) -> ExportResult:
    with tempfile.TemporaryDirectory(prefix="younger-hf-") as scratch:
        (result,) = run_local([job], Path(scratch), limits, workers=1, preload=preload)
        return result
