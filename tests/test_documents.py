"""What the documents show runs as it stands, and what they name exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.dataset.built import build_small
from younger_hf.cli import app

ROOT = Path(__file__).parent.parent
CARDS = [str(card.relative_to(ROOT)) for card in sorted((ROOT / "younger_hf/metrics").glob("*/README.md"))]
GUIDES = ["README.md", *(str(file.relative_to(ROOT)) for file in sorted((ROOT / "docs").glob("*.md")))]
ROOT_PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]
PAGES = [*ROOT_PAGES, *(str(file.relative_to(ROOT)) for file in sorted((ROOT / "docs").rglob("*.md")))]

ELSEWHERE = {
    "docs/sources.md": "the example of a source is installed and run by tests/collect/test_own_source.py",
}
"""Documents whose Python blocks another test runs."""

TRAIN_QUICKLY = ("--epochs", "1")
NOT_RUN = {"submit": "needs a board, which tests/cli and tests/leaderboard serve"}
"""Verbs of README's section about submissions that its test leaves out."""


def blocks(document: str, language: str) -> list[str]:
    """Return the code blocks of one language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def run(*command: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command in a fresh process, offline and without the variables of pytest."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment |= {"HF_HUB_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


EXAMPLES = [
    pytest.param(code, id=f"{document} {number}")
    for document in (*GUIDES, *CARDS)
    if document not in ELSEWHERE
    for number, code in enumerate(blocks(document, "python"), 1)
]


@pytest.mark.heavy
@pytest.mark.parametrize("code", EXAMPLES)
def test_a_python_block_runs_in_a_fresh_process(code: str) -> None:
    """Comments at the beginning of a line state what is printed."""
    done = run(sys.executable, "-c", code)
    assert 0 == done.returncode, done.stderr
    stated = [line[2:] for line in code.splitlines() if line.startswith("# ")]
    assert not stated or stated == done.stdout.splitlines()


@pytest.mark.parametrize("card", CARDS)
def test_every_metric_card_has_examples_that_state_what_they_print(card: str) -> None:
    examples = blocks(card, "python")
    assert examples
    assert any(line.startswith("# ") for example in examples for line in example.splitlines())


def commands(page: str) -> list[list[str]]:
    """Return the `younger-hf` commands of a page's console blocks, without comments."""
    lines = re.findall(r"^\$ (.*)$", "".join(blocks(page, "console")), flags=re.MULTILINE)
    parts = [shlex.split(part, comments=True) for line in lines for part in line.split("&&")]
    return [words[1:] for words in parts if words and Path(words[0]).name == "younger-hf"]


@pytest.mark.heavy
@pytest.mark.parametrize("page", [*PAGES, *CARDS, "loading_script/card.md"])
def test_commands_have_the_verbs_and_options_that_a_page_shows(page: str) -> None:
    verbs: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for verb, *arguments in commands(page):
        options = {
            option for parameter in verbs[verb].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word.split("=")[0] for word in arguments if re.match(r"--?[a-z]", word)} <= options, verb


@pytest.mark.parametrize("page", PAGES)
def test_prose_wraps_at_100_columns(page: str) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    long = [
        line
        for line in text.splitlines()
        if len(line) > 100 and not line.startswith(("|", "![", "* [", "> [")) and " " in line[:100].strip("* ")
    ]
    assert [] == long


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [
        target for target in targets if target and ":" not in target and not ((ROOT / page).parent / target).exists()
    ]
    assert [] == missing


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    named = re.findall(
        r"`((?:younger_hf|leaderboard|loading_script|tests|benchmarks|docs)/[\w/.-]+)`", (ROOT / page).read_text()
    )
    assert [] == [name for name in named if not (ROOT / name).exists()]
    assert named


@pytest.mark.heavy
def test_the_commands_about_submissions_run_on_a_built_dataset(tmp_path: Path) -> None:
    """The commands stand as in README, except that training takes one epoch."""
    (tmp_path / "quickstart").mkdir()
    build_small(tmp_path / "quickstart")
    submit = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Submit")[2]
    lines = re.findall(r"^\$ younger-hf (.*)$", submit, flags=re.MULTILINE)
    words = [shlex.split(line, comments=True) for line in lines]
    assert ["train", "predict", "validate", "score", "submit"] == [verb for verb, *_ in words]
    for verb, *arguments in words:
        if verb in NOT_RUN:
            continue
        extra = TRAIN_QUICKLY if verb == "train" else ()
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from younger_hf.cli import main; main()"
        done = run(sys.executable, "-c", code, verb, *arguments, *extra, folder=tmp_path)
        assert 0 == done.returncode, done.stderr
