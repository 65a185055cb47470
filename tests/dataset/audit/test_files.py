"""What stands beside the rows: footers, other files, the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.dataset.audit.planting import State
from younger_hf.dataset.audit.report import AttackResult, AuditReport, audit
from younger_hf.dataset.read.release import Answers, Release
from younger_hf.tasks import TRACKS


@pytest.fixture
def written(clean: State, tmp_path: Path) -> tuple[Release, Answers]:
    return clean.write(tmp_path)


def result(report: AuditReport, channel: str, track: str) -> AttackResult:
    return next(r for r in report.results if (r.channel, r.track) == (channel, track))


@pytest.mark.heavy
@pytest.mark.parametrize("track", TRACKS)
def test_answers_in_a_footers_metadata_are_read(written: tuple[Release, Answers], track: str) -> None:
    release, answers = written
    path = release.root / release.files[track]["test"]
    table = pq.read_table(path)
    text = json.dumps(answers.table(track)["y"].to_pylist())
    pq.write_table(table.replace_schema_metadata({"note": text}), path)
    found = result(audit(release, answers), "footers", track)
    assert "LEAK" == found.verdict
    assert found.answers == found.recovered
    assert any("'note'" in finding for finding in found.findings)


@pytest.mark.heavy
def test_unreadable_metadata_is_a_leak_as_well(written: tuple[Release, Answers]) -> None:
    release, answers = written
    path = release.root / release.files["operator_w_attrs"]["test"]
    pq.write_table(pq.read_table(path).replace_schema_metadata({"huggingface": "{}"}), path)
    found = result(audit(release, answers), "footers", "operator_w_attrs")
    assert ("LEAK", 0) == (found.verdict, found.answered)


@pytest.mark.heavy
def test_a_column_too_many_is_found(written: tuple[Release, Answers]) -> None:
    release, answers = written
    path = release.root / release.files["dataflow_w_attrs"]["test"]
    table = pq.read_table(path)
    pq.write_table(table.append_column("origin", pa.array(["here"] * len(table))), path)
    found = result(audit(release, answers), "footers", "dataflow_w_attrs")
    assert ("dataflow_w_attrs/test has a column 'origin' that no test row should have",) == found.findings


@pytest.mark.heavy
def test_a_file_that_no_manifest_names_is_found(written: tuple[Release, Answers]) -> None:
    release, answers = written
    (release.root / "answers").mkdir()
    pq.write_table(answers.table("operator_w_attrs"), release.root / "answers" / "operator_w_attrs.parquet")
    report = audit(release, answers)
    assert {"strange files"} == {leak.channel for leak in report.leaks}
    assert ("there is a file answers/operator_w_attrs.parquet that the manifest does not name",) == result(
        report, "strange files", "operator_w_attrs"
    ).findings


@pytest.mark.heavy
def test_figures_and_files_of_git_are_not_strange(written: tuple[Release, Answers]) -> None:
    release, answers = written
    (release.root / "figures" / "sizes.png").write_bytes(b"png")
    (release.root / ".gitattributes").write_text("*.parquet filter=lfs")
    assert () == audit(release, answers).leaks


@pytest.mark.heavy
def test_an_entry_of_the_manifest_that_should_not_be_there_is_found(written: tuple[Release, Answers]) -> None:
    release, answers = written
    path = release.root / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "secret": "s3cret"}))
    found = result(audit(release, answers), "strange files", "operator_w_attrs")
    assert ("the manifest has an entry 'secret' that no manifest should have",) == found.findings


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"secret": "s3cret"}, "built: secret"),
        ({"protocol": ["grouped"]}, "built: protocol"),
        ({"statistics": {"answers": [3, 4, 5]}}, "built: answers"),
        ({"statistics": {"x" * 61: 1}}, f"built: {'x' * 61}"),
        ({"versions": {"numpy": "1" * 61}}, "built: numpy"),
        ([3, 4, 5], "built: not an object"),
    ],
)
def test_the_manifest_records_settings_counts_and_versions_of_the_build(
    written: tuple[Release, Answers], entry: object, named: str
) -> None:
    release, answers = written
    path = release.root / "manifest.json"
    record = {"protocol": "grouped", "public_secret": False, "statistics": {"models": 3}, "versions": {"numpy": "2.0"}}
    path.write_text(json.dumps({**json.loads(path.read_text()), "built": record}))
    assert () == result(audit(release, answers), "strange files", "operator_w_attrs").findings
    path.write_text(json.dumps({**json.loads(path.read_text()), "built": entry}))
    found = result(audit(release, answers), "strange files", "operator_w_attrs")
    assert (f"the manifest has an entry {named!r} that no manifest should have",) == found.findings
