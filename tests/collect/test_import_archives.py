"""Archives of official files: metadata, formats, hostile members and sizes."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.collect.importing import import_files
from tests.sources.official.official_models import checked_pickle, graph_of, write_split, write_tar
from younger_hf.collect.workspace import Workspace
from younger_hf.errors import SourceError
from younger_hf.sources.official import tar_reader


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"all_tasks": "absent"}, "holds parts of architectures, as those of the operator task"),
        ({"all_nodes": "absent"}, "holds parts of architectures, as those of the operator task"),
        ({"version": 3, "size": "3"}, "expected version and size of a split"),
        ({"archive": "other.tar.gz"}, "other.tar.gz: the archive that"),
        ({"archive": "../../train.tar.gz"}, None),
        ({"size": 2}, "expected 2 samples as stated in meta.json, found 1"),
    ],
)
def test_a_mismatched_meta_file_is_reported(
    meta: dict[str, Any], message: str | None, workspace: Workspace, tmp_path: Path
) -> None:
    write_split(tmp_path / "s", [checked_pickle(graph_of("Relu"))], **meta)
    if message is None:  # only the name counts: nothing outside the folder is opened
        assert 1 == import_files(workspace, tmp_path / "s").new
        return
    with pytest.raises(SourceError, match=message):
        import_files(workspace, tmp_path / "s" / "meta.json")


def test_a_path_without_official_files_is_reported(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.onnx").write_bytes(b"x")
    for name, message in (("empty", "found none"), ("missing", "found none"), ("model.onnx", "expected a tar archive")):
        with pytest.raises(SourceError, match=message):
            import_files(workspace, tmp_path / name)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("sample-1.pkl", tarfile.SYMTYPE, "'sample-1.pkl' is a symbolic link"),
        ("sample-1.pkl", tarfile.LNKTYPE, "'sample-1.pkl' is a hard link"),
        ("sample-1.pkl", tarfile.FIFOTYPE, "'sample-1.pkl' is not a plain file"),
        ("sample-1.pkl", tarfile.GNUTYPE_SPARSE, "'sample-1.pkl' is not a plain file"),
        ("/tmp/sample-1.pkl", tarfile.REGTYPE, "'/tmp/sample-1.pkl' leads out of the archive"),
        ("../sample-1.pkl", tarfile.REGTYPE, "'../sample-1.pkl' leads out of the archive"),
        ("a/../../sample-1.pkl", tarfile.REGTYPE, "leads out of the archive"),
        ("a\\..\\sample-1.pkl", tarfile.REGTYPE, "leads out of the archive"),
        ("../" * 60 + "sample-1.pkl", tarfile.REGTYPE, "leads out of the archive"),
    ],
)
def test_a_hostile_archive_is_refused_and_earlier_samples_stay(
    name: str, kind: bytes, message: str, workspace: Workspace, tmp_path: Path
) -> None:
    archive = write_split(tmp_path / "s", [checked_pickle(graph_of("Relu"))] * 2)
    write_tar(archive, {"sample-0.pkl": checked_pickle(graph_of("Relu")), name: b"x"}, {name: kind})
    with pytest.raises(SourceError) as caught:
        import_files(workspace, archive)
    assert "refused the archive" in caught.value.message
    assert message in caught.value.message
    assert 1 == workspace.num_results()
    assert ["s", "workspace"] == sorted(path.name for path in tmp_path.iterdir())


def test_sizes_in_headers_are_not_trusted(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_split(tmp_path / "s", [checked_pickle(graph_of("Relu"))])

    def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.type = size, kind
        return info.tobuf(tarfile.GNU_FORMAT)

    record = b"28 GNU.sparse.name=sample-0\n"
    cases = {
        header("sample-0.pkl", 1 << 40): "has 1,099,511,627,776 bytes, expected at most",
        header("sample-0.pkl", 1 << 27) + b"short": "the archive is damaged",
        header("x", 1 << 34, tarfile.XHDTYPE): "a header of 17,179,869,184 bytes",
        header("x", 1 << 34, tarfile.GNUTYPE_LONGNAME): "a header of 17,179,869,184 bytes",
        header("x", len(record), tarfile.XHDTYPE) + record.ljust(512, b"\0"): "a header with 'GNU.sparse.name'",
        header("x", 4, tarfile.XHDTYPE) + b"9999".ljust(512, b"\0"): "the archive is damaged",
        header("x", 512, tarfile.DIRTYPE) + bytes(512): "has a size",
        b"\x1f\x8b" + bytes(100): "the archive is damaged",
        b"no archive".ljust(1024): "the archive is damaged",
        b"": "the archive is damaged (it is empty)",
    }
    for payload, message in cases.items():
        archive.write_bytes(payload)
        with pytest.raises(SourceError) as caught:
            import_files(workspace, archive)
        assert message in caught.value.message
    write_tar(archive, {f"file-{i}": bytes(100_000) for i in range(20)})
    monkeypatch.setattr(tar_reader, "MOST_BYTES", 1_000_000)
    with pytest.raises(SourceError, match="it unpacks to more than 1,000,000 bytes"):
        import_files(workspace, archive)
    monkeypatch.setattr(tar_reader, "MOST_MEMBERS", 5)
    with pytest.raises(SourceError, match="it has more than 5 members"):
        import_files(workspace, archive)


def test_long_names_and_plain_archives_are_read(workspace: Workspace, tmp_path: Path) -> None:
    archive = write_split(tmp_path / "s", [])
    payload = checked_pickle(graph_of("Relu"))
    for number, form in enumerate((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)):
        folder = "long/" * (40 if form != tarfile.USTAR_FORMAT else 1)
        with tarfile.open(archive, "w", format=form) as tar:
            source = tmp_path / f"sample-{number}.pkl"
            source.write_bytes(payload)
            tar.add(source, arcname=folder + source.name)
        with pytest.raises(SourceError, match=r"expected 0 samples as stated in meta\.json, found 1"):
            import_files(workspace, archive)
    assert 3 == len([result for _, result, _, _ in workspace.results() if result.status == "done"])
