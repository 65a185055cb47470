"""`younger-hf card, seal, publish`: publishing a built dataset."""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.app import AnswersFolder, Dataset, Json, command
from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    from younger_hf.dataset.publish import Publication
    from younger_hf.dataset.read.release import Release


@command("younger-hf card younger", "younger-hf card younger --check")
def card(
    dataset: Dataset,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare with the existing card; exit with 2 if it differs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the card of a dataset again, with every number from its data files."""
    from younger_hf.dataset.build.card import write_card
    from younger_hf.dataset.read.release import open_release
    from younger_hf.dataset.read.verify import CARD

    release = open_release(dataset)
    if check:
        _check_card(release)
    else:
        write_card(release)
    if as_json:
        console.show_json({"content_hash": release.content_hash, "statistics": release.record.get("statistics", {})})
        return
    console.say(f"{dataset / CARD}: {'every number matches the data files' if check else 'written again'}.")


def _check_card(release: Release) -> None:
    from younger_hf.dataset.build.card import card_of
    from younger_hf.dataset.read.verify import CARD, verify

    for config in release.files:
        verify(release.root, config)
    path = release.root / CARD
    found = path.read_text(encoding="utf-8").splitlines()
    expected = card_of(release).splitlines()
    differing = [number for number, pair in enumerate(zip_longest(found, expected), start=1) if pair[0] != pair[1]]
    if differing:
        line = differing[0]
        text = "".join(expected[line - 1 : line])
        raise DatasetError(
            f"{path}:{line}: {len(differing)} line(s) differ from the data files; expected here {text!r}.",
            f"Write it again: younger-hf card {release.root}",
        )


@command("YOUNGER_ANSWERS_KEY=... younger-hf seal younger-answers --out leaderboard/answers")
def seal(
    answers: Annotated[Path, typer.Argument(help="Folder with the hidden answers of a build.")],
    out: Annotated[Path, typer.Option(help="Folder for the encrypted answers, which may be public.")],
    as_json: Json = False,
) -> None:
    """Encrypt hidden answers with the key in YOUNGER_ANSWERS_KEY, which scoring then requires."""
    from younger_hf.crypto import key_from_environment
    from younger_hf.dataset.build.write_files import seal_answers
    from younger_hf.dataset.read.release import open_answers

    opened = open_answers(answers)
    seal_answers(opened, out, key_from_environment())
    if as_json:
        console.show_json({"content_hash": opened.content_hash, "tracks": opened.tracks})
        return
    console.say(f"Sealed the answers of {', '.join(opened.tracks)} for {opened.content_hash} in {out}")


@command(
    "younger-hf publish younger --repo ORG/younger",
    "younger-hf publish younger --repo ORG/younger --answers younger-answers --answers-repo ORG/younger-answers --yes",
)
def publish(
    dataset: Dataset,
    repo: Annotated[str, typer.Option(help="Dataset repo on the Hub, ORG/NAME.")],
    private: Annotated[bool, typer.Option(help="Create the repo as a private one.")] = False,
    answers: AnswersFolder = None,
    answers_repo: Annotated[str, typer.Option(help="Private dataset repo for them. (default: REPO-answers)")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; with --json, nothing is uploaded without it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change without changing it.")] = False,
    as_json: Json = False,
) -> None:
    """Upload a dataset repo to the Hugging Face Hub (or to HF_ENDPOINT) and tag its version."""
    from younger_hf.dataset.publish import plan_publication, publish_answers
    from younger_hf.dataset.publish import publish as upload
    from younger_hf.dataset.read.release import open_answers, open_release

    release = open_release(dataset)
    hidden = open_answers(answers) if answers is not None else None
    if hidden is not None and hidden.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers}: these answers belong to {hidden.content_hash}, the dataset is {release.content_hash}.",
            "Name the folder that was written together with the dataset.",
        )
    plan = plan_publication(release, repo)
    if not as_json:
        _show_plan(plan, release)
    if dry_run or not (yes or (not as_json and typer.confirm("Publish?", default=False))):
        if as_json:
            console.show_json(asdict(plan))
        return
    addresses = {"dataset": upload(release, plan, private=private)}
    if hidden is not None:
        addresses["answers"] = publish_answers(hidden, answers_repo or f"{repo}-answers")
    if as_json:
        console.show_json({**asdict(plan), **addresses})
        return
    for name, address in addresses.items():
        console.say(f"The {name}: {address}")
    console.say(f'Next: datasets.load_dataset("{repo}", "operator_w_attrs", revision="{plan.tag}")')


def _show_plan(plan: Publication, release: Release) -> None:
    repo = "a new repo" if plan.new else "an existing one"
    console.say(f"{plan.repo} ({repo}), version {release.version}, {release.content_hash}")
    for word, paths in (("add", plan.added), ("change", plan.changed), ("delete", plan.deleted)):
        for path in paths:
            console.say(f"  {word:7}{path}")
    console.say(f"  {'tag':7}{plan.tag}{' (exists already)' if plan.tagged else ''}")
