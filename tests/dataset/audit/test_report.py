"""The audit as a whole: with answers, without them, with the wrong ones; and its command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dataset.audit.planting import State
from tests.dataset.audit.test_planted import label_left
from younger_hf.crypto import KEY
from younger_hf.dataset.audit.attacks import ATTACKS
from younger_hf.dataset.audit.report import LEVEL, audit
from younger_hf.dataset.build.write_files import seal_answers, write_answers
from younger_hf.dataset.read.release import Answers, Release, open_answers
from younger_hf.errors import DatasetError
from younger_hf.tasks import TRACKS, task_of


@pytest.fixture(scope="module")
def written(clean: State, tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Answers]:
    return clean.write(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def leaking(clean: State, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return label_left(clean, "operator_w_attrs").write(tmp_path_factory.mktemp("leaking"))[0].root


def younger(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "younger_hf.cli", "audit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.heavy
def test_every_attack_is_tried_on_every_track_of_its_tasks(written: tuple[Release, Answers]) -> None:
    tried = {(r.channel, r.track) for r in audit(*written).results}
    assert {(a.name, t) for a in ATTACKS for t in TRACKS if task_of(t).predicts in a.predicts} == tried


def test_a_track_that_no_attack_fits_is_refused(
    written: tuple[Release, Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "younger_hf.dataset.audit.report.ATTACKS", tuple(a for a in ATTACKS if "score" not in a.predicts)
    )
    with pytest.raises(DatasetError, match="found none for dataflow_w_attrs, dataflow_wo_attrs"):
        audit(*written)


def test_every_attack_explains_why_an_answer_found_by_it_would_be_a_leak_or_not() -> None:
    for attack in ATTACKS:
        assert ("No leak" if attack.kind == "context" else "A leak") in (attack.guess.__doc__ or ""), attack.name


def test_the_level_is_shared_by_the_statistical_attacks(written: tuple[Release, Answers]) -> None:
    report = audit(*written)
    assert LEVEL == pytest.approx(report.level * sum(r.kind == "statistical" for r in report.results))


@pytest.mark.heavy
def test_without_answers_guesses_are_counted_and_the_rest_is_not_measured(clean: State, tmp_path: Path) -> None:
    release, _ = label_left(clean, "operator_w_attrs").write(tmp_path)
    report = audit(release, None)
    assert not report.measured
    assert {("labels", "operator_w_attrs"), ("footers", "operator_w_attrs")} == {
        (leak.channel, leak.track) for leak in report.leaks
    }
    assert {"not measured"} == {r.verdict for r in report.results if r.kind == "statistical"}
    assert {None} == {r.recovered for r in report.results}


@pytest.mark.heavy
def test_a_right_guess_is_counted(clean: State, tmp_path: Path) -> None:
    state = label_left(clean, "operator_w_attrs")
    report = state.audit(tmp_path)
    count = len(state.rows["operator_w_attrs"]["test"][0]["y"])
    total = sum(len(row["y"]) for row in state.rows["operator_w_attrs"]["test"])
    leak = next(leak for leak in report.leaks if leak.channel == "labels")
    assert (count, count, count / total) == (leak.answered, leak.recovered, leak.share)


@pytest.mark.heavy
def test_sealed_answers_have_the_same_report(
    written: tuple[Release, Answers], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, answers = written
    key = "a key of the tests' host"
    seal_answers(answers, tmp_path / "sealed", key.encode())
    monkeypatch.setenv(KEY, key)
    assert audit(release, answers) == audit(release, open_answers(tmp_path / "sealed"))


def test_sealed_answers_without_the_key_are_refused(
    written: tuple[Release, Answers], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, answers = written
    seal_answers(answers, tmp_path / "sealed", b"a key of the tests' host")
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(DatasetError, match=KEY):
        audit(release, open_answers(tmp_path / "sealed"))


def test_answers_of_another_release_are_refused(written: tuple[Release, Answers], tmp_path: Path) -> None:
    release, answers = written
    write_answers(tmp_path / "other", {track: answers.table(track) for track in TRACKS}, "sha256:other")
    with pytest.raises(DatasetError, match="belong to sha256:other"):
        audit(release, open_answers(tmp_path / "other"))


def test_an_answer_that_is_missing_is_named(written: tuple[Release, Answers], tmp_path: Path) -> None:
    release, answers = written
    tables = {track: answers.table(track) for track in TRACKS}
    name = tables["operator_w_attrs"]["graph_id"][0].as_py()
    tables["operator_w_attrs"] = tables["operator_w_attrs"].slice(1)
    write_answers(tmp_path / "fewer", tables, release.content_hash)
    with pytest.raises(DatasetError, match=f"answers to the row {name} of operator_w_attrs, found none"):
        audit(release, open_answers(tmp_path / "fewer"))


@pytest.mark.heavy
def test_a_row_whose_lists_do_not_fit_is_named(clean: State, tmp_path: Path) -> None:
    state = clean.edited("operator_w_attrs", "test", lambda rows: [{**rows[0], "mask_index": [99]}, *rows[1:]])
    release, _ = state.write(tmp_path)
    with pytest.raises(DatasetError, match=f"row {state.rows['operator_w_attrs']['test'][0]['graph_id']}: its lists"):
        audit(release, None)


@pytest.mark.heavy
def test_the_command_passes_a_clean_release(written: tuple[Release, Answers]) -> None:
    run = younger(written[0].root)
    assert 0 == run.returncode, run.stderr
    assert "No way to the hidden answers was found." in run.stdout
    assert "isomorphic rows" in run.stdout


@pytest.mark.heavy
def test_the_command_fails_loudly(leaking: Path) -> None:
    run = younger(leaking)
    assert 2 == run.returncode
    assert "the audit found 2 leaks, through: labels, footers" in " ".join(run.stderr.split())
    assert "LEAK" in run.stdout
    assert "Traceback" not in run.stderr


@pytest.mark.heavy
def test_the_command_prints_json(leaking: Path) -> None:
    run = younger(leaking, "--json")
    report = json.loads(run.stdout)
    assert 2 == run.returncode
    assert ["labels operator_w_attrs", "footers operator_w_attrs"] == report["leaks"]
    assert len(report["results"]) > 40


@pytest.mark.heavy
def test_the_command_lists_what_was_not_measured(written: tuple[Release, Answers], tmp_path: Path) -> None:
    (tmp_path / "younger").symlink_to(written[0].root)
    run = younger(tmp_path / "younger")
    assert 0 == run.returncode, run.stderr
    assert "nothing else was measured" in " ".join(run.stdout.split())


@pytest.mark.heavy
def test_answers_that_are_named_and_not_there_are_an_error(written: tuple[Release, Answers], tmp_path: Path) -> None:
    run = younger(written[0].root, "--answers", tmp_path / "nowhere")
    assert 2 == run.returncode
    assert "the folder does not exist" in " ".join(run.stderr.split())
