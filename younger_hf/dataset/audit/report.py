"""The audit: every channel's guesses, and how many of them are right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.audit.attacks import CHANNELS, Attack
from younger_hf.dataset.audit.chance import auc, better_than, better_than_half
from younger_hf.dataset.audit.guesses import Guesses
from younger_hf.dataset.audit.public_view import Public
from younger_hf.dataset.read.release import Answers, Release
from younger_hf.errors import DatasetError
from younger_hf.tasks import task_of

LEVEL = 0.01
"""Probability that an audit without any leak reports one, over all statistical channels together."""

Truth = Sequence[npt.NDArray[np.int32]]
Advance = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ChannelResult:
    """What one channel gave on one track.

    Attributes:
        channel: Its name.
        track: The track.
        kind: What counts as a leak, see `channels.Kind`.
        answers: Number of answers of the track's test rows.
        answered: How many of them the channel has a guess for.
        recovered: How many guesses are right; None without answers, and for scores of pairs.
        share: How many of all answers that is; AUC for scores of pairs. In [0, 1]; None without answers.
        baseline: The same of always guessing the most frequent class of the training rows; .5 for pairs.
        p_value: Probability of a share as high by chance; None for other channels than statistical ones.
        findings: What should not be there at all.
        verdict: clean, LEAK, not measured, or reported (context channels).
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
    """What the audit of a release gave.

    Attributes:
        content_hash: Of the release.
        measured: Whether there were answers to compare with.
        level: p-value below which a statistical channel is a leak.
        results: One entry a channel and track.
    """

    content_hash: str
    measured: bool
    level: float
    results: tuple[ChannelResult, ...]

    @property
    def leaks(self) -> tuple[ChannelResult, ...]:
        """The channels through which answers can be found."""
        return tuple(result for result in self.results if result.verdict == "LEAK")


def audit(release: Release, answers: Answers | None, advance: Advance = lambda *_: None) -> AuditReport:
    """Try to find the hidden answers of a release in everything that is public.

    Args:
        release: The dataset repo; guesses are made from it alone.
        answers: Its answers, to count how many guesses are right; None to count guesses only.
        advance: Called with the channel and track that is tried, how many were before, and how many there are.

    Raises:
        DatasetError: If the answers belong to another release or lack a row, or a file is damaged.
    """
    if answers is not None and answers.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers.root}: these answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            "Name the folder that was written together with the dataset: --answers FOLDER.",
        )
    public = Public(release)
    tried = [(c, track) for c in CHANNELS for track in public.tracks if task_of(track).name in c.tasks]
    level = LEVEL / max(1, sum(channel.kind == "statistical" for channel, _ in tried))
    guesses = []
    for number, (channel, track) in enumerate(tried):
        advance(f"{channel.name} {track}", number, len(tried))
        guesses.append(channel.guess(public, track))
    advance("", len(tried), len(tried))
    # Only now, with every guess made, are the answers opened.
    truth = {t: _truth(public, answers, t) for t in public.tracks} if answers is not None else {}
    results = (
        _result(public, channel, track, said, truth.get(track), level)
        for (channel, track), said in zip(tried, guesses, strict=True)
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
                "Name the folder that was written together with the dataset: --answers FOLDER.",
            )
        truth.append(np.array(y, dtype=np.int32))
    return truth


def _result(
    public: Public, channel: Attack, track: str, guesses: Guesses, truth: Truth | None, level: float
) -> ChannelResult:
    answers = sum(len(row.y) for row in public.rows(track, "test"))
    recovered, share, baseline, p_value = None, None, None, None
    if truth is not None:
        is_flows, exact = task_of(track).predicts == "score", channel.kind in ("exact", "embedded")
        made = [~np.isnan(values) for values in guesses.values]
        values = [v[m] for v, m in zip(guesses.values, made, strict=True)]
        y = [t[m] for t, m in zip(truth, made, strict=True)]
        if is_flows and not exact:
            share, baseline = auc(y, values), 0.5
            p_value = better_than_half(y, values) if channel.kind == "statistical" else None
        else:
            right = [v == t for v, t in zip(values, y, strict=True)]
            majority = _majority(public, track)
            recovered = int(sum(r.sum() for r in right))
            share = recovered / answers
            baseline = 0.5 if is_flows else float(sum(np.count_nonzero(t == majority) for t in truth)) / answers
            p_value = better_than(right, [t == majority for t in y]) if channel.kind == "statistical" else None
    verdict = _verdict(channel, guesses, truth is not None, p_value, level)
    return ChannelResult(
        channel.name,
        track,
        channel.kind,
        answers,
        guesses.answered,
        recovered,
        share,
        baseline,
        p_value,
        guesses.findings,
        verdict,
    )


def _verdict(channel: Attack, guesses: Guesses, measured: bool, p_value: float | None, level: float) -> str:
    if channel.kind == "context":
        return "reported"
    if channel.kind in ("exact", "embedded"):
        return "LEAK" if guesses.answered or guesses.findings else "clean"
    if not measured:
        return "not measured"
    return "LEAK" if p_value is not None and p_value < level else "clean"


def _majority(public: Public, track: str) -> int:
    """The most frequent answer of the training rows; of all public rows if there are none."""
    rows = public.rows(track, "train") or public.known(track)
    y = np.concatenate([np.zeros(1, dtype=np.int32), *(row.y for row in rows)])
    return int(np.bincount(y).argmax())
