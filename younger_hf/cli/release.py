"""`younger-hf card, seal, publish`: a built dataset goes out."""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Json, app
from younger_hf.errors import DatasetError


@app.command(epilog="Examples: younger-hf card younger; younger-hf card younger --check")
def card(
    dataset: Annotated[Path, typer.Argument(help="Folder of a built dataset repo.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only compare with the card that is there; 2 if it differs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a dataset's card again, every number from its data files."""
    from younger_hf.dataset.build.card import card_of, write_card
    from younger_hf.dataset.read.release import open_release
    from younger_hf.dataset.read.verify import CARD, verify

    release = open_release(dataset)
    if check:
        for config in release.files:
            verify(dataset, config)
        here = (dataset / CARD).read_text(encoding="utf-8").splitlines()
        made = card_of(release).splitlines()
        differing = [number for number, pair in enumerate(zip_longest(here, made), start=1) if pair[0] != pair[1]]
        if differing:
            line = differing[0]
            raise DatasetError(
                f"{dataset / CARD}:{line}: the data files give {len(differing)} other lines, as {''.join(made[line - 1 : line])!r}.",
                f"Make it again: younger-hf card {dataset}",
            )
    else:
        write_card(release)
    if as_json:
        console.show_json({"content_hash": release.content_hash, "statistics": release.record.get("statistics", {})})
        return
    console.say(f"{dataset / CARD}: {'every number is that of the data files' if check else 'made again'}.")


@app.command(epilog="Example: YOUNGER_ANSWERS_KEY=... younger-hf seal younger-answers --out leaderboard/answers")
def seal(
    answers: Annotated[Path, typer.Argument(help="Folder with the hidden answers of a build.")],
    out: Annotated[Path, typer.Option(help="Folder for the encrypted ones, which may lie in public.")],
    as_json: Json = False,
) -> None:
    """Encrypt hidden answers with the key in YOUNGER_ANSWERS_KEY; whoever has it scores with them as with the others."""
    from younger_hf.crypto import key_from_environment
    from younger_hf.dataset.build.write_files import seal_answers
    from younger_hf.dataset.read.release import open_answers

    opened = open_answers(answers)
    seal_answers(opened, out, key_from_environment())
    if as_json:
        console.show_json({"content_hash": opened.content_hash, "tracks": opened.tracks})
        return
    console.say(f"Sealed the answers of {', '.join(opened.tracks)} for {opened.content_hash} in {out}")


@app.command(
    epilog="Examples: younger-hf publish younger --repo ORG/younger; "
    "younger-hf publish younger --repo ORG/younger --answers younger-answers --answers-repo ORG/younger-answers --yes"
)
def publish(
    dataset: Annotated[Path, typer.Argument(help="Folder of a built dataset repo.")],
    repo: Annotated[str, typer.Option(help="Dataset repo on the Hub, ORG/NAME.")],
    private: Annotated[bool, typer.Option(help="Make the repo private if it is new.")] = False,
    answers: Annotated[Path | None, typer.Option(help="Folder of the hidden answers, to upload as well.")] = None,
    answers_repo: Annotated[str, typer.Option(help="Private dataset repo for them. (default: REPO-answers)")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; with --json, nothing is uploaded without it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Upload a dataset repo to the Hugging Face Hub (HF_ENDPOINT for another one) and tag its version."""
    from younger_hf.dataset.publish import plan_publication, publish_answers
    from younger_hf.dataset.publish import publish as upload
    from younger_hf.dataset.read.release import open_answers, open_release

    release = open_release(dataset)
    hidden = open_answers(answers) if answers is not None else None
    if hidden is not None and hidden.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers}: these answers belong to {hidden.content_hash}, the dataset is {release.content_hash}.",
            "Give the folder that was written together with the dataset.",
        )
    plan = plan_publication(release, repo)
    if not as_json:
        what = "a new repo" if plan.new else "an existing one"
        console.say(f"{repo} ({what}), version {release.version}, {release.content_hash}")
        for word, paths in (("add", plan.added), ("change", plan.changed), ("delete", plan.deleted)):
            for path in paths:
                console.say(f"  {word:7}{path}")
        console.say(f"  {'tag':7}{plan.tag}{' (is there already)' if plan.tagged else ''}")
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
