"""`younger-hf audit`: whether a dataset gives its hidden answers away."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Json, app
from younger_hf.errors import DatasetError

MOST_FINDINGS = 20
"""Findings that are named one by one."""


@app.command(
    epilog="Examples: younger-hf audit younger; younger-hf audit younger --answers younger-answers --json; "
    "YOUNGER_ANSWERS_KEY=... younger-hf audit younger --answers leaderboard/answers"
)
def audit(
    dataset: Annotated[Path, typer.Argument(help="Folder of a built dataset repo.")],
    answers: Annotated[
        Path | None,
        typer.Option(help="Folder of the hidden answers, sealed or not. (default: DATASET-answers, if it is there)"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try to find the hidden answers in everything that is public; exit with 2 if any way leads to them.

    Guesses are made from the dataset's folder alone. The answers are opened afterwards, to count how many are right; without
    them, what can be looked up is still found.
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
            "Do not publish it. `younger-hf audit DATASET --json` has all that was found; docs/decisions/0015-leak-audit.md explains.",
        )
    if not as_json:
        console.say("No way to the hidden answers was found." if report.measured else _UNMEASURED)


_UNMEASURED = "Nothing can be looked up. There are no answers here, so nothing else was measured: give their folder with --answers."


def _show(dataset: Path, report: Any) -> None:
    columns = ["channel", "track", "kind", "answers", "guessed", "right", "share", "baseline", "p", "verdict"]
    rows = [
        [r.channel, r.track, r.kind, r.answers, r.answered, r.recovered, r.share, r.baseline, r.p_value, r.verdict]
        for r in report.results
    ]
    title = f"{dataset}  {report.content_hash}"
    console.show_table(title, columns, rows)
    console.say(
        "share: of all answers, how many were recovered (AUC for scores of pairs); baseline: the most frequent class of training "
        f"(.5 for pairs). A statistical channel leaks if p < {report.level:.2g}."
    )
    findings = dict.fromkeys(finding for result in report.results for finding in result.findings)
    for finding in list(findings)[:MOST_FINDINGS]:
        console.warn(f"Found: {finding}")
    if len(findings) > MOST_FINDINGS:
        console.warn(f"{len(findings) - MOST_FINDINGS} more findings: --json names them.")
