"""`younger-hf audit`: whether a dataset reveals its hidden answers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from younger_hf.cli import console
from younger_hf.cli.app import AnswersFolder, Dataset, Json, command
from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    from younger_hf.dataset.audit.report import AuditReport

MOST_FINDINGS = 20
"""Findings that are listed one by one."""


@command(
    "younger-hf audit younger",
    "younger-hf audit younger --answers younger-answers --json",
    "YOUNGER_ANSWERS_KEY=... younger-hf audit younger --answers leaderboard/answers",
)
def audit(dataset: Dataset, answers: AnswersFolder = None, as_json: Json = False) -> None:
    """Search everything public for the hidden answers; exit with 2 if they can be found.

    The guesses use the folder of the dataset alone. The answers (DATASET-answers by default, if it
    exists) are opened afterwards, to count how many guesses are right; without them, the audit
    still finds what can be looked up.
    """
    from younger_hf.dataset.audit.report import audit as audit_release
    from younger_hf.dataset.read.release import default_answers, open_answers, open_release

    release = open_release(dataset)
    folder = answers if answers is not None else default_answers(dataset)
    hidden = open_answers(folder) if answers is not None or folder.is_dir() else None
    with console.progress("Auditing", quiet=as_json) as advance:
        report = audit_release(release, hidden, advance)
    if as_json:
        leaks = [f"{leak.channel} {leak.track}" for leak in report.leaks]
        console.show_json({**asdict(report), "leaks": leaks})
    else:
        _show(dataset, report)
    if report.leaks:
        names = ", ".join(dict.fromkeys(leak.channel for leak in report.leaks))
        raise DatasetError(
            f"{dataset}: the audit found {len(report.leaks)} leaks, through: {names}.",
            f"Do not publish it. `younger-hf audit {dataset} --json` lists all findings; docs/decisions/0015-leak-audit.md explains.",
        )
    if not as_json:
        console.say("No way to the hidden answers was found." if report.measured else _UNMEASURED)


_UNMEASURED = "Nothing can be looked up. The answers are not here, so nothing else was measured: name their folder with --answers."


def _show(dataset: Path, report: AuditReport) -> None:
    columns = ["attack", "track", "kind", "answers", "guessed", "right", "share", "baseline", "p", "verdict"]
    rows = [
        [r.channel, r.track, r.kind, r.answers, r.answered, r.recovered, r.share, r.baseline, r.p_value, r.verdict]
        for r in report.results
    ]
    console.show_table(f"{dataset}  {report.content_hash}", columns, rows)
    console.say(
        "share: recovered answers of all (AUC for scores of pairs); baseline: the most frequent class of training (.5 for pairs). "
        f"A statistical channel leaks if p < {report.level:.2g}."
    )
    findings = list(dict.fromkeys(finding for result in report.results for finding in result.findings))
    for finding in findings[:MOST_FINDINGS]:
        console.warn(f"Found: {finding}")
    if len(findings) > MOST_FINDINGS:
        console.warn(f"{len(findings) - MOST_FINDINGS} more findings: --json lists them.")
