"""Attacks 1 to 14: files that are no predictions file, or a hostile Parquet file."""

from __future__ import annotations

import gzip

import pyarrow as pa

from tests.submission.attacks import bombs
from tests.submission.attacks.attack import Attack, bomb, each
from tests.submission.attacks.files import (
    changed,
    damaged,
    element,
    numpy_objects,
    pickled,
    raw,
    sparse,
    table,
    tar_with_links,
    text,
    torch_file,
    zipped,
)
from tests.submission.reports import NODES
from younger_hf.submission import MAX_BYTES

_ALL, _TEXT = "parquet csv jsonl", "csv jsonl"
_ZIP_OUT = zipped({"../../sprung": b"gone", "predictions.parquet": b"PAR1"})


def _named(number: int, file: str, content: bytes) -> Attack:
    return Attack(number, "", file, raw(content), ("wrong_extension",))


def retyped(column: int, kind: pa.DataType):
    """An edit that gives a column of a table another type, and nulls."""

    def edit(valid: pa.Table) -> pa.Table:
        extended = isinstance(kind, pa.BaseExtensionType)
        values = pa.nulls(len(valid), kind.storage_type if extended else kind)
        values = pa.ExtensionArray.from_storage(kind, values) if extended else values
        return valid.set_column(column, valid.column_names[column], values)

    return edit


_INVISIBLE = [chr(0xE0020 + index) * 60 for index in range(10)]


def _invisible_names(valid: pa.Table) -> pa.Table:
    return pa.table({**{name: valid[name] for name in valid.column_names}, **dict.fromkeys(_INVISIBLE, valid[0])})


def _pickled_type(valid: pa.Table) -> pa.Table:
    """Ids of an extension type that old versions of pyarrow unpickled (CVE-2023-47248)."""
    claim = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": pickled(0)}
    return valid.cast(pa.schema([valid.schema.field(0).with_metadata(claim), valid.schema.field(1)]))


ATTACKS = [
    *each(1, "no bytes", _ALL, raw(b""), "file_empty"),
    *each(2, "a gigabyte", _ALL, sparse(2**30), "file_too_large"),
    *each(2, "one byte too many", "parquet", sparse(MAX_BYTES + 1), "file_too_large"),
    *each(4, "CSV", "parquet", raw(b"graph_id,scores\n"), "wrong_format"),
    *each(4, "a program", "parquet", raw(b"\x7fELF" + bytes(60)), "wrong_format"),
    *each(4, "an encrypted file", "parquet", raw(b"PARE" + bytes(60) + b"PARE"), "wrong_format"),
    *each(4, "Parquet", _TEXT, table(), "wrong_format"),
    *each(4, "a JSON array", "jsonl", raw(b'[{"graph_id": "500", "scores": [0.5]}]'), "wrong_format"),
    _named(5, "predictions.zip", _ZIP_OUT),
    *each(5, "zip with ..", _ALL, raw(_ZIP_OUT), "wrong_format"),
    *each(5, "tar with .. and a link", "parquet", raw(tar_with_links()), "wrong_format"),
    *each(5, "tar with .. and a link", _TEXT, raw(tar_with_links()), "bad_encoding"),
    _named(6, "predictions.parquet.gz", gzip.compress(b"PAR1")),
    *bomb(6, "a gigabyte of zeros, gzip", "parquet csv", bombs.gzip_ratio, "wrong_format"),
    *bomb(6, "archives in archives", "parquet jsonl", bombs.nested_archives, "wrong_format"),
    *bomb(6, "pages of one letter", "parquet", bombs.page_ratio, "file_too_large"),
    _named(7, "predictions.pkl", pickled()),
    _named(7, "predictions.pt", torch_file()),
    _named(7, "predictions.npy", numpy_objects()),
    *each(7, "a pickle", _ALL, raw(pickled()), "wrong_format"),
    *each(7, "an old pickle", "parquet", raw(pickled(0)), "wrong_format"),
    *each(7, "an old pickle", "csv", raw(pickled(0)), "missing_column", "extra_column"),
    *each(7, "an old pickle", "jsonl", raw(pickled(0)), "bad_json", "missing_graph"),
    *each(7, "a torch file", _ALL, raw(torch_file()), "wrong_format"),
    *each(7, "numpy objects", _ALL, raw(numpy_objects()), "wrong_format"),
    *bomb(9, "400 MB of equal integers", "parquet", bombs.run_lengths, "too_many_values", track=NODES),
    *bomb(9, "integers denied", "parquet", bombs.run_lengths_denied_by_the_footer, "file_damaged", track=NODES),
    *bomb(9, "null lists of a fixed size", "parquet", bombs.fixed_lists, "too_many_values"),
    *bomb(9, "five million rows", "parquet", bombs.many_rows, "too_many_rows"),
    *bomb(9, "rows denied", "parquet", bombs.many_rows_denied_by_the_footer, "file_damaged"),
    *bomb(10, "2 GB of ids", "parquet", bombs.dictionary_text, "long_graph_id", "missing_graph"),
    *bomb(10, "dictionary denied", "parquet", bombs.long_dictionary_denied_by_the_footer, "file_too_large"),
    *bomb(10, "text denied", "parquet", bombs.plain_text_denied_by_the_footer, "file_too_large"),
    *bomb(10, "shared prefixes", "parquet", bombs.shared_prefixes, "file_damaged"),
    *each(11, "half the file", "parquet", damaged(lambda data: data[: len(data) // 2]), "file_damaged"),
    *each(11, "the last byte cut", "parquet", damaged(lambda data: data[:-1]), "file_damaged"),
    *each(11, "only the magic", "parquet", raw(b"PAR1"), "file_damaged"),
    *each(11, "no footer", "parquet", raw(b"PAR1" + bytes(500) + b"PAR1"), "file_damaged"),
    *each(11, "a footer of 4 GB", "parquet", damaged(lambda data: data[:-8] + b"\xff" * 4 + b"PAR1"), "file_damaged"),
    *each(
        11, "a corrupt footer", "parquet", damaged(lambda data: data[:-60] + b"\xff" * 20 + data[-40:]), "file_damaged"
    ),
    *bomb(12, "10,000 columns", "parquet", bombs.columns(10_000), "extra_column"),
    *bomb(12, "60 MB of footer", "parquet", bombs.long_footer, "file_damaged"),
    *each(
        12,
        "10,000 columns",
        "csv",
        text(lambda lines: [line + "".join(f",c{index}" for index in range(10_000)) for line in lines]),
        "extra_column",
    ),
    *each(
        12,
        "10,000 keys",
        "jsonl",
        changed(r"\{", "{" + "".join(f'"k{index}": 0, ' for index in range(10_000))),
        "extra_column",
    ),
    *bomb(12, "lines of 100,000 keys", "jsonl", bombs.many_keys, "missing_column", "extra_column", "missing_graph"),
    *bomb(12, "a header of a million columns", "csv", bombs.many_header_cells, "file_damaged"),
    *each(12, "names of invisible characters", "parquet", table(_invisible_names), "extra_column"),
    *each(
        12,
        "names of invisible characters",
        "csv",
        text(lambda lines: [line + "," + ",".join(_INVISIBLE) for line in lines]),
        "extra_column",
    ),
    *bomb(13, "a thousand lists deep", "parquet", bombs.nested(1000), "file_damaged"),
    *bomb(13, "ten lists deep", "parquet", bombs.nested(10), "wrong_column_type"),
    *each(13, "a hundred thousand lists deep", "csv", element("[" * 100_000), "bad_json"),
    *each(13, "a hundred thousand lists deep", "jsonl", element("[" * 100_000), "bad_json", "missing_graph"),
    *each(13, "a list in the list", _TEXT, element("[0.5]"), "wrong_type"),
    *each(14, "ids of type uuid", "parquet", table(retyped(0, pa.uuid())), "wrong_column_type"),
    *each(14, "scores of type json", "parquet", table(retyped(1, pa.json_())), "wrong_column_type"),
    *each(
        14,
        "scores of type tensor",
        "parquet",
        table(retyped(1, pa.fixed_shape_tensor(pa.float32(), [2]))),
        "wrong_column_type",
    ),
    *each(14, "a type that is a pickle", "parquet", table(_pickled_type)),
]
