from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.dataset.built import SECRET, VERSION, Built, build_small
from tests.dataset.models import models
from younger_hf import from_onnx
from younger_hf.dataset.architecture import Provenance
from younger_hf.dataset.build.repo import build
from younger_hf.dataset.build.deduplicate import deduplicate
from younger_hf.dataset.build.groups import group
from younger_hf.dataset.schema import CONFIGS, UNKNOWN_LABEL, splits_of
from younger_hf.task_types import PUBLIC_SPLITS, SIGNATURES
from younger_hf.dataset.build.split import split
from younger_hf.dataset.partition import keyed_order
from younger_hf.tasks import GENERATION_NODES, TRACKS, task_of
from younger_hf.dataset.tasks.dataflow import hold_out, operator_pairs
from younger_hf.dataset.tasks.novel import novel_regions
from younger_hf.dataset.tasks.operator import regions
from younger_hf.dataset.build.build_vocabulary import read_vocabulary
from younger_hf.errors import DatasetError
from younger_hf.graph.vocabulary import FIRST_CLASS, MASK, Signature
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash

INPUT_COLUMNS = ("node", "slot", "kind", "name", "dtype", "shape", "values")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def public_ids(built: Built) -> set[str]:
    return {i for split in PUBLIC_SPLITS for i in built.release.table("architectures", split)["graph_id"].to_pylist()}


def test_every_config_has_rows_in_every_split(built: Built) -> None:
    assert list(CONFIGS) == list(built.release.rows)
    for config in CONFIGS:
        assert list(splits_of(config)) == list(built.release.rows[config])
        for name, rows in built.release.rows[config].items():
            assert 0 < rows == built.release.table(config, name).num_rows


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_order_of_models_does_not_change_the_bytes(built: Built, tmp_path: Path, seed: int | None) -> None:
    shuffled = list(models())
    if seed is not None:
        random.Random(seed).shuffle(shuffled)
    root, answers = tmp_path / "younger", tmp_path / "younger-answers"
    release, statistics = build(shuffled, root, answers, version=VERSION, secret=SECRET)
    assert built.release.content_hash == release.content_hash
    assert built.statistics == statistics
    assert files_of(built.root) == files_of(root)
    assert files_of(built.answers.root) == files_of(answers)


def test_another_secret_tests_other_architectures(built: Built, tmp_path: Path) -> None:
    other = build_small(tmp_path, secret="b")
    assert built.release.content_hash != other.release.content_hash
    assert public_ids(built) != public_ids(other)


@pytest.mark.parametrize("track", TRACKS)
def test_labels_of_test_rows_are_hidden_and_all_others_are_not(built: Built, track: str) -> None:
    for name in splits_of(track):
        labels = np.concatenate(built.release.table(track, name)["y"].to_pylist())
        assert ({UNKNOWN_LABEL} == set(labels.tolist())) == (name == "test")
        assert (UNKNOWN_LABEL in labels) == (name == "test")


@pytest.mark.parametrize("track", TRACKS)
def test_answers_are_aligned_with_the_test_rows(built: Built, track: str) -> None:
    rows, answers = built.release.table(track, "test"), built.answers.table(track)
    assert rows["graph_id"].to_pylist() == answers["graph_id"].to_pylist()
    assert [len(y) for y in rows["y"].to_pylist()] == [len(y) for y in answers["y"].to_pylist()]
    assert built.release.content_hash == built.answers.content_hash
    values = set(np.concatenate(answers["y"].to_pylist()).tolist())
    if task_of(track).name == "dataflow":
        assert {0, 1} == values
    else:
        assert FIRST_CLASS <= min(values)


@pytest.mark.parametrize("kind", SIGNATURES)
def test_with_its_answers_a_data_flow_row_is_a_whole_architecture(built: Built, kind: Signature) -> None:
    vocabulary = read_vocabulary(built.release.table(f"vocabulary_{kind}", "train"), kind)
    whole = {graph_hash(dag.edge_index, vocabulary.encode(dag.signatures(kind))) for dag, _ in models()}
    rows = built.release.table(f"dataflow_{kind}", "test").to_pylist()
    for row, answer in zip(rows, built.answers.table(f"dataflow_{kind}")["y"].to_pylist(), strict=True):
        pairs = np.array(row["pair_index"])
        edges = np.concatenate([np.array(row["edge_index"]), pairs[:, np.array(answer) == 1]], axis=1)
        assert graph_hash(edges, row["node_feat"]) in whole
        assert graph_hash(np.array(row["edge_index"]), row["node_feat"]) not in whole


def graph_hash(edges: np.ndarray, classes: Iterable[int]) -> str:
    return weisfeiler_lehman_hash(edges.astype(np.int32), [str(number) for number in classes])


@pytest.mark.parametrize("kind", SIGNATURES)
def test_operator_answers_are_the_true_classes_behind_the_masks(built: Built, kind: Signature) -> None:
    vocabulary = read_vocabulary(built.release.table(f"vocabulary_{kind}", "train"), kind)
    truth = {
        keyed_order(SECRET, "row", f"{a.graph_id}-c{region.number}").hex()[:32]: classes[region.nodes]
        for a in deduplicate(models()).architectures
        if len(classes := vocabulary.encode(a.dag.signatures(kind)))
        for region in regions(a)
    }
    rows = built.release.table(f"operator_{kind}", "test").to_pylist()
    for row, answer in zip(rows, built.answers.table(f"operator_{kind}")["y"].to_pylist(), strict=True):
        classes = truth[row["graph_id"]]
        assert classes[row["mask_index"]].tolist() == answer
        assert {MASK} == {row["node_feat"][node] for node in row["mask_index"]}
        assert all(row["node_feat"][i] in (classes[i], MASK) for i in range(row["num_nodes"]))


def test_nothing_public_names_a_tested_model(built: Built) -> None:
    public = {model for split in PUBLIC_SPLITS for model in _sources(built, split)}
    names = {provenance.model for _, provenance in models()}
    assert public < names
    everything = b"".join(files_of(built.root).values())
    for config, splits in built.release.files.items():  # compressed pages show no names: look into the columns too
        for name in splits:
            everything += str(built.release.table(config, name).to_pydict()).encode()
    found = {name for name in names - public if f"'{name}'".encode() in everything}
    assert set() == found


def _sources(built: Built, split: str) -> list[str]:
    rows = built.release.table("architectures", split)["sources"].to_pylist()
    return [source["model"] for sources in rows for source in sources]


def test_test_rows_are_in_one_config_each(built: Built) -> None:
    hidden = {
        task: {i for track in TRACKS if task_of(track).name == task for i in _ids(built, track, "test")}
        for task in ("operator", "dataflow")
    }
    public = {i for config in CONFIGS[:-2] for split in PUBLIC_SPLITS for i in _ids(built, config, split)}
    assert set() == hidden["operator"] & hidden["dataflow"]
    assert set() == (hidden["operator"] | hidden["dataflow"]) & public


def _ids(built: Built, config: str, split: str) -> list[str]:
    ids: list[str] = built.release.table(config, split, ["graph_id"])["graph_id"].to_pylist()
    return ids


def test_the_counts_of_the_build_match_its_files(built: Built) -> None:
    statistics = built.statistics
    items = deduplicate(models())
    grouping = group(items.architectures)
    parts = split(items.architectures, grouping, SECRET)
    expected = {
        "groups": len(set(grouping.groups)),
        "largest_group": grouping.largest,
        "near_duplicate_threshold": grouping.threshold,
        "train": built.release.rows["architectures"]["train"],
        "validation": built.release.rows["architectures"]["validation"],
        "operator_test": len(parts.operator_test),
        "dataflow_test": len(parts.dataflow_test),
    }
    dropped = {
        "repeated_rows",
        "leaking_rows",
        "answerable_regions",
        "rows_answered_by_other_test_rows",
    }
    assert {*expected, *dropped} == set(statistics.counts)
    assert expected == {name: statistics.counts[name] for name in expected}
    assert (len(models()), len({dag.wl_hash("w_attrs") for dag, _ in models()}), 0) == (
        statistics.models,
        statistics.architectures,
        statistics.hash_collisions,
    )
    assert statistics.architectures == sum(
        statistics.counts[name] for name in ("train", "validation", "operator_test", "dataflow_test")
    )
    vocabularies = {
        kind: read_vocabulary(built.release.table(f"vocabulary_{kind}", "train"), kind) for kind in SIGNATURES
    }
    regions_of = {a.graph_id: regions(a) for a in parts.public + parts.operator_test}
    known = operator_pairs(parts.train)
    flows = [(a, held) for a in parts.dataflow_test if (held := hold_out(a, known, SECRET)) is not None]
    novel, answerable = novel_regions(parts, regions_of, flows, vocabularies, SECRET)
    assert answerable == statistics.counts["answerable_regions"]
    regions_of |= novel
    rows = sum(sum(built.release.rows[f"operator_{kind}"].values()) for kind in SIGNATURES)
    encode = {kind: vocabulary.encode for kind, vocabulary in vocabularies.items()}
    candidates = sum(
        bool(encode[kind]([a.dag.signatures(kind)[node] for node in region.nodes[region.masked]]).any())
        for kind in SIGNATURES
        for a in parts.public + parts.operator_test
        for region in regions_of[a.graph_id]
    )
    assert candidates == rows + sum(statistics.counts[name] for name in dropped - {"answerable_regions"})


def test_prediction_has_the_measured_values_of_every_public_architecture(built: Built) -> None:
    dags = {a.graph_id: a.dag for a in deduplicate(models()).architectures}
    known = 0
    for split_name in PUBLIC_SPLITS:
        rows = built.release.table("prediction", split_name).to_pylist()
        whole = built.release.table("architectures", split_name).to_pylist()
        for row, architecture in zip(rows, whole, strict=True):
            summary = dags[row["graph_id"]].summary()
            assert architecture["num_parameters"] == row["parameters"] == summary.num_parameters
            assert (None if summary.uncounted else summary.flops) == row["flops"]
            same = ("graph_id", "num_nodes", "node_feat_w", "node_feat_wo")
            assert {name: architecture[name] for name in same} == {name: row[name] for name in same}
            assert set(zip(*architecture["edge_index"], strict=True)) == set(zip(*row["edge_index"], strict=True))
            known += bool(row["flops"])
    assert known > 20


def test_generation_holds_the_architectures_of_up_to_300_nodes(built: Built) -> None:
    for split_name in PUBLIC_SPLITS:
        sizes = built.release.table("architectures", split_name, ["graph_id", "num_nodes"]).to_pylist()
        expected = [row["graph_id"] for row in sizes if 1 <= row["num_nodes"] <= GENERATION_NODES]
        for kind in SIGNATURES:
            assert expected == _ids(built, f"generation_{kind}", split_name)
    assert any(dag.num_nodes > GENERATION_NODES for dag, _ in models())


def test_an_architecture_s_row_holds_its_whole_dag(built: Built) -> None:
    dags = {a.graph_id: a.dag for a in deduplicate(models()).architectures}
    for row in built.release.table("architectures", "train").to_pylist():
        dag = dags[row["graph_id"]]
        assert dag.wl_hash("wo_attrs") == row["skeleton_id"]
        assert dag.edge_index.tolist() == row["edge_index"]
        assert (dag.edge_output.tolist(), dag.edge_input.tolist()) == (row["edge_output"], row["edge_input"])
        inputs = zip(*(row[f"input_{name}"] for name in INPUT_COLUMNS), strict=True)
        assert [tuple(i) for i in dag.inputs] == [
            (*values[:-2], None if values[-2] is None else tuple(values[-2]), tuple(values[-1])) for values in inputs
        ]
        assert [(o.node, o.slot) for o in dag.outputs] == list(zip(row["output_node"], row["output_slot"], strict=True))
        assert (dag.summary().depth, dag.summary().num_parameters) == (row["depth"], row["num_parameters"])


@pytest.mark.parametrize("inside", [".", "answers", "train/../deep/answers"])
def test_answers_inside_the_repo_are_refused_before_anything_is_written(tmp_path: Path, inside: str) -> None:
    root = tmp_path / "younger"
    with pytest.raises(DatasetError, match="must not lie inside the dataset repo") as caught:
        build(models(), root, root / inside, version=VERSION, secret=SECRET)
    assert caught.value.hint
    assert not root.exists()


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_architectures_are_refused(tmp_path: Path, count: int) -> None:
    some = models()[:count] * 2
    with pytest.raises(DatasetError, match=f"Expected at least 10 distinct architectures to split, found {count}") as caught:
        build(some, tmp_path / "younger", tmp_path / "answers", version=VERSION, secret=SECRET)
    assert caught.value.hint
    assert [] == list(tmp_path.iterdir())


def test_a_split_that_would_be_empty_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="split 'test' of 'dataflow_w_attrs' would be empty") as caught:
        build(models()[:12], tmp_path / "younger", tmp_path / "answers", version=VERSION, secret=SECRET)
    assert "secret" in caught.value.hint
    assert [] == list(tmp_path.iterdir())


def test_a_refused_build_leaves_the_older_one_as_it_was(tmp_path: Path) -> None:
    older = build_small(tmp_path)
    before = files_of(tmp_path)
    with pytest.raises(DatasetError):
        build(models()[:5], older.root, older.answers.root, version=VERSION, secret=SECRET)
    assert before == files_of(tmp_path)


def test_models_without_operators_are_left_out(built: Built, tmp_path: Path) -> None:
    nothing = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    empty = helper.make_model(helper.make_graph([], "g", [nothing], [nothing]), ir_version=8)
    more = [*models(), (from_onnx(empty.SerializeToString()), Provenance("hub", "empty"))]
    release, statistics = build(more, tmp_path / "younger", tmp_path / "answers", version=VERSION, secret=SECRET)
    assert built.release.content_hash == release.content_hash
    assert replace(built.statistics, models=len(more)) == statistics


def test_each_step_is_reported_as_it_begins(tmp_path: Path) -> None:
    steps: list[str] = []
    build(models(), tmp_path / "younger", tmp_path / "a", version=VERSION, secret=SECRET, report=steps.append)
    assert 9 == len(steps) == len(set(steps))
    assert ["Deduplicating architectures", "Checking for leaks", "Building rows", "Writing files"] == [
        steps[0],
        *steps[-3:],
    ]
