"""Writing the files of the attacks as a stranger would.

They are made from valid rows with pyarrow and text, not with the project's writer.
"""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Rows = Mapping[str, np.ndarray]
Items = Iterable[tuple[str, np.ndarray]]
Make = Callable[[Path, Rows], None]
"""Writes a file from the valid rows of its track."""

ROW = 2
"""Row that the text attacks change, counted from 0: row 3 of the file."""


def column_of(valid: Rows) -> str:
    """Name of the column beside graph_id."""
    return "scores" if next(iter(valid.values())).dtype.kind == "f" else "predictions"


def table_of(valid: Rows) -> pa.Table:
    """Valid rows as a table with the types that the project writes."""
    column = column_of(valid)
    kind = pa.float32() if column == "scores" else pa.int32()
    lists = pa.array([values.tolist() for values in valid.values()], pa.list_(kind))
    return pa.table({"graph_id": pa.array(list(valid), pa.string()), column: lists})


def lines_of(items: Items, column: str, suffix: str) -> list[str]:
    """Rows as the lines of a CSV file, its header first, or of a JSON lines file."""
    lists = [(graph_id, np.asarray(values).tolist()) for graph_id, values in items]
    if suffix == ".jsonl":
        return [json.dumps({"graph_id": graph_id, column: values}) for graph_id, values in lists]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["graph_id", column])
    writer.writerows([graph_id, json.dumps(values)] for graph_id, values in lists)
    return written.getvalue().splitlines()


def raw(content: bytes) -> Make:
    """A file of these bytes."""
    return lambda path, _valid: path.write_bytes(content) and None


def sparse(size: int) -> Make:
    """A file of that size which takes no room on the disk."""

    def make(path: Path, _valid: Rows) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return make


def table(edit: Callable[[pa.Table], pa.Table] = lambda valid: valid, **options: object) -> Make:
    """A Parquet file of the valid table after an edit."""
    return lambda path, valid: pq.write_table(edit(table_of(valid)), path, **options)


def rows(edit: Callable[[dict[str, np.ndarray]], Mapping | Sequence], kind: pa.DataType | None = None) -> Make:
    """Write a file with an edit of the valid rows, in the format of its suffix.

    The edit returns a mapping, or pairs whose names may be equal.
    """

    def make(path: Path, valid: Rows) -> None:
        edited = edit({graph_id: values.copy() for graph_id, values in valid.items()})
        items = list(edited.items() if isinstance(edited, Mapping) else edited)
        column = column_of(valid)
        if path.suffix != ".parquet":
            path.write_text("\n".join(lines_of(items, column, path.suffix)) + "\n", encoding="utf-8")
            return
        element_type = kind or (pa.float32() if column == "scores" else pa.int32())
        # numpy makes the element type: not every version of pyarrow converts Python floats to half
        # precision
        lists = pa.array(
            [np.asarray(values, element_type.to_pandas_dtype()) for _, values in items], pa.list_(element_type)
        )
        pq.write_table(pa.table({"graph_id": [graph_id for graph_id, _ in items], column: lists}), path)

    return make


def text(edit: Callable[[list[str]], list[str]], encoding: str = "utf-8") -> Make:
    """Write a CSV or JSON lines file with an edit of the valid lines.

    A CSV file's first line is the header.
    """

    def make(path: Path, valid: Rows) -> None:
        lines = lines_of(valid.items(), column_of(valid), path.suffix)
        path.write_bytes(("\n".join(edit(lines)) + "\n").encode(encoding))

    return make


def changed(old: str, new: str) -> Make:
    """A text file whose row 3 has the first match of a pattern replaced."""

    def make(path: Path, valid: Rows) -> None:
        place = ROW + (path.suffix == ".csv")

        def edit(lines: list[str]) -> list[str]:
            line, count = re.subn(old, lambda _: new, lines[place], count=1)
            assert count == 1, f"{old!r} is not in {lines[place]!r}"
            return [*lines[:place], line, *lines[place + 1 :]]

        text(edit)(path, valid)

    return make


def element(literal: str) -> Make:
    """A text file whose row 3 has this literal as the first element of its list."""
    return changed(r"(?<=\[)[^,\]]+", literal)


def damaged(edit: Callable[[bytes], bytes]) -> Make:
    """A valid Parquet file after its bytes were changed."""

    def make(path: Path, valid: Rows) -> None:
        pq.write_table(table_of(valid), path)
        path.write_bytes(edit(path.read_bytes()))

    return make


class Trap:
    """What makes a file named `sprung` in the working folder of whoever unpickles it."""

    def __reduce__(self) -> tuple[object, ...]:
        return (open, ("sprung", "w"))


def pickled(protocol: int = 4) -> bytes:
    """A pickle that runs code."""
    return pickle.dumps(Trap(), protocol)


def torch_file() -> bytes:
    """What torch.save writes: a ZIP archive with a pickle in it."""
    return zipped({"archive/data.pkl": pickled(2), "archive/version": b"3\n"})


def numpy_objects() -> bytes:
    """A .npy file of objects, which are pickled."""
    file = io.BytesIO()
    np.save(file, np.array([Trap()], dtype=object), allow_pickle=True)
    return file.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tar_with_links() -> bytes:
    """A tar archive with a path that leads out of it, and a link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        outside = tarfile.TarInfo("../../sprung")
        outside.size = 4
        archive.addfile(outside, io.BytesIO(b"gone"))
        link = tarfile.TarInfo("predictions.parquet")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return file.getvalue()
