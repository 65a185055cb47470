"""Files that are missing, disguised or too large, and wrong values: each is one clear problem."""

from __future__ import annotations

import gzip
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.submission.reports import FLOW, NODES, codes
from younger_hf.submission import write_predictions
from younger_hf.submission.check.validate import validate


@pytest.fixture
def valid(noisy, tmp_path):
    """A valid Parquet file."""
    return write_predictions(tmp_path / "predictions.parquet", FLOW, noisy(FLOW))


def test_a_missing_file_is_named(board, tmp_path):
    assert ["file_missing"] == codes(board, tmp_path / "predictions.parquet")


def test_a_folder_is_no_file(board, tmp_path):
    (tmp_path / "predictions.parquet").mkdir()
    assert ["file_missing"] == codes(board, tmp_path / "predictions.parquet")


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_an_empty_file_is_named(board, tmp_path, suffix):
    path = tmp_path / f"predictions{suffix}"
    path.write_bytes(b"")
    assert ["file_empty"] == codes(board, path)


@pytest.mark.parametrize(
    "name", ["predictions.pt", "predictions.npy", "predictions.parquet.gz", "predictions", "predictions.json"]
)
def test_another_extension_is_named(board, valid, name):
    assert ["wrong_extension"] == codes(board, valid.rename(valid.with_name(name)))


def test_a_file_above_the_size_limit_is_not_opened(board, valid):
    size = valid.stat().st_size
    assert ["file_too_large"] == codes(board, valid, max_bytes=size - 1)
    assert validate(valid, None, board.release, track=FLOW, max_bytes=size).valid


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"graph_id,scores\n", "something else"),
        (pickle.dumps([1]), "a pickle"),
        (gzip.compress(b"x", mtime=0), "a gzip file"),
        (b"PK\x03\x04rest of an archive", "a ZIP archive (.zip, .npz, .pt or .xlsx)"),
        (b"PARE" + b"\0" * 20 + b"PARE", "an encrypted Parquet file"),
    ],
)
def test_something_else_named_parquet_is_recognised(board, tmp_path, content, kind):
    path = tmp_path / "predictions.parquet"
    path.write_bytes(content)
    (problem,) = validate(path, None, board.release, track=FLOW).problems
    assert ("wrong_format", kind) == (problem.code, problem.got)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_something_else_named_as_text_is_recognised(board, valid, suffix):
    assert ["wrong_format"] == codes(board, valid.rename(valid.with_suffix(suffix)))


def test_nothing_is_ever_unpickled(board, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    for suffix in (".parquet", ".csv", ".jsonl"):
        path = tmp_path / f"predictions{suffix}"
        path.write_bytes(pickle.dumps(Trap()))
        assert ["wrong_format"] == codes(board, path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "bad_json"),
        ("NA", "bad_json"),
        ("[0.5 0.5]", "bad_json"),
        ("[0.5,", "bad_json"),
        ("[0x1]", "bad_json"),
        ("[1_0]", "bad_json"),
        ("[\u0661]", "bad_json"),
        ("(0.5, 0.5)", "bad_json"),
        ("[" * 100_000, "bad_json"),
        ("[" + "9" * 5000 + "]", "bad_json"),
        ("0.5", "wrong_type"),
        ('"[0.5]"', "wrong_type"),
        ("true", "wrong_type"),
        ("[true]", "wrong_type"),
        ('["0.5"]', "wrong_type"),
        ("[[0.5]]", "wrong_type"),
        ("{}", "wrong_type"),
        ("null", "null_value"),
        ("[null]", "null_value"),
        ("[NaN]", "nan"),
        ("[1e400]", "infinity"),
        ("[-Infinity]", "infinity"),
        ("[1e308]", "out_of_range"),
        ("[" + "9" * 400 + "]", "out_of_range"),
        ("[" + "0," * 200_000 + "0]", "too_many_values"),
    ],
    ids=lambda value: value[:20],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_cell_that_is_no_list_of_numbers_is_named(board, tmp_path, suffix, cell, code):
    path = tmp_path / f"predictions{suffix}"
    quoted = cell.replace('"', '""')
    text = f'graph_id,scores\n500,"{quoted}"\n' if suffix == ".csv" else f'{{"graph_id": "500", "scores": {cell}}}\n'
    path.write_text(text, encoding="utf-8")
    assert [code] == [each for each in codes(board, path) if each != "wrong_length"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("[3.0]", "wrong_type"),
        ("[true]", "wrong_type"),
        ("[NaN]", "wrong_type"),
        ("[9007199254740993]", "unknown_class"),
        ("[" + "9" * 30 + "]", "unknown_class"),
    ],
)
def test_a_class_that_is_no_small_integer_is_named(board, tmp_path, cell, code):
    path = tmp_path / "predictions.jsonl"
    path.write_text(f'{{"graph_id": "000", "predictions": {cell}}}\n')
    assert [code] == [each for each in codes(board, path, NODES) if each != "wrong_length"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from([".csv", ".jsonl"]),
    content=st.one_of(st.binary(min_size=1), st.text(min_size=1).map(lambda text: text.encode("utf-8", "replace"))),
)
def test_arbitrary_bytes_never_cause_a_traceback(board, tmp_path, suffix, content):
    path = tmp_path / f"arbitrary{suffix}"
    path.write_bytes(content)
    assert codes(board, path)
