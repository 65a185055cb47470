"""Sealed answers in public: only the host's key opens them, each for its release and track."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.dataset.built import Built
from younger_hf.crypto import KEY
from younger_hf.dataset.build.write_files import seal_answers
from younger_hf.dataset.read.release import Answers, open_answers
from younger_hf.dataset.seal import SUFFIX
from younger_hf.errors import DatasetError
from younger_hf.tasks import TRACKS

SECRET = "correct horse battery staple"


@pytest.fixture
def sealed(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    seal_answers(built.answers, tmp_path / "sealed", SECRET.encode())
    monkeypatch.setenv(KEY, f"{SECRET}\n")
    return open_answers(tmp_path / "sealed")


def test_the_key_opens_sealed_answers(built: Built, sealed: Answers) -> None:
    assert (built.answers.content_hash, TRACKS) == (sealed.content_hash, tuple(sorted(sealed.tracks, key=TRACKS.index)))
    for track in TRACKS:
        assert built.answers.table(track) == sealed.table(track)


def test_nothing_of_the_answers_is_in_the_files(built: Built, sealed: Answers) -> None:
    ids = [name.encode() for track in TRACKS for name in built.answers.table(track)["graph_id"].to_pylist()]
    for file in sealed.root.glob(f"*{SUFFIX}"):
        content = file.read_bytes()
        assert not any(name in content for name in ids)
        assert b"PAR1" not in content
    assert len(TRACKS) == len(list(sealed.root.glob(f"*{SUFFIX}")))


def test_two_seals_of_the_same_answers_differ(built: Built, sealed: Answers, tmp_path: Path) -> None:
    seal_answers(built.answers, tmp_path / "again", SECRET.encode())
    name = f"{TRACKS[0]}{SUFFIX}"
    assert (sealed.root / name).read_bytes() != (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize("key", ["", "short", "another horse battery staple"])
def test_another_key_opens_nothing_and_is_named(sealed: Answers, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, key)
    with pytest.raises(DatasetError, match="key" if len(key) > 16 else KEY) as caught:
        sealed.table(TRACKS[0])
    assert KEY in caught.value.hint
    assert not key or key not in str(caught.value)


def test_answers_open_for_their_own_track_and_release_only(sealed: Answers) -> None:
    first, second = (sealed.root / f"{track}{SUFFIX}" for track in TRACKS[:2])
    shutil.copy(first, second)
    with pytest.raises(DatasetError, match="cannot be opened"):
        sealed.table(TRACKS[1])
    manifest = json.loads((sealed.root / "manifest.json").read_text())
    (sealed.root / "manifest.json").write_text(json.dumps({**manifest, "content_hash": "sha256:" + "0" * 64}))
    with pytest.raises(DatasetError, match="sealed for another release"):
        open_answers(sealed.root).table(TRACKS[0])


@pytest.mark.parametrize("damage", [b"", b"YHF1", b"YHF1" + bytes(11)])
def test_a_damaged_file_is_named(sealed: Answers, damage: bytes) -> None:
    path = sealed.root / f"{TRACKS[0]}{SUFFIX}"
    path.write_bytes(damage)
    with pytest.raises(DatasetError, match=path.name):
        sealed.table(TRACKS[0])
    path.unlink()
    with pytest.raises(DatasetError, match=path.name):
        sealed.table(TRACKS[0])
