"""From models to a dataset repo: every stage over a workspace, then the build."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, fields
from pathlib import Path

from younger_hf.dataset.architecture import Provenance
from younger_hf.dataset.build.repo import BuildStatistics, build
from younger_hf.dataset.build.protocol_rows import Protocol
from younger_hf.dataset.read.release import Release, default_answers
from younger_hf.errors import DatasetError, SourceError
from younger_hf.graph.dag import Dag
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.files.folder import folder as folder_candidates
from younger_hf.sources.presets import preset as preset_candidates
from younger_hf.collect.archive import unpack
from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.local_engine import run_local
from younger_hf.collect.run import Selection, num_pending, modules_to_preload, export_pending
from younger_hf.collect.workspace import Workspace, is_workspace
from younger_hf.containment.limits import Limits

PUBLIC_SECRET = "younger-hf"  # noqa: S105 - public on purpose
"""Default secret that decides what is tested.

The cards of datasets built with it warn that it is public.
"""

_STEPS = 9
"""Steps of a build, for its progress bar."""
_NEXT_STEP = "`openssl rand -hex 32` prints a new one."

Advance = Callable[[str, int, int], None]
ShowProgress = Callable[[str], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class BuildPlan:
    """The models to build from, the folders, and the settings.

    Attributes:
        out: Folder of the dataset repo.
        preset: Named set of models, or None.
        models: Folder with ONNX files, or None.
        answers: Folder of the hidden answers; None for `OUT-answers`.
        workspace: Folder of the stages; None for `OUT-workspace`.
        workers: Number of models exported at a time.
        timeout: Longest export of one model in seconds.
        version: Version of the dataset, such as `0.1.0`.
        secret_file: File with the secret that decides what is tested; None for the public one.
        archives: Packed workspaces to build from instead; the first that holds a model wins.
        protocol: How rows are built and split.
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
    archives: tuple[Path, ...] = ()
    protocol: Protocol = "grouped"

    @property
    def answers_folder(self) -> Path:
        """Folder of the hidden answers."""
        return self.answers if self.answers is not None else default_answers(self.out)

    @property
    def workspace_folder(self) -> Path:
        """Folder of the stages."""
        return self.workspace if self.workspace is not None else self.out.with_name(f"{self.out.name}-workspace")


@dataclass(frozen=True)
class BuildResult:
    """The built release, its counts, and the reason for each model that could not be used."""

    release: Release
    statistics: BuildStatistics
    failures: dict[str, str]


def build_dataset(plan: BuildPlan, show: ShowProgress, warn: Callable[[str], None]) -> BuildResult:
    """Run every stage; models that cannot be exported or read are reported by `warn` and left out.

    Args:
        plan: The plan. Without a preset and a folder, everything in its workspace is built.
        show: Called with each stage's name; returns a context that draws its progress.
        warn: Called with each message about a model that is left out.

    Raises:
        SourceError: If no models are named.
        WorkspaceError: If the workspace cannot be used.
        DatasetError: If the version is malformed, or the models do not make a dataset.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", plan.version):  # `datasets` could not load the result
        raise DatasetError(f"Version {plan.version!r}: expected three numbers.", "Choose one such as 0.1.0.")
    secret = _secret(plan.secret_file)
    if plan.archives:
        with show("Reading") as advance:
            found, failures = _collected(_unpacked(plan.archives), None, advance)
    else:
        found, failures = _worked(plan, show)
    for name, reason in failures.items():
        warn(f"Left out {name}: {reason}")
    steps = 0
    with show("Building") as advance:

        def report(step: str) -> None:
            nonlocal steps
            steps += 1
            advance(step, steps, max(steps, _STEPS))

        release, statistics = build(
            found,
            plan.out,
            plan.answers_folder,
            version=plan.version,
            secret=secret,
            public_secret=plan.secret_file is None,
            protocol=plan.protocol,
            report=report,
        )
    return BuildResult(release, statistics, failures)


def _listed(plan: BuildPlan) -> tuple[Candidate, ...]:
    candidates: tuple[Candidate, ...] = ()
    if plan.preset is not None:
        candidates += preset_candidates(plan.preset)
    if plan.models is not None:
        candidates += folder_candidates(plan.models)
    if not candidates and not is_workspace(plan.workspace_folder):
        raise SourceError(
            "There is nothing to build from.",
            "Name a preset, a folder or a workspace: --preset mini, --models FOLDER, --workspace FOLDER.",
        )
    return candidates


def _export(workspace: Workspace, ids: Set[str], plan: BuildPlan, show: ShowProgress) -> None:
    selection = Selection(ids=ids, retry=("all",))
    total, done = num_pending(workspace, selection), 0
    limits = Limits(seconds=plan.timeout)
    preload = modules_to_preload(workspace, selection)
    with show("Exporting") as advance:

        def report(result: ExportResult) -> None:
            nonlocal done
            done += 1
            advance(result.id, done, total)

        export_pending(
            workspace,
            selection,
            lambda jobs: run_local(jobs, workspace.running, limits, workers=plan.workers, preload=preload),
            report,
        )


def _worked(plan: BuildPlan, show: ShowProgress) -> tuple[list[tuple[Dag, Provenance]], dict[str, str]]:
    """The Dags and failures of the listed models, which are exported first.

    If no model is listed, those of the whole workspace.
    """
    listed = _listed(plan)
    with closing(Workspace(plan.workspace_folder)) as workspace:
        if listed:
            with workspace.locked():
                workspace.add(listed)
            _export(workspace, {candidate.id for candidate in listed}, plan, show)
        ids = {candidate.id for candidate in listed} if listed else None
        models = ((c, result, workspace.dag(dag) if dag else None) for c, result, _, dag in workspace.results(ids))
        with show("Reading") as advance:
            return _collected(models, len(ids) if ids is not None else workspace.num_results(), advance)


def _unpacked(archives: Iterable[Path]) -> Iterator[tuple[Candidate, ExportResult, Dag | None]]:
    seen: set[str] = set()
    for archive in archives:
        for candidate, result, dag in unpack(archive):
            if candidate.id not in seen:
                seen.add(candidate.id)
                yield candidate, result, dag


def _collected(
    models: Iterable[tuple[Candidate, ExportResult, Dag | None]], total: int | None, advance: Advance
) -> tuple[list[tuple[Dag, Provenance]], dict[str, str]]:
    """Dags with their provenance, and the reason for each model without a Dag."""
    found, failures = [], {}
    for count, (candidate, result, dag) in enumerate(models, start=1):
        if dag is not None:
            found.append((dag, Provenance(**{field.name: getattr(candidate, field.name) for field in fields(Provenance)})))
        else:
            failures[candidate.id] = result.error
        advance(candidate.id, count, total or count)
    return found, failures


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
