from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest
import yaml
from matplotlib import image

from tests.dataset.built import SECRET, Built
from tests.dataset.models import models
from tests.cli.test_cli import assert_one_clear_message, younger
from younger_hf.dataset.build.repo import build
from younger_hf.dataset.build.card import write_card
from younger_hf.dataset.build.deduplicate import deduplicate
from younger_hf.dataset.read.release import open_release
from younger_hf.dataset.schema import CONFIGS, schema_of
from younger_hf.task_types import PUBLIC_SPLITS, SPLITS
from younger_hf.dataset.build.write_files import write_release
from younger_hf.graph.operators.signatures import parse_signature

Table = list[list[str]]


def head_of(root: Path) -> dict[str, object]:
    _, head, _ = (root / "README.md").read_text().split("---\n", 2)
    values: dict[str, object] = yaml.safe_load(head)
    return values


def table_of(root: Path, first_cell: str) -> Table:
    """The rows of the card's table whose head begins with a cell."""
    lines = (root / "README.md").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_cell} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows
    return rows


def number(text: str) -> float:
    return float(text.replace(",", ""))


def public_architectures(built: Built) -> pa.Table:
    return pa.concat_tables([built.release.table("architectures", split) for split in PUBLIC_SPLITS])


def test_each_config_names_its_files_its_version_and_the_content_hash(built: Built) -> None:
    configs = head_of(built.root)["configs"]
    assert list(CONFIGS) == [config["config_name"] for config in configs]
    for config in configs:
        assert {"config_name", "version", "description", "data_files"} == set(config)
        assert (built.release.version, built.release.content_hash) == (config["version"], config["description"])
        files = {item["split"]: item["path"] for item in config["data_files"]}
        assert built.release.files[config["config_name"]] == files
        assert list(files) == [split for split in SPLITS if split in files]
        assert all({"split", "path"} == set(item) for item in config["data_files"])


def test_sizes_in_the_head_are_those_of_the_files(built: Built) -> None:
    for info in head_of(built.root)["dataset_info"]:
        config = info["config_name"]
        assert built.release.rows[config] == {s["name"]: s["num_examples"] for s in info["splits"]}
        files = [built.root / path for path in built.release.files[config].values()]
        assert sum(path.stat().st_size for path in files) == info["download_size"]
        assert sum(s["num_bytes"] for s in info["splits"]) == info["dataset_size"]
        assert [built.release.table(config, s["name"]).nbytes for s in info["splits"]] == [
            s["num_bytes"] for s in info["splits"]
        ]


def test_features_in_the_head_are_the_schemas_of_the_files(built: Built) -> None:
    for info in head_of(built.root)["dataset_info"]:
        features = datasets.Features._from_yaml_list(info["features"])
        assert schema_of(info["config_name"]).equals(features.arrow_schema.remove_metadata())


def test_lists_are_written_as_every_version_of_datasets_reads_them(built: Built) -> None:
    kinds = {
        column["name"]: {key: column[key] for key in column if key != "name"}
        for info in head_of(built.root)["dataset_info"]
        for column in info["features"]
    }
    assert {"sequence": "int32"} == kinds["node_feat"]
    assert {"sequence": {"sequence": "int32"}} == kinds["edge_index"]
    assert {"dtype": "string"} == kinds["graph_id"]
    assert {"list"} == set(kinds["sources"])


def test_the_table_of_rows_is_that_of_the_files(built: Built) -> None:
    rows = {row[0].strip("`"): row[1:] for row in table_of(built.root, "config")}
    expected = {
        config: [
            str(built.release.table(config, split).num_rows) if split in built.release.rows[config] else ""
            for split in SPLITS
        ]
        for config in CONFIGS
    }
    assert expected == rows


def test_the_table_of_the_build_is_its_statistics(built: Built) -> None:
    rows = {name.replace(" ", "_"): number(value) for name, value in table_of(built.root, "of the build")}
    assert built.statistics.to_dict() == rows


def test_the_table_of_sizes_can_be_derived_from_the_public_architectures(built: Built) -> None:
    """And from the models themselves: what it says is not of the project's own making."""
    dags = {a.graph_id: a.dag for a in deduplicate(models()).architectures}
    public = [dags[graph_id] for graph_id in public_architectures(built)["graph_id"].to_pylist()]
    columns = {
        "operators": [len(dag.op_types) for dag in public],
        "data flows": [len(dag.edge_input) for dag in public],
        "depth": [dag.levels.max() + 1 for dag in public],
        "parameters": [dag.summary().num_parameters for dag in public],
    }
    expected = {
        name: [*(int(np.percentile(values, q)) for q in (0, 50, 90, 100)), pytest.approx(np.mean(values), abs=0.05)]
        for name, values in columns.items()
    }
    assert expected == {
        row[0]: [number(cell) for cell in row[1:]] for row in table_of(built.root, "train and validation")
    }


def test_the_table_of_operators_counts_the_training_architectures(built: Built) -> None:
    dags = {a.graph_id: a.dag for a in deduplicate(models()).architectures}
    train = built.release.table("architectures", "train", ["graph_id"])["graph_id"].to_pylist()
    counts = Counter(text for graph_id in train for text in dags[graph_id].wo_attrs)
    expected = {parse_signature(text)[1]: count for text, count in counts.most_common()}
    rows = [(name.split(".")[-1], int(number(count))) for name, count in table_of(built.root, "operator")]
    assert min(30, len(counts)) == len(rows)
    assert sorted(counts.values(), reverse=True)[: len(rows)] == [count for _, count in rows]
    assert all(expected[name] == count for name, count in rows)


def test_the_table_of_sources_counts_public_architectures_by_hub_and_licence(built: Built) -> None:
    rows = {(hub, licence): int(count) for hub, licence, count, _ in table_of(built.root, "hub")}
    sources = public_architectures(built)["sources"].to_pylist()
    expected: Counter[tuple[str, str]] = Counter()
    for of_one in sources:
        expected.update({(source["hub"], source["licence"] or "not stated") for source in of_one})
    assert expected == rows
    assert {("onnx", "Apache-2.0"), ("generated", "not stated")} == set(rows)


def test_the_card_has_version_protocol_hash_and_whether_the_secret_is_public(built: Built, tmp_path: Path) -> None:
    body = (built.root / "README.md").read_text().split("---\n", 2)[2]
    assert f"Version {built.release.version}, protocol `grouped`, content hash `{built.release.content_hash}`." in body
    assert "decided with a secret of the host" in body
    assert not re.search(r"\$\w", body)
    tables = {c: {s: built.release.table(c, s) for s in built.release.rows[c]} for c in CONFIGS}
    public = write_release(tmp_path, tables, "0.3.0", {**built.release.record, "public_secret": True})
    assert "used the default secret, which is public" in write_card(public).read_text()


def test_the_card_names_what_built_it(built: Built) -> None:
    versions = {"younger-hf", "numpy", "igraph", "datasketch", "pyarrow"}
    assert {name: version(name) for name in versions} == built.release.record["versions"]
    line = ", ".join(f"{name} {version(name)}" for name in built.release.record["versions"])
    assert f"Made with: {line}." in (built.root / "README.md").read_text()


def test_families_are_counted_of_all_models_and_of_each_source(tmp_path: Path) -> None:
    named = ("Bert", "bert", "gpt2", "")
    found = [
        (dag, replace(source, family=named[number % 4], hub="h", variant="" if number % 5 else "dynamic-int8"))
        for number, (dag, source) in enumerate(models())
    ]
    release, statistics = build(found, tmp_path / "younger", tmp_path / "answers", version="1.0.0", secret=SECRET)
    assert (2, 1) == (statistics.families, statistics.hubs)
    assert 0 < statistics.variants < statistics.architectures
    assert {"2"} == {families for _, _, _, families in table_of(release.root, "hub")}


def test_figures_are_pictures_that_the_card_shows_and_come_out_the_same_each_time(built: Built, tmp_path: Path) -> None:
    copy = shutil.copytree(built.root, tmp_path / "younger")
    shown = re.findall(r"!\[[^]]+\]\((figures/[a-z]+\.png)\)", (copy / "README.md").read_text())
    assert sorted(shown) == sorted(path.relative_to(copy).as_posix() for path in (copy / "figures").iterdir())
    before = {name: (copy / name).read_bytes() for name in shown}
    write_card(open_release(copy))
    for name in shown:
        assert before[name] == (copy / name).read_bytes()
        picture = image.imread(copy / name)
        assert min(picture.shape[:2]) > 200
        assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 10  # something is drawn


def test_the_card_is_rebuilt_and_a_changed_number_in_it_is_reported(built: Built, tmp_path: Path) -> None:
    copy = shutil.copytree(built.root, tmp_path / "younger")
    card = copy / "README.md"
    before = card.read_text()
    assert 0 == younger("card", copy, "--check").returncode
    card.write_text(before.replace("| operators | ", "| operators | 1"))
    assert_one_clear_message(
        younger("card", copy, "--check"), "README.md:", "1 line(s) differ from the data files", "younger-hf card"
    )
    assert 0 == younger("card", copy).returncode
    assert before == card.read_text()


def test_the_card_explains_every_column(built: Built) -> None:
    text = " ".join(cell for row in table_of(built.root, "column") for cell in row)
    for config in CONFIGS[:-2]:
        for name in schema_of(config).names:
            assert f"`{name}`" in text or f"`{name.split('_')[0]}_*`" in text, name
