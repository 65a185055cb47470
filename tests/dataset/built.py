"""A small dataset, really built: what most tests of loading, training and leaks look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.dataset.models import models
from younger_hf.dataset.build.repo import BuildStatistics, build
from younger_hf.dataset.read.release import Answers, Release, open_answers

SECRET = "c"
"""Fills every split of the dataset of `models()`."""
VERSION = "0.3.0"


@dataclass(frozen=True)
class Built:
    """A dataset repo with its answers and the counts of its build."""

    release: Release
    answers: Answers
    statistics: BuildStatistics

    @property
    def root(self) -> Path:
        return self.release.root


def build_small(folder: Path, *, secret: str = SECRET, version: str = VERSION) -> Built:
    """Build `models()` into `folder/younger` and `folder/younger-answers`."""
    root, answers = folder / "younger", folder / "younger-answers"
    release, statistics = build(models(), root, answers, version=version, secret=secret)
    return Built(release, open_answers(answers), statistics)
