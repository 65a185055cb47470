"""Reading a predictions file of any format into typed columns.

Its size and first bytes are checked before it is parsed.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from younger_hf.submission.format.prediction_rows import Limits, ReadResult
from younger_hf.submission.format.problems import Problem, problem, quoted
from younger_hf.submission.read.read_csv import read_csv
from younger_hf.submission.read.read_jsonl import read_jsonl
from younger_hf.submission.read.read_parquet import read_parquet
from younger_hf.task_types import Format

SUFFIXES = (".parquet", ".csv", ".jsonl")
"""File name endings that are read."""

_PARQUET = b"PAR1"
_MAGIC = {
    _PARQUET: "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"PK\x03\x04": "a ZIP archive (.zip, .npz, .pt or .xlsx)",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\x93NUMPY": "a .npy file",
    b"ARROW1": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"\x80": "a pickle",
}
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 2**20
_SAVE_HINT = "Save it as UTF-8 without a byte order mark, or write Parquet."


def read_predictions(path: Path, form: Format, limits: Limits) -> ReadResult:
    """Read a predictions file; whatever is wrong with it becomes a problem.

    Args:
        path: A .parquet, .csv or .jsonl file.
        form: What it should hold.
        limits: How much is read at most.
    """
    found = _check_container(path, limits)
    if found:
        return ReadResult(None, (found,))
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path, form, limits)
    problems: list[Problem] = []
    with path.open("rb", buffering=0) as file:  # a buffer in between takes the file's size in memory once more
        if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
            expected, got = "UTF-8 without a byte order mark", "one at its start"
            problems.append(problem("bad_encoding", path.name, expected, got, _SAVE_HINT))
        else:
            file.seek(0)
        data = file.read()
    broken = _check_text(data, path.name)
    if broken:
        return ReadResult(None, (*problems, broken))
    read = read_csv if suffix == ".csv" else read_jsonl
    return read(data, path.name, form, limits, problems)


def _check_container(path: Path, limits: Limits) -> Problem | None:
    """Whether the file exists, has an allowed size, and begins and ends as its suffix requires."""
    name = path.name
    if not path.is_file():
        return problem(
            "file_missing", name, "a predictions file", "a folder" if path.is_dir() else "nothing", f"Looked at {path}."
        )
    if path.suffix.lower() not in SUFFIXES:
        return problem("wrong_extension", name, f"a name that ends in {', '.join(SUFFIXES)}", quoted(path.suffix))
    size = path.stat().st_size
    if size == 0:
        return problem("file_empty", name, "a predictions file", "0 bytes", "Write the file again.")
    if size > limits.max_bytes:
        hint = (
            ""
            if path.suffix.lower() == ".parquet"
            else "Parquet files are smaller: use younger_hf.submission.write_predictions."
        )
        return problem("file_too_large", name, f"at most {limits.max_bytes:,} bytes", f"{size:,}", hint)
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(max(0, size - 4))
        end = file.read(4)
    return _check_first_and_last_bytes(path, size, start, end)


def _check_first_and_last_bytes(path: Path, size: int, start: bytes, end: bytes) -> Problem | None:
    name = path.name
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "something else")
    if path.suffix.lower() != ".parquet":
        if kind != "something else":
            return problem(
                "wrong_format",
                name,
                "a text file",
                kind,
                f"Give it the suffix of its format, one of {', '.join(SUFFIXES)}.",
            )
        return None
    if not start.startswith(_PARQUET):
        return problem(
            "wrong_format", name, "a Parquet file (it starts with PAR1)", kind, "Write it with write_predictions."
        )
    if end != _PARQUET or size < 12:
        return problem(
            "file_damaged", name, "a complete Parquet file (it ends with PAR1)", "one that is cut off", "Copy it again."
        )
    return None


def _check_text(data: bytes, name: str) -> Problem | None:
    if data.startswith(_WIDE):
        return problem("bad_encoding", name, "UTF-8", "UTF-16 or UTF-32", _SAVE_HINT)
    if b"\0" in data:
        return problem("bad_encoding", name, "text", f"a NUL byte at byte {data.index(0)}", _SAVE_HINT)
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data) or 1, _CHUNK):
        try:
            decoder.decode(data[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return problem("bad_encoding", name, "UTF-8", f"other bytes near byte {start + error.start}", _SAVE_HINT)
    return None
