from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import datasets
import pytest

from tests.dataset.models import LIGHT, network
from younger_hf.cli import quickstart
from younger_hf.dataset.build.pipeline import PUBLIC_SECRET, Advance, BuildPlan, BuildResult, build_dataset
from younger_hf.dataset.read.release import open_answers
from younger_hf.tasks import TRACKS
from younger_hf.errors import DatasetError, SourceError


class Console:
    """What the command line shows, kept."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.steps: dict[str, list[tuple[str, int, int]]] = {}
        self.warnings: list[str] = []

    @contextmanager
    def show(self, stage: str) -> Iterator[Advance]:
        self.stages.append(stage)
        steps = self.steps.setdefault(stage, [])
        yield lambda what, done, total: steps.append((what, done, total))

    def run(self, plan: BuildPlan) -> BuildResult:
        return build_dataset(plan, self.show, self.warnings.append)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ONNX files, two of which are none."""
    root = tmp_path_factory.mktemp("models")
    (root / "deep").mkdir()
    for path in LIGHT:
        shutil.copy(path, root / "deep" / path.name)
    for seed in range(60):
        (root / f"network-{seed}.onnx").write_bytes(network(seed).SerializeToString())
    (root / "text.onnx").write_text("no model at all")
    (root / "cut.onnx").write_bytes(network(0).SerializeToString()[:99])
    return root


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workspace, so that models are exported once."""
    return tmp_path_factory.mktemp("work")


def test_a_folder_of_models_becomes_a_dataset_and_again_the_same_one(folder: Path, work: Path, tmp_path: Path) -> None:
    console, plan = Console(), BuildPlan(tmp_path / "younger", models=folder, workspace=work)
    result = console.run(plan)
    assert ["Exporting", "Reading", "Building"] == console.stages
    assert [71] * 71 == [total for _, _, total in console.steps["Exporting"]]
    assert [(i, 9) for i in range(1, 10)] == [step[1:] for step in console.steps["Building"]]
    assert {"local--text", "local--cut"} == set(result.failures)
    assert sorted(f"Left out {name}: {reason}" for name, reason in result.failures.items()) == sorted(console.warnings)
    assert (69, 69) == (result.statistics.models, result.statistics.architectures)
    answers = open_answers(plan.answers_folder)
    assert tmp_path / "younger-answers" == answers.root
    for track in TRACKS:
        assert result.release.rows[track]["test"] == answers.table(track).num_rows
    assert "used the default secret" in (result.release.root / "README.md").read_text()

    (one, *_) = (plan.workspace_folder / "objects").rglob("*")
    before = one.stat().st_mtime_ns
    console = Console()
    again = console.run(plan)
    assert (result.release, result.statistics, result.failures) == (again.release, again.statistics, again.failures)
    assert 2 == len(console.steps["Exporting"])  # those that failed are tried again
    assert before == one.stat().st_mtime_ns


def test_a_secret_file_decides_about_the_test_rows(folder: Path, work: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    results = []
    for text in (PUBLIC_SECRET + "-but-longer", "another secret of the host"):
        secret.write_text(text + "\n")
        plan = BuildPlan(tmp_path / "younger", models=folder, workspace=work, secret_file=secret)
        results.append(Console().run(plan))
        assert "decided with a secret of the host" in (plan.out / "README.md").read_text()
    assert results[0].release.content_hash != results[1].release.content_hash


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "the secret cannot be read"),
        (b"\xff\xfe\x00", "the secret cannot be read"),
        (b"", "expected a secret of at least 16 characters, found 0"),
        (b"  too short  \n", "expected a secret of at least 16 characters, found 9"),
    ],
)
def test_a_malformed_secret_is_refused_before_any_work(
    folder: Path, tmp_path: Path, content: bytes | None, found: str
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    console = Console()
    with pytest.raises(DatasetError, match=found) as caught:
        console.run(BuildPlan(tmp_path / "younger", models=folder, secret_file=secret))
    assert "openssl rand" in caught.value.hint
    assert [] == console.stages


def test_nothing_to_build_from_is_one_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to build from") as caught:
        Console().run(BuildPlan(tmp_path / "younger"))
    assert "--models" in caught.value.hint


@pytest.mark.parametrize("version", ["quickstart", "1.0", "1.0.0-rc1", ""])
def test_a_version_that_datasets_cannot_load_is_refused_before_any_work(tmp_path: Path, version: str) -> None:
    with pytest.raises(DatasetError, match="expected three numbers"):
        Console().run(BuildPlan(tmp_path / "younger", preset="mini", version=version))
    assert [] == list(tmp_path.iterdir())


def test_the_version_of_the_quickstart_can_be_loaded() -> None:
    assert datasets.Version(quickstart.VERSION) < datasets.Version("0.1.0")


def test_folders_lie_beside_the_dataset_by_default(tmp_path: Path) -> None:
    plan = BuildPlan(Path("data/younger"))
    assert (Path("data/younger-answers"), Path("data/younger-workspace")) == (
        plan.answers_folder,
        plan.workspace_folder,
    )
    plan = BuildPlan(Path("younger"), answers=tmp_path / "a", workspace=tmp_path / "w")
    assert (tmp_path / "a", tmp_path / "w") == (plan.answers_folder, plan.workspace_folder)
