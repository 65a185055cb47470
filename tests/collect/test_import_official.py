"""Samples of official files become the Dags of their models, and a bad sample fails alone."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from tests.collect.importing import import_files
from tests.dataset.models import LIGHT
from tests.sources.official.official_models import (
    checked_pickle,
    folded,
    graph_of,
    instance_files,
    standardised,
    write_instance,
    write_split,
    write_tar,
)
from younger_hf import from_onnx
from younger_hf.collect.import_official import Imported, import_official
from younger_hf.collect.workspace import Workspace
from younger_hf.errors import WorkspaceError

LABELS = {
    "model_sources": ["HuggingFace"],
    "model_name": ["org/b", "org/a"],
    "downloads": [7],
    "likes": [1],
    "tags": ["onnx", "image-classification", "region:us"],
    "evaluations": [["image-classification", "imagenet", "test", "accuracy", 0.75]],
    "hash": "c0ffee",
}


def _broken() -> dict[str, tuple[Any, str]]:
    cyclic = graph_of("Relu", "Exp", edges=(("0", "1"), ("1", "0")))
    loop = graph_of("Relu", edges=(("0", "0"),))
    twice = graph_of("Relu", "Exp", "Add", edges=(("0", "2"), ("1", "2")))
    for edge in twice.edges:
        twice.edges[edge]["trap_index"] = 0
    stray = graph_of("Relu", "Exp", edges=(("0", "1"),))
    del stray._node["1"]
    bare = nx.DiGraph([("0", "1")])
    complete = graph_of("Relu")
    complete.nodes["0"]["type"] = "input"
    inner = graph_of("If")
    inner.nodes["0"]["attributes"] = {"then_branch": {"attr_type": 5, "value": graph_of("Relu"), "doc_string": ""}}
    untyped = graph_of("Relu")
    untyped.nodes["0"]["features"]["operator"]["op_type"] = b"Relu"
    surrogate = graph_of("\ud800")
    unnamed = graph_of("X", **{"\ud800": (2, "1")})
    return {
        "cyclic": (cyclic, "node '0' is on or after a cycle"),
        "loop": (loop, "node '0' is on or after a cycle"),
        "twice": (twice, "found two for input 0"),
        "stray": (stray, "an edge leads to '1', which is not a node"),
        "bare": (bare, "node '0' is not an operator"),
        "complete": (complete, "node '0' is not an operator; expected a standardised graph"),
        "inner": (inner, "a sub-graph that is not flattened"),
        "untyped": (untyped, "has no op_type and domain"),
        "long": (graph_of("R" * 201), "expected printable names of at most 200 characters"),
        "empty": (nx.DiGraph(), "expected a graph with nodes"),
        "undirected": (nx.Graph([(1, 2)]), "expected a directed networkx graph, found networkx.classes.graph.Graph"),
        "part": (("hash", graph_of("Relu"), {"0"}), "found part of one"),
        "number": (7, "expected a directed networkx graph, found int"),
        "edge": (nx.DiGraph([("0", "1", {"connection": 3})]), "expected the attributes of an edge, found int"),
        "unnamed": (unnamed, "X: the attribute '\\ud800' cannot be read"),
        "surrogate": (surrogate, "expected printable names"),
    }


@pytest.mark.parametrize("name", _broken())
def test_an_invalid_sample_fails_alone_with_a_clear_message(name: str, workspace: Workspace, tmp_path: Path) -> None:
    broken, message = _broken()[name]
    good = checked_pickle(graph_of("Relu"))
    archive = write_split(tmp_path / "train", [good, checked_pickle(broken), good])
    imported = import_files(workspace, archive)
    assert (3, 2, 0, 1) == (imported.samples, imported.new, imported.known, len(imported.failed))
    failed = next(result for _, result, _, _ in workspace.results() if result.status == "failed")
    assert "extract" == failed.reason
    assert message in failed.error == next(iter(imported.failed.values()))
    assert Imported(3, 0, 3, {}) == import_files(workspace, archive)
    assert 3 == workspace.num_results()


def test_a_split_becomes_candidates_with_its_labels(workspace: Workspace, tmp_path: Path) -> None:
    graphs = [standardised(folded(path)) for path in LIGHT[:2]]
    graphs[0].graph.update(
        {"tasks": ["fill-mask"], "metrics": [0.5, float("nan")], "hash": "abc", "downloads": [], "likes": []}
    )
    graphs[1].graph.update({"tasks": [], "metrics": [], "model_names": ["org/a"], "downloads": [3, 9], "likes": [2]})
    write_split(tmp_path / "v" / "valid", map(checked_pickle, graphs), "valid", metric_name="accuracy")
    assert Imported(2, 2, 0, {}) == import_files(workspace, tmp_path / "v")
    (first, result, _, dag), (second, _, _, _) = workspace.results()
    assert ("official", "fill-mask", None, None) == (first.hub, first.task, first.downloads, first.likes)
    assert ("initial_full", "sample-0") == (first.model.split("/")[0], first.model.split("/")[-1])
    assert ({"task": "", "dataset": "", "metric": "accuracy", "value": 0.5},) == first.results
    assert ("org/a", "", 9, 2) == (second.model, second.task, second.downloads, second.likes)
    assert ("done", "official", "abc") == (result.status, result.exporter, result.notes["official_hash"])
    found, expected = workspace.dag(dag), from_onnx(LIGHT[0])
    assert expected.wl_hash("wo_attrs") == found.wl_hash("wo_attrs") == result.wl_hash_wo_attrs
    assert (found.wl_hash("w_attrs"), found.num_nodes, found.num_edges) == (
        result.wl_hash_w_attrs,
        result.num_nodes,
        result.num_edges,
    )


@pytest.mark.parametrize("form", ["folder", "folders", "archive", "archives"])
def test_instances_become_candidates_as_folders_and_as_archives(
    form: str, workspace: Workspace, tmp_path: Path
) -> None:
    payload, place = checked_pickle(standardised(folded(LIGHT[0]))), tmp_path / "filter"
    place.mkdir()
    if form.startswith("folder"):
        write_instance(place / "c0ffee", payload, LABELS)
    else:
        write_tar(place / "c0ffee.tgz", {f"abc/{name}": data for name, data in instance_files(payload, LABELS).items()})
    path = place if form.endswith("s") else next(place.iterdir())
    assert Imported(1, 1, 0, {}) == import_files(workspace, path)
    ((candidate, result, _, _),) = workspace.results()
    assert "official--filter--c0ffee" == candidate.id
    assert ("org/a", "image-classification", None) == (candidate.model, candidate.task, candidate.downloads)
    assert {"models": ["org/a", "org/b"], "official_hash": "c0ffee"} == result.notes
    expected = {"task": "image-classification", "dataset": "imagenet", "metric": "accuracy", "value": 0.75}
    assert (expected,) == candidate.results
    assert from_onnx(LIGHT[0]).wl_hash("wo_attrs") == result.wl_hash_wo_attrs
    assert Imported(1, 0, 1, {}) == import_files(workspace, path)


def test_an_archive_can_hold_many_instances_in_any_order_of_their_files(workspace: Workspace, tmp_path: Path) -> None:
    payload = checked_pickle(graph_of("Relu"))
    files = {
        f"all/{name}/{file}": data
        for name in ("a", "b")
        for file, data in reversed(instance_files(payload, LABELS | {"model_name": [name]}).items())
    }
    files["all/c/label.json"] = b"{}"
    imported = import_files(workspace, write_tar(tmp_path / "instances.tar.gz", files))
    assert (3, 2) == (imported.samples, imported.new)
    assert ["a", "b"] == [candidate.model for candidate, result, _, _ in workspace.results() if result.num_nodes]
    assert "the instance has labels, but no graph" in imported.failed["filter/instances/all/c"]


def test_a_bad_instance_archive_or_label_fails_alone(workspace: Workspace, tmp_path: Path) -> None:
    payload = checked_pickle(graph_of("Relu"))
    (tmp_path / "f").mkdir()
    good = write_tar(tmp_path / "f" / "b.tgz", instance_files(payload, LABELS))
    (tmp_path / "f" / "a.tgz").write_bytes(good.read_bytes()[:-200])
    write_tar(tmp_path / "f" / "c.tgz", {"x/network/graph.pkl": b""}, {"x/network/graph.pkl": tarfile.SYMTYPE})
    write_tar(tmp_path / "f" / "d.tgz", {"readme": b"nothing"})
    (write_instance(tmp_path / "f" / "e", payload, {}) / "label.json").write_text("[" * 100_000, encoding="utf-8")
    imported = import_files(workspace, tmp_path / "f")
    assert (5, 1) == (imported.samples, imported.new)
    said = {
        name: next(
            word for word in ("damaged", "symbolic link", "expected an instance", "expected JSON") if word in error
        )
        for name, error in imported.failed.items()
    }
    expected = {"a": "damaged", "c": "symbolic link", "d": "expected an instance", "e": "expected JSON"}
    assert {f"filter/{name}": word for name, word in expected.items()} == said


def test_an_interrupted_import_goes_on(workspace: Workspace, tmp_path: Path) -> None:
    archive = write_split(tmp_path, [checked_pickle(graph_of(name)) for name in ("Relu", "Exp", "Abs")])

    def interrupt(name: str, count: int, total: int) -> None:
        assert 3 == total
        if count == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_official(workspace, archive, interrupt)
    assert 2 == workspace.num_results()
    assert Imported(3, 1, 2, {}) == import_files(workspace, archive)
    (_, _, _, dag) = next(iter(workspace.results()))
    workspace.path(dag).unlink()
    assert Imported(3, 1, 2, {}) == import_files(workspace, archive)


def test_another_archive_of_the_same_version_does_not_replace_it(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("with", "without"):
        write_split(tmp_path / name, [checked_pickle(graph_of(name.title()))], all_operators={name: 1})
        import_files(workspace, tmp_path / name)
    assert 2 == workspace.num_results()


def test_a_workspace_in_use_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    archive = write_split(tmp_path / "s", [checked_pickle(graph_of("Relu"))])
    with workspace.locked(), pytest.raises(WorkspaceError, match="another process works"):
        import_files(workspace, archive)
