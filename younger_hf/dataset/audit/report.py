"""The audit: every attack's guesses, and how many of them are right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import Int32Array
from younger_hf.dataset.audit.attacks import ATTACKS, Attack
from younger_hf.dataset.audit.chance import auc, better_than, better_than_half
from younger_hf.dataset.audit.guesses import Guesses
from younger_hf.dataset.audit.public_view import Public
from younger_hf.dataset.read.release import Answers, Release
from younger_hf.errors import DatasetError
from younger_hf.tasks import task_of

LEVEL = 0.01
"""Probability that an audit without any leak reports one, over all statistical attacks together."""

Truth = Sequence[Int32Array]
Advance = Callable[[str, int, int], None]
_HINT = "Name the folder that was written together with the dataset: --answers FOLDER."


@dataclass(frozen=True)
class Success:
    """How well the guesses of an attack match the answers.

    Attributes:
        recovered: How many guesses are right; None without answers, and for scores of pairs.
        share: Right guesses as a share of all answers; AUC for scores of pairs. In [0, 1]; None
            without answers.
        baseline: The same for the most frequent class of the training rows; .5 for pairs.
        p_value: Probability of a share as high by chance; None for attacks that are not
            statistical.
    """

    recovered: int | None = None
    share: float | None = None
    baseline: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class AttackResult:
    """The result of one attack on one track; its fields are the keys of the published report.

    Attributes:
        channel: The attack's name.
        track: The track.
        kind: The condition for a leak, see `attacks.Kind`.
        answers: Number of answers of the track's test rows.
        answered: How many of them the attack guessed.
        recovered: As in `Success`.
        share: As in `Success`.
        baseline: As in `Success`.
        p_value: As in `Success`.
        findings: Things that should not be there at all.
        verdict: clean, LEAK, not measured, or reported (context).
    """

    channel: str
    track: str
    kind: str
    answers: int
    answered: int
    recovered: int | None
    share: float | None
    baseline: float | None
    p_value: float | None
    findings: tuple[str, ...]
    verdict: str


@dataclass(frozen=True)
class AuditReport:
    """The result of the audit of a release.

    Attributes:
        content_hash: Content hash of the release.
        measured: Whether there were answers to compare with.
        level: p-value below which a statistical attack is a leak.
        results: One entry for each attack and track.
    """

    content_hash: str
    measured: bool
    level: float
    results: tuple[AttackResult, ...]

    @property
    def leaks(self) -> tuple[AttackResult, ...]:
        """The attacks that found answers."""
        return tuple(result for result in self.results if result.verdict == "LEAK")


def audit(release: Release, answers: Answers | None, advance: Advance = lambda *_: None) -> AuditReport:
    """Try to find the hidden answers of a release in everything that is public.

    Args:
        release: The dataset repo; guesses are made from it alone.
        answers: Its answers, to count how many guesses are right; None to count guesses only.
        advance: Called with the attack and track that is tried next, how many were tried before,
            and how many there are.

    Raises:
        DatasetError: If the answers belong to another release or lack a row, a file is damaged, or
            no attack fits a track.
    """
    if answers is not None and answers.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers.root}: these answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            _HINT,
        )
    public = Public(release)
    unattacked = [t for t in public.tracks if not any(task_of(t).predicts in attack.predicts for attack in ATTACKS)]
    if unattacked:
        raise DatasetError(
            f"{release.root}: expected an attack for each track, found none for {', '.join(unattacked)}.",
            "Add one to younger_hf/dataset/audit/attacks.py.",
        )
    tried = [(attack, t) for attack in ATTACKS for t in public.tracks if task_of(t).predicts in attack.predicts]
    level = LEVEL / max(1, sum(attack.kind == "statistical" for attack, _ in tried))
    guesses = []
    for number, (attack, track) in enumerate(tried):
        advance(f"{attack.name} {track}", number, len(tried))
        guesses.append(attack.guess(public, track))
    advance("", len(tried), len(tried))
    # Only now, with every guess made, are the answers opened.
    truth = {t: _truth(public, answers, t) for t in public.tracks} if answers is not None else {}
    results = (
        _result(public, attack, track, guess, truth.get(track), level)
        for (attack, track), guess in zip(tried, guesses, strict=True)
    )
    return AuditReport(release.content_hash, answers is not None, level, tuple(results))


def _truth(public: Public, answers: Answers, track: str) -> Truth:
    table = answers.table(track).to_pydict()
    known = dict(zip(table["graph_id"], table["y"], strict=True))
    truth = []
    for row in public.rows(track, "test"):
        y = known.get(row.graph_id)
        if y is None or len(y) != len(row.y):
            found = "none" if y is None else str(len(y))
            raise DatasetError(
                f"{answers.root}: expected {len(row.y)} answers to the row {row.graph_id} of {track}, found {found}.",
                _HINT,
            )
        truth.append(np.array(y, dtype=np.int32))
    return truth


def _result(
    public: Public, attack: Attack, track: str, guesses: Guesses, truth: Truth | None, level: float
) -> AttackResult:
    success = _success(public, attack, track, guesses, truth) if truth is not None else Success()
    return AttackResult(
        channel=attack.name,
        track=track,
        kind=attack.kind,
        answers=sum(len(row.y) for row in public.rows(track, "test")),
        answered=guesses.answered,
        **vars(success),
        findings=guesses.findings,
        verdict=_verdict(attack, guesses, truth is not None, success.p_value, level),
    )


def _success(public: Public, attack: Attack, track: str, guesses: Guesses, truth: Truth) -> Success:
    are_pairs, is_statistical = task_of(track).predicts == "score", attack.kind == "statistical"
    guessed = [~np.isnan(values) for values in guesses.values]
    values = [v[where] for v, where in zip(guesses.values, guessed, strict=True)]
    y = [t[where] for t, where in zip(truth, guessed, strict=True)]
    if are_pairs and attack.kind in ("statistical", "context"):
        p_value = better_than_half(y, values) if is_statistical else None
        return Success(share=auc(y, values), baseline=0.5, p_value=p_value)
    answers = sum(map(len, truth))
    right = [v == t for v, t in zip(values, y, strict=True)]
    majority = _majority(public, track)
    recovered = int(sum(r.sum() for r in right))
    baseline = 0.5 if are_pairs else float(sum(np.count_nonzero(t == majority) for t in truth)) / answers
    p_value = better_than(right, [t == majority for t in y]) if is_statistical else None
    return Success(recovered, recovered / answers, baseline, p_value)


def _verdict(attack: Attack, guesses: Guesses, measured: bool, p_value: float | None, level: float) -> str:
    if attack.kind == "context":
        return "reported"
    if attack.kind in ("exact", "embedded"):
        return "LEAK" if guesses.answered or guesses.findings else "clean"
    if not measured:
        return "not measured"
    return "LEAK" if p_value is not None and p_value < level else "clean"


def _majority(public: Public, track: str) -> int:
    """The most frequent answer of the training rows, or of all public rows if there are none."""
    rows = public.rows(track, "train") or public.known(track)
    y = np.concatenate([np.zeros(1, dtype=np.int32), *(row.y for row in rows)])
    return int(np.bincount(y).argmax())
