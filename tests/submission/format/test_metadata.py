"""submission.yaml: read strictly, all mistakes named at once, and unchanged when written again."""

from __future__ import annotations

import dataclasses
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from younger_hf.errors import SubmissionError
from younger_hf.submission import SubmissionMetadata, read_metadata, write_metadata
from younger_hf.submission.format.metadata import FIELDS, MAX_BYTES, check_metadata
from younger_hf.tasks import SUBMISSION_TRACKS, TRACKS

HASH = f"sha256:{'0123456789abcdef' * 4}"
REQUIRED = {"track": "operator_w_attrs", "dataset_version": HASH, "system": "GCN", "team": "Example University"}
FULL = SubmissionMetadata(
    **REQUIRED,
    contact="team@example.org",
    description="Two layers.\nTrained once: no tricks # really",
    code_url="https://example.org/code?a=1#readme",
    paper_url="http://example.org/paper.pdf",
    parameters=7_301_433,
    hardware="1 x H200",
    train_hours=12.5,
    seeds=(0, 1, 2**64 - 1),
    extra_data="none",
)


def problems_of(tmp_path, text):
    path = tmp_path / "submission.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_metadata(path).problems


def problems_with(tmp_path, **fields):
    return problems_of(tmp_path, yaml.safe_dump({**REQUIRED, **fields}, allow_unicode=True))


def test_every_field_survives_writing_and_reading(tmp_path):
    path = tmp_path / "submission.yaml"
    write_metadata(path, FULL)
    assert FULL == read_metadata(path)


def test_optional_fields_may_be_left_out_and_are_not_written(tmp_path):
    path = tmp_path / "submission.yaml"
    write_metadata(path, SubmissionMetadata(**REQUIRED))
    assert SubmissionMetadata(**REQUIRED) == read_metadata(path)
    assert list(REQUIRED) == [line.split(":")[0] for line in path.read_text().splitlines()]


TEXT = st.text(
    st.characters(
        codec="utf-8", categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u3164\uffa0\u2800\u115f\u1160"
    ),
    min_size=1,
    max_size=60,
)


@pytest.mark.heavy
@settings(max_examples=200, deadline=None)
@given(system=TEXT, description=TEXT, hours=st.floats(0, 1e7), seeds=st.lists(st.integers(0, 2**64 - 1), max_size=5))
def test_any_text_and_number_survives_writing_and_reading(tmp_path_factory, system, description, hours, seeds):
    path = tmp_path_factory.getbasetemp() / "submission.yaml"
    metadata = dataclasses.replace(
        FULL, system=f"a{system}b", description=f"a{description}b", train_hours=hours, seeds=tuple(seeds)
    )
    write_metadata(path, metadata)
    once = read_metadata(path)
    assert (hours, tuple(seeds)) == (once.train_hours, once.seeds)
    write_metadata(path, once)
    assert once == read_metadata(path)  # text is normalised to NFC once and then stays


def test_text_is_returned_in_normal_form_so_that_twins_are_equal(tmp_path):
    path = tmp_path / "submission.yaml"
    path.write_text(yaml.safe_dump({**REQUIRED, "team": "Universite\u0301 de Lie\u0300ge"}, allow_unicode=True))
    assert "Universit\u00e9 de Li\u00e8ge" == read_metadata(path).team


def test_whole_hours_are_a_number_of_hours(tmp_path):
    path = tmp_path / "submission.yaml"
    path.write_text(yaml.safe_dump({**REQUIRED, "train_hours": 12}))
    assert (12.0, float) == (read_metadata(path).train_hours, type(read_metadata(path).train_hours))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("track", "operator", "wrong_track"),
        ("track", 3, "metadata_wrong_type"),
        ("dataset_version", "0.1.0", "metadata_bad_hash"),
        ("dataset_version", HASH.upper(), "metadata_bad_hash"),
        ("dataset_version", HASH + "\n", None),  # white space at the ends is no mistake
        ("system", "", "metadata_missing_field"),
        ("system", "   ", "metadata_missing_field"),
        ("system", None, "metadata_missing_field"),
        ("system", 123, "metadata_wrong_type"),
        ("system", ["GCN"], "metadata_wrong_type"),
        ("system", True, "metadata_wrong_type"),
        ("system", "x" * 81, "metadata_too_long"),
        ("system", "x" * 80, None),
        ("system", "a\nb", "metadata_forbidden_character"),
        ("system", "a\tb", "metadata_forbidden_character"),
        ("system", "a\x07b", "metadata_forbidden_character"),
        ("system", "GCN\u202eNCG", "metadata_forbidden_character"),  # right-to-left override
        ("system", "GC\u200bN", "metadata_forbidden_character"),  # zero width space
        ("system", "GC\u200dN", "metadata_forbidden_character"),  # zero width joiner
        ("system", "GC\ufeffN", "metadata_forbidden_character"),  # byte order mark
        ("system", "GC\u2066N", "metadata_forbidden_character"),  # isolate
        ("system", "GC\u00adN", "metadata_forbidden_character"),  # soft hyphen
        ("system", "GC\u3164N", "metadata_forbidden_character"),  # Hangul filler
        ("system", "GC\U000e0041N", "metadata_forbidden_character"),  # tag character
        ("system", "=cmd|' /C calc'!A0", None),  # what an export makes of it is the export's matter
        ("system", "\u56fe\u795e\u7ecf\u7f51\u7edc", None),
        ("description", "a\nb\tc", None),
        ("description", "x" * 4001, "metadata_too_long"),
        ("description", "a\u202eb", "metadata_forbidden_character"),
        ("code_url", "javascript:alert(1)", "metadata_bad_url"),
        ("code_url", "data:text/html,x", "metadata_bad_url"),
        ("code_url", "ftp://example.org", "metadata_bad_url"),
        ("code_url", "//example.org", "metadata_bad_url"),
        ("code_url", "https://", "metadata_bad_url"),
        ("code_url", "https://trusted.org@evil.org/", "metadata_bad_url"),
        ("code_url", "https://example.org/<script>", "metadata_bad_url"),
        ("code_url", "https://example.org/a b", "metadata_bad_url"),
        ("code_url", "https://example.org:99999/", "metadata_bad_url"),
        ("code_url", "https://[::1", "metadata_bad_url"),
        ("code_url", "https://example.org:8080/a?b=c#d", None),
        ("paper_url", "x" * 600, "metadata_too_long"),
        ("parameters", "1M", "metadata_wrong_type"),
        ("parameters", 1.5, "metadata_wrong_type"),
        ("parameters", True, "metadata_wrong_type"),
        ("parameters", -1, "metadata_out_of_range"),
        ("parameters", 10**30, "metadata_out_of_range"),
        ("parameters", 0, None),
        ("train_hours", float("nan"), "metadata_out_of_range"),
        ("train_hours", float("inf"), "metadata_out_of_range"),
        ("train_hours", -0.5, "metadata_out_of_range"),
        ("train_hours", 10**400, "metadata_out_of_range"),
        ("train_hours", "long", "metadata_wrong_type"),
        ("seeds", 3, "metadata_wrong_type"),
        ("seeds", [1, "2"], "metadata_wrong_type"),
        ("seeds", [1, True], "metadata_wrong_type"),
        ("seeds", [-1], "metadata_out_of_range"),
        ("seeds", [0] * 1001, "metadata_too_long"),
        ("seeds", [], None),
        ("score", 1.0, "metadata_unknown_field"),
        ("verified", True, "metadata_unknown_field"),
    ],
)
def test_a_field_is_accepted_or_its_mistake_named(tmp_path, field, value, code):
    found = problems_with(tmp_path, **{field: value})
    assert ([code] if code else []) == [problem.code for problem in found]
    assert all(field in problem.message for problem in found)


def test_all_mistakes_are_named_at_once(tmp_path):
    text = (
        "track: dataflow\ndataset_version: 0.1.0\nteam: A\nteam: B\nowner: me\ncode_url: javascript:x\n"
        'parameters: 1e6\ntrain_hours: -1\nseeds: [a]\ncontact: "a\\u200bb"\n'
    )
    assert [
        "metadata_duplicate_field",
        "metadata_unknown_field",
        "metadata_missing_field",
        "metadata_wrong_type",
        "metadata_wrong_type",
        "metadata_forbidden_character",
        "metadata_bad_url",
        "metadata_out_of_range",
        "metadata_bad_hash",
        "wrong_track",
    ] == [problem.code for problem in problems_of(tmp_path, text)]


def test_a_message_names_file_field_expectation_and_next_step(tmp_path):
    (problem,) = problems_with(tmp_path, parameters="7.3M")
    assert (
        "submission.yaml, parameters: expected an integer, got '7.3M'. Write all digits: 1000000, not 1e6 or 1M."
        == str(problem)
    )


def test_the_message_for_an_unknown_field_lists_the_known_ones(tmp_path):
    (problem,) = problems_with(tmp_path, verified=True)
    assert "submission.yaml: expected known fields, got also 'verified'." == problem.message
    assert f"The known fields are: {', '.join(FIELDS)}." == problem.hint


LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(
    f"{chr(99 + i)}: &{chr(99 + i)} [*{chr(98 + i)}, *{chr(98 + i)}]\n" for i in range(20)
)
MERGES = "a: &a {x: 1}\nb: &b {<<: [*a, *a]}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "metadata_unreadable"),
        (b"# only a comment\n", "metadata_unreadable"),
        (b"just text", "metadata_unreadable"),
        (b"- a\n- b\n", "metadata_unreadable"),
        (b"track: [", "metadata_unreadable"),
        (b"a: b: c", "metadata_unreadable"),
        (b"system: GCN: two layers", "metadata_unreadable"),
        (b"\xff\xfe\x00", "metadata_unreadable"),
        ("track: x".encode("utf-16"), "metadata_unreadable"),
        (b"system: \x07", "metadata_forbidden_character"),
        (b"a: !!python/object/apply:os.system [id]", "metadata_unreadable"),
        (b"a: 2024-99-99", "metadata_unreadable"),
        (b"parameters: " + b"9" * 5000, "metadata_unreadable"),
        (b"a: " + b"[" * 30_000, "metadata_unreadable"),
        (b"a: 1\n---\nb: 2\n", "metadata_unreadable"),
        (b"? [a, b]\n: c\n", "metadata_unreadable"),
        (b"- " * 30_000, "metadata_unreadable"),
        (b"? " * 30_000, "metadata_unreadable"),
        (b"{a: " * 15_000, "metadata_unreadable"),
        (LAUGHS.encode(), "metadata_unreadable"),
        (MERGES.encode(), "metadata_unreadable"),
        (b"a: &a [*a]", "metadata_unreadable"),
        (b"x" * (MAX_BYTES + 1), "metadata_unreadable"),
        (b"PK\x03\x04", "metadata_forbidden_character"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_anything_but_plain_yaml_is_one_problem_and_quick(tmp_path, text, code):
    start = time.perf_counter()
    found = [problem.code for problem in problems_of(tmp_path, text) if problem.code != "metadata_missing_field"]
    assert [code] == found
    assert time.perf_counter() - start < 3


def test_the_place_of_a_yaml_mistake_is_named(tmp_path):
    (problem,) = problems_of(tmp_path, "team: A\nsystem: GCN: two layers\n")
    assert (
        "submission.yaml: expected plain YAML, got 'mapping values are not allowed here' in line 2, column 12."
        == problem.message
    )


def test_reading_raises_with_all_problems(tmp_path):
    path = tmp_path / "submission.yaml"
    path.write_text("track: operator_w_attrs\n")
    with pytest.raises(SubmissionError) as caught:
        read_metadata(path)
    assert ["metadata_missing_field"] * 3 == [problem.code for problem in caught.value.problems]
    for field in ("dataset_version", "system", "team"):
        assert f"submission.yaml, {field}: expected" in caught.value.message


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "submission.yaml", tmp_path):
        with pytest.raises(SubmissionError, match="expected a file, got nothing"):
            read_metadata(path)


def test_invalid_metadata_is_not_written(tmp_path):
    path = tmp_path / "submission.yaml"
    with pytest.raises(SubmissionError, match="code_url: expected an http or https address, got 'javascript:x'"):
        write_metadata(path, dataclasses.replace(FULL, code_url="javascript:x"))
    assert not path.exists()


def test_text_of_the_submission_is_escaped_and_cut_in_messages(tmp_path):
    fields = {f"\u202e{'k' * 500}": 1, "code_url": f"javascript:{'x' * 400}"}
    for problem in problems_with(tmp_path, **fields):
        assert str(problem).isprintable()
        assert len(str(problem)) < 400


@pytest.mark.parametrize("track", SUBMISSION_TRACKS)
def test_every_track_may_be_named_and_a_board_may_offer_fewer(tmp_path, track):
    path = tmp_path / "submission.yaml"
    write_metadata(path, SubmissionMetadata(track, f"sha256:{'0' * 64}", "A", "B"))
    assert track == read_metadata(path).track
    if track in TRACKS:
        assert track == read_metadata(path, TRACKS).track
        return
    with pytest.raises(SubmissionError, match=f"track: expected a track, got '{track}'") as caught:
        read_metadata(path, TRACKS)
    assert f"One of: {', '.join(TRACKS)}." == caught.value.problems[0].hint
