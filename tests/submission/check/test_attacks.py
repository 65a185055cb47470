"""Every attack on a predictions file.

Each has its exact code, a message with a place and a next step, little memory, and no score.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.submission.attacks import ATTACKS
from tests.submission.reports import FLOW, MOST_MEBIBYTES, assert_each_has_a_next_step, measured
from younger_hf.metrics import load_metric
from younger_hf.submission import write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.score_predictions import score

BOMBS = [attack for attack in ATTACKS if attack.bomb]
REFUSED = [attack for attack in ATTACKS if attack.codes and not attack.bomb]
UNCHANGED = [attack for attack in ATTACKS if attack.number in (14, 28, 34) and not attack.codes]


def made(attack, noisy, metadata, tmp_path):
    """The attack's two files."""
    path = tmp_path / attack.file
    attack.make(path, noisy(attack.track))
    declared = metadata(attack.track)
    text = declared.read_text()
    for name, value in attack.declared.items():
        text = re.sub(rf"^{name}: .*$", f"{name}: {value}", text, flags=re.MULTILINE)
    declared.write_text(text)
    return path, declared


def assert_answered(attack, problems):
    """The codes are exactly these, and every problem says where it is and what to do."""
    assert attack.codes == tuple(dict.fromkeys(problem.code for problem in problems))
    assert_each_has_a_next_step(problems)


def scored(board, path, track=FLOW):
    report = validate(path, None, board.release, track=track)
    assert () == report.problems
    return score(report.predictions, board.release, board.answers).metrics


@pytest.mark.heavy
@pytest.mark.parametrize("attack", REFUSED, ids=str)
def test_it_is_refused_with_its_code_place_and_next_step(board, noisy, metadata, tmp_path, monkeypatch, attack):
    monkeypatch.chdir(tmp_path)
    report = validate(*made(attack, noisy, metadata, tmp_path), board.release)
    assert_answered(attack, report.problems)
    assert report.predictions is None
    # nothing was unpacked or unpickled
    assert {attack.file, "submission.yaml"} == {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path.parent.parent / "sprung").exists()


@pytest.mark.heavy
@pytest.mark.parametrize("attack", BOMBS, ids=str)
def test_a_bomb_is_refused_in_less_than_300_mebibytes(board, noisy, metadata, tmp_path, record_property, attack):
    path, declared = made(attack, noisy, metadata, tmp_path)
    try:
        nothing, problems, mebibytes = measured(board.release.root, path, declared)
    finally:
        path.unlink()  # pytest keeps what the last runs left
    record_property("mebibytes", mebibytes)
    assert_answered(attack, problems)
    assert nothing
    assert mebibytes < MOST_MEBIBYTES


@pytest.mark.parametrize("attack", UNCHANGED, ids=str)
def test_an_odd_but_valid_file_scores_the_same(board, noisy, metadata, tmp_path, monkeypatch, attack):
    monkeypatch.chdir(tmp_path)
    expected = scored(board, write_predictions(tmp_path / "plain", attack.track, noisy(attack.track)))
    path, declared = made(attack, noisy, metadata, tmp_path)
    assert () == validate(path, declared, board.release).problems
    assert expected == scored(board, path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.number == 27], ids=str)
def test_constant_scores_are_exactly_chance(board, noisy, metadata, tmp_path, attack):
    path, _ = made(attack, noisy, metadata, tmp_path)
    truth = np.concatenate(list(board.truth[FLOW].values()))
    assert 0 < truth.mean() < 1
    metrics = scored(board, path)
    assert (0.5, truth.mean()) == (metrics["auc"], metrics["average_precision"])


def test_tied_scores_count_half_whatever_the_order_of_rows(board, noisy, tmp_path):
    rows = {graph_id: (values > 0.5).astype(np.float32) for graph_id, values in noisy(FLOW).items()}
    truth = np.concatenate([board.truth[FLOW][graph_id] for graph_id in rows])
    guesses = np.concatenate(list(rows.values()))
    positive, negative = guesses[truth == 1], guesses[truth == 0]
    wins = (positive[:, None] > negative).mean() + (positive[:, None] == negative).mean() / 2
    paths = [
        write_predictions(tmp_path / name, FLOW, order)
        for name, order in (("one", rows), ("two", dict(reversed(rows.items()))))
    ]
    metrics = [scored(board, path) for path in paths]
    assert metrics[0] == metrics[1]
    assert pytest.approx(wins, abs=1e-12) == metrics[0]["auc"]


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each.number == 30 and not each.codes], ids=str)
def test_scores_need_not_sum_to_one_and_are_not_changed(board, noisy, metadata, tmp_path, attack):
    path, _ = made(attack, noisy, metadata, tmp_path)
    truth = np.concatenate(list(board.truth[FLOW].values()))
    halves = np.concatenate(list(noisy(FLOW).values())) / 2
    assert load_metric("dataflow").compute(references=truth, predictions=halves) == scored(board, path)


def test_a_submission_to_another_track_is_refused(board, noisy, metadata, tmp_path):
    path = write_predictions(tmp_path, FLOW, noisy(FLOW))
    (problem,) = validate(path, metadata("operator_w_attrs"), board.release, track=FLOW).problems
    assert ("wrong_track", f"'{FLOW}'", "'operator_w_attrs'") == (problem.code, problem.expected, problem.got)


def test_every_attack_has_another_name_and_is_accepted_or_refused_by_some_test():
    names = [str(attack) for attack in ATTACKS]
    assert len(names) == len(set(names))
    accepted = {attack.number for attack in ATTACKS if not attack.codes}
    assert {14, 27, 28, 30, 34} == accepted
