"""From models to a dataset repo: retrieve -> export -> extract -> build, each stage a folder of the workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from younger_hf.dataset.architecture import Provenance
from younger_hf.dataset.build import BuildStatistics, build
from younger_hf.dataset.release import Release, default_answers
from younger_hf.dataset.workspace import Extraction, Model, extract_all
from younger_hf.errors import DatasetError, SourceError
from younger_hf.export.stage import export_all
from younger_hf.retrieve.candidate import Candidate
from younger_hf.retrieve.folder import folder as folder_candidates
from younger_hf.retrieve.presets import preset as preset_candidates

PUBLIC_SECRET = "younger-hf"  # noqa: S105 - public on purpose
"""Decides what is tested where no secret is given; datasets built with it say so in their card."""

_NEXT_STEP = "`openssl rand -hex 32` makes one."

Advance = Callable[[str, int, int], None]
ShowProgress = Callable[[str], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class BuildPlan:
    """What to build, and where.

    Attributes:
        out: Folder of the dataset repo.
        preset: Named set of models, or None.
        models: Folder with ONNX files, or None.
        answers: Folder of the hidden answers; None for `OUT-answers`.
        workspace: Folder of the stages; None for `OUT-workspace`.
        workers: Models exported at a time.
        timeout: Longest export of one model in seconds.
        version: Version of the dataset, as `0.1.0`.
        secret_file: File with the secret that decides what is tested; None for the public one.
    """

    out: Path
    preset: str | None = None
    models: Path | None = None
    answers: Path | None = None
    workspace: Path | None = None
    workers: int = 2
    timeout: int = 300
    version: str = "0.1.0"
    secret_file: Path | None = None

    @property
    def answers_folder(self) -> Path:
        """Where the hidden answers go."""
        return self.answers if self.answers is not None else default_answers(self.out)

    @property
    def workspace_folder(self) -> Path:
        """Where the stages keep their work."""
        return self.workspace if self.workspace is not None else self.out.with_name(f"{self.out.name}-workspace")


@dataclass(frozen=True)
class BuildResult:
    """What a build gave: the release, its counts, and the models that could not be used, with the reason."""

    release: Release
    statistics: BuildStatistics
    failures: dict[str, str]


def build_dataset(plan: BuildPlan, show: ShowProgress, warn: Callable[[str], None]) -> BuildResult:
    """Run every stage; models that cannot be exported or read are named by `warn` and left out.

    Args:
        plan: What to build.
        show: Called with each stage's name; gives a context that draws its progress.
        warn: Called with each message about a model that is left out.

    Raises:
        SourceError: If there are no models.
        DatasetError: If the dataset cannot be built from them.
    """
    secret = _secret(plan.secret_file)
    candidates = _candidates(plan)
    exported = plan.workspace_folder / "export"
    with show("Exporting") as advance:
        records = export_all(
            candidates,
            exported,
            workers=plan.workers,
            timeout=plan.timeout,
            on_progress=lambda record, done, total: advance(record.id, done, total),
        )
    failures = {record.id: record.error for record in records if record.status != "done"}
    models = [_model(candidate, exported) for candidate in candidates if candidate.id not in failures]
    with show("Extracting") as advance:
        results = extract_all(
            models, plan.workspace_folder / "extract", lambda r, done, total: advance(r.model.id, done, total)
        )
    failures.update((result.model.id, result.error) for result in results if result.dag is None)
    for name, reason in failures.items():
        warn(f"Left out {name}: {reason}")
    found = [(result.dag, result.model.provenance) for result in results if result.dag is not None]
    steps = 0
    with show("Building") as advance:

        def report(step: str) -> None:
            nonlocal steps
            steps += 1
            advance(step, steps, 7)

        release, statistics = build(
            found,
            plan.out,
            plan.answers_folder,
            version=plan.version,
            secret=secret,
            public_secret=plan.secret_file is None,
            report=report,
        )
    (plan.workspace_folder / "failures.json").write_text(json.dumps(failures, indent=2) + "\n", encoding="utf-8")
    return BuildResult(release, statistics, failures)


def extract_folder(source: Path, out: Path, advance: Advance) -> tuple[Extraction, ...]:
    """Read the DAG of one ONNX file, or of every one below a folder, into `out`.

    Raises:
        SourceError: If there is no such file or folder, or the folder has no ONNX file.
    """
    if source.is_file():
        models = [Model(source.stem, source, Provenance("local", source.name))]
    else:
        models = [
            Model(candidate.id, Path(candidate.recipe["path"]), Provenance(candidate.hub, candidate.model))
            for candidate in folder_candidates(source)
        ]
    return extract_all(models, out, lambda result, done, total: advance(result.model.id, done, total))


def _candidates(plan: BuildPlan) -> tuple[Candidate, ...]:
    candidates: tuple[Candidate, ...] = ()
    if plan.preset is not None:
        candidates += preset_candidates(plan.preset)
    if plan.models is not None:
        candidates += folder_candidates(plan.models)
    if not candidates:
        raise SourceError(
            "There is nothing to build from.", "Name a preset or a folder: --preset mini, --models FOLDER."
        )
    return candidates


def _model(candidate: Candidate, exported: Path) -> Model:
    provenance = Provenance(
        candidate.hub, candidate.model, candidate.task, candidate.downloads, candidate.likes, candidate.licence
    )
    return Model(candidate.id, exported / f"{candidate.id}.onnx", provenance)


def _secret(file: Path | None) -> str:
    if file is None:
        return PUBLIC_SECRET
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{file}: the secret cannot be read ({error}).", _NEXT_STEP) from error
    if len(secret) < 16:
        raise DatasetError(f"{file}: expected a secret of at least 16 characters, found {len(secret)}.", _NEXT_STEP)
    return secret
