"""The Ray engine on a local cluster: the result is the same even if a node dies in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collect.models import contents, run
from tests.collect.test_kill import Counted, counted, listed
from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.ray_engine import run_ray
from younger_hf.collect.run import Selection, export_pending
from younger_hf.collect.workspace import Workspace
from younger_hf.containment.limits import Limits

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow

__all__ = ["counted"]


@pytest.fixture
def cluster(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that runs no models, and two nodes that run two models each."""
    from ray.cluster_utils import Cluster

    root = Path(__file__).parent.parent.parent
    monkeypatch.setenv("PYTHONPATH", f"{site}:{root}")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def test_the_result_is_that_of_this_machine_though_a_node_dies(cluster: Any, tmp_path: Path, counted: Counted) -> None:
    here, there = (listed(tmp_path / name, 60, counted.port, seconds=0.1) for name in ("here", "there"))
    run(here)
    counted.built.clear()
    nodes = [cluster.add_node(num_cpus=2) for _ in range(2)]
    cluster.wait_for_nodes()
    results: list[ExportResult] = []

    def kept(result: ExportResult) -> None:
        results.append(result)
        if len(results) == 15:
            cluster.remove_node(nodes[1], allow_graceful=False)

    export_pending(there, Selection(), lambda jobs: run_ray(jobs, Limits(seconds=60), address=cluster.address), kept)
    assert ["done"] * 60 == [result.status for result in results]
    assert contents(here) == contents(there)
    assert set(map(str, range(60))) == set(counted.built)
    assert counted.built.total() <= 60 + 2


def test_a_model_that_misbehaves_costs_itself_on_a_node_too(cluster: Any, hostile: Path, tmp_path: Path) -> None:
    from younger_hf.collect.run import retrieve
    from younger_hf.sources.source import Query

    cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    workspace = Workspace(tmp_path / "workspace")
    only = ("behave", "segfault", "sleep", "write_outside")
    retrieve(workspace, "hostile", Query(only=only, options={"outside": str(hostile)}))
    export_pending(workspace, Selection(), lambda jobs: run_ray(jobs, Limits(seconds=5), address=cluster.address))
    found = {candidate.model: (result.status, result.reason) for candidate, result, _, _ in workspace.results()}
    assert {
        "behave": ("done", ""),
        "segfault": ("failed", "crash"),
        "sleep": ("failed", "time"),
        "write_outside": ("failed", "sandbox"),
    } == found
