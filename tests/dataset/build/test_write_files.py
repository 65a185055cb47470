from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.dataset.built import Built
from younger_hf.dataset.read.release import open_release, read_parquet
from younger_hf.tasks import ANSWER_SCHEMA, TRACKS
from younger_hf.dataset.schema import CONFIGS, schema_of
from younger_hf.dataset.build.write_files import write_answers, write_parquet, write_release
from younger_hf.errors import DatasetError

DELTAS = ("edge_index", "pair_index", "input_node")
DICTIONARIES = ("node_feat", "node_feat_w", "node_feat_wo", "y", "input_kind", "input_dtype")


def tables_of(built: Built) -> dict[str, dict[str, pa.Table]]:
    release = built.release
    return {config: {split: release.table(config, split) for split in release.files[config]} for config in CONFIGS}


def leaf(column: pq.ColumnChunkMetaData) -> str:
    name: str = column.path_in_schema.split(".")[0]
    return name


@pytest.mark.parametrize("config", CONFIGS)
def test_rows_come_back_as_they_were_written(built: Built, tmp_path: Path, config: str) -> None:
    splits = tables_of(built)[config]
    again = write_release(tmp_path, {config: splits}, "1.0.0")
    assert splits == {split: again.table(config, split) for split in splits}
    assert all(schema_of(config).equals(again.table(config, split).schema) for split in splits)


def test_types_that_cast_without_loss_are_cast(built: Built, tmp_path: Path) -> None:
    table = built.release.table("operator_w_attrs", "train")
    wide = table.set_column(1, "num_nodes", table["num_nodes"].cast(pa.int64()))
    wide = wide.set_column(2, "node_feat", wide["node_feat"].cast(pa.large_list(pa.int64())))
    again = write_release(tmp_path, {"operator_w_attrs": {"train": wide}}, "1.0.0")
    assert table == again.table("operator_w_attrs", "train")


def test_the_same_tables_have_the_same_bytes_and_other_rows_another_hash(built: Built, tmp_path: Path) -> None:
    tables = tables_of(built)
    again = write_release(tmp_path / "again", tables, built.release.version, built.release.record)
    assert built.release.content_hash == again.content_hash
    assert (built.root / "manifest.json").read_bytes() == (again.root / "manifest.json").read_bytes()
    tables["generation_w_attrs"]["train"] = tables["generation_w_attrs"]["train"].slice(1)
    assert built.release.content_hash != write_release(tmp_path / "other", tables, "0.3.0").content_hash


def test_numbers_of_nodes_are_delta_encoded_classes_have_dictionaries_and_all_is_zstd_with_checksums(
    built: Built,
) -> None:
    for config in CONFIGS:
        for path in built.release.files[config].values():
            file = pq.ParquetFile(built.root / path)
            assert file.metadata.num_rows <= file.num_row_groups * 256 < file.metadata.num_rows + 256
            group = file.metadata.row_group(0)
            for column in (group.column(i) for i in range(group.num_columns)):
                assert column.compression == "ZSTD"
                assert (leaf(column) in DELTAS) == ("DELTA_BINARY_PACKED" in column.encodings)
                assert (leaf(column) in DICTIONARIES) == column.has_dictionary_page


def test_no_schema_of_another_library_is_written_along(built: Built) -> None:
    for config in CONFIGS:
        for path in built.release.files[config].values():
            assert pq.ParquetFile(built.root / path).schema_arrow.metadata is None


def test_a_flipped_bit_is_one_error(built: Built, tmp_path: Path) -> None:
    """Without checksums, half of all flips silently change values.

    Footers have no checksum, and column names are stored there.
    """
    table = built.release.table("operator_w_attrs", "train")
    path = tmp_path / "file.parquet"
    write_parquet(path, table)
    intact = path.read_bytes()
    rng = np.random.default_rng(0)
    found = silent = 0
    for start in [0] * 200 + [len(intact) * 3 // 4] * 800:
        damaged = bytearray(intact)
        damaged[int(rng.integers(start, len(damaged)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            silent += read_parquet(path, table.schema) != table
        except DatasetError:
            found += 1
    assert found > 500
    assert silent <= 4


def test_a_split_without_rows_is_left_out(built: Built, tmp_path: Path) -> None:
    splits = tables_of(built)["operator_w_attrs"]
    splits["validation"] = splits["validation"].slice(0, 0)
    release = write_release(tmp_path, {"operator_w_attrs": splits}, "1.0.0")
    assert ["train", "test"] == list(release.rows["operator_w_attrs"])
    assert not list(tmp_path.rglob("validation*"))


def test_nothing_half_written_is_left_behind(built: Built) -> None:
    for folder in (built.root, built.answers.root):
        assert [] == [path for path in folder.rglob("*") if path.suffix not in (".parquet", ".json", ".md", ".png", "")]


def test_answers_come_back_with_the_hash_of_their_release(built: Built, tmp_path: Path) -> None:
    tables = {track: built.answers.table(track) for track in TRACKS}
    assert all(ANSWER_SCHEMA.equals(table.schema) for table in tables.values())
    write_answers(tmp_path, tables, "sha256:abc")
    for path in built.answers.root.glob("*.parquet"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
    assert {path.name for path in built.answers.root.iterdir()} == {path.name for path in tmp_path.iterdir()}


def test_writing_again_replaces_every_file(built: Built, tmp_path: Path) -> None:
    root = tmp_path / "younger"
    shutil.copytree(built.root, root)
    tables = tables_of(built)
    tables["operator_w_attrs"]["train"] = tables["operator_w_attrs"]["train"].slice(0, 5)
    release = write_release(root, tables, "0.4.0")
    assert (5, "0.4.0") == (open_release(root).rows["operator_w_attrs"]["train"], release.version)
    assert 5 == release.table("operator_w_attrs", "train").num_rows
