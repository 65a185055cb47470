"""The command line: user errors are one clear message with exit status 2, and `--json` is JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.models import CommandInfo

import younger_hf.cli  # noqa: F401 - it registers the commands
from benchmarks.heavy import chain
from benchmarks.serving import serve
from tests.graph.models import LIGHT, parse
from younger_hf.cli.app import PANELS, app
from younger_hf.crypto import KEY
from younger_hf.dataset.build.write_files import write_answers, write_release
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import schema_of
from younger_hf.submission import SubmissionMetadata, write_metadata, write_predictions


def younger(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "younger_hf.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=120)


def assert_one_clear_message(run: subprocess.CompletedProcess[str], *fragments: str) -> None:
    assert 2 == run.returncode, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert 1 == run.stderr.count("Error:")
    for fragment in fragments:
        assert fragment in " ".join(run.stderr.split())


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A small real dataset with three test graphs, its answers beside it."""
    root = tmp_path_factory.mktemp("cli") / "younger"
    rng = np.random.default_rng(0)

    def rows(split: str, count: int) -> list[dict[str, Any]]:
        return [
            {
                "graph_id": f"{split}{number}",
                "num_nodes": 4,
                "node_feat": [2, 3, 1, 4],
                "edge_index": [[0, 1, 2], [1, 2, 3]],
                "mask_index": [2],
                "y": [-1] if split == "test" else [int(rng.integers(2, 5))],
            }
            for number in range(count)
        ]

    def table(config: str, values: list[dict[str, Any]]) -> pa.Table:
        return pa.Table.from_pylist(values, schema=schema_of(config))

    vocabulary = [
        {"id": i, "domain": "", "op_type": name, "attributes": "", "count": 9 - i}
        for i, name in enumerate(["UNK", "MASK", "Conv", "Relu", "Add"])
    ]
    config = "operator_wo_attrs"
    tables = {
        config: {split: table(config, rows(split, 3)) for split in ("train", "validation", "test")},
        "vocabulary_wo_attrs": {"train": table("vocabulary_wo_attrs", vocabulary)},
    }
    made = write_release(root, tables, "0.1.0")
    answers = pa.table({"graph_id": ["test0", "test1", "test2"], "y": pa.array([[2], [3], [4]], pa.list_(pa.int32()))})
    write_answers(root.with_name("younger-answers"), {config: answers}, made.content_hash)
    return made


@pytest.fixture
def entry(release: Release, tmp_path: Path) -> Path:
    """A valid submission with two of three graphs right."""
    folder = tmp_path / "entry"
    write_predictions(folder, "operator_wo_attrs", {"test0": [2], "test1": [3], "test2": [2]})
    metadata = SubmissionMetadata("operator_wo_attrs", release.content_hash, "ours", "us")
    write_metadata(folder / "submission.yaml", metadata)
    return folder


@pytest.mark.heavy
def test_help_lists_the_commands_in_the_order_of_work() -> None:
    run = younger("--help")
    assert 0 == run.returncode
    words = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("\u2502 ") and line[2] != " "]
    verbs = [word for word in words if word in {verb for verbs in PANELS.values() for verb in verbs}]
    assert ["quickstart", "retrieve", "import-official", "export", "status", "pack", "build"] == verbs[:7]
    assert ["train", "predict", "validate", "score", "compare", "submit", "leaderboard"] == verbs[-7:]
    assert len(verbs) == len(set(verbs)) == len(app.registered_commands)


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.name)
def test_every_command_has_examples(command: CommandInfo) -> None:
    assert f"younger-hf {command.name}" in (command.epilog or "")


@pytest.mark.heavy
def test_help_of_a_command_shows_its_examples() -> None:
    assert "younger-hf build --preset mini" in " ".join(younger("build", "--help").stdout.split())


@pytest.mark.heavy
def test_the_version_is_that_of_the_package() -> None:
    assert f"younger-hf {version('younger-hf')}\n" == younger("--version").stdout


@pytest.mark.parametrize(("verb", "again"), [("build", True), ("stats", False)])
def test_an_interrupted_command_reports_whether_it_can_be_resumed(
    verb: str, again: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("younger_hf.dataset.build.pipeline.build_dataset", interrupt)
    monkeypatch.setattr("younger_hf.dataset.read.release.open_release", interrupt)
    arguments = {"build": ["build", "--out", "x", "--preset", "mini"], "stats": ["stats", "x"]}[verb]
    with pytest.raises(SystemExit) as ended:
        app(arguments)
    assert 130 == ended.value.code
    shown = " ".join(capsys.readouterr().err.split())
    assert again == ("Interrupted. Run the same command again: it goes on where it stopped." in shown)
    assert "Interrupted." in shown


@pytest.mark.heavy
def test_inspect_shows_a_model_as_table_and_as_json() -> None:
    path = next(path for path in LIGHT if "squeezenet" in path.stem)
    table = younger("inspect", path)
    assert (0, True) == (table.returncode, "Conv" in table.stdout)
    assert "698,303,872" in table.stdout
    values = json.loads(younger("inspect", path, "--json").stdout)
    assert (66, 26) == (values["num_nodes"], values["operators"]["Conv"])
    assert (1_235_496, 349_151_936, {}) == (values["num_parameters"], values["macs"], values["uncounted"])
    assert [{"name": "data_0", "dtype": "float", "shape": [1, 3, 224, 224]}] == values["inputs"]
    assert {"": 9} == values["opsets"]
    assert 32 == len(values["wl_hash_w_attrs"])


@pytest.mark.heavy
def test_inspect_reads_a_model_on_a_server_without_its_weights(tmp_path: Path) -> None:
    (tmp_path / "chain.onnx").write_bytes(chain(20, 1 << 20).SerializeToString())
    with serve(tmp_path) as server:
        run = younger("inspect", f"{server.address}/chain.onnx", "--json")
    assert 0 == run.returncode, run.stderr
    assert {"Add": 20} == json.loads(run.stdout)["operators"]
    assert server.bytes_sent < 0.02 * (20 << 20)


@pytest.mark.heavy
def test_inspect_draws_a_small_model_and_explains_when_one_is_too_large(tmp_path: Path) -> None:
    small, large = (next(path for path in LIGHT if name in path.stem) for name in ("squeezenet", "densenet"))
    run = younger("inspect", small, "--svg", tmp_path / "model.svg")
    assert (0, True) == (run.returncode, f"The drawing is in {tmp_path / 'model.svg'}" in run.stdout)
    assert (tmp_path / "model.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert_one_clear_message(
        younger("inspect", large, "--svg", tmp_path / "large.svg"), "has 668 operators", "expected 1 to 500", "Hint:"
    )
    assert not (tmp_path / "large.svg").exists()
    assert_one_clear_message(younger("inspect", small, "--svg", tmp_path / "none" / "x.svg"), "cannot be written")


@pytest.mark.heavy
def test_inspect_uses_the_given_dynamic_dimensions_and_shows_names_as_text(tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[n, 8] name) => (y) <float[2] w = {1, 2}> { t = Transpose(name)  y = MatMul(t, name) }"""
    model = onnx.ModelProto.FromString(parse(text))
    model.graph.input[0].name = model.graph.node[0].input[0] = model.graph.node[1].input[1] = "\x1b[31m[bold]x"
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    run = younger("inspect", tmp_path / "model.onnx", "--dynamic-size", "5")
    assert " 640 " in run.stdout  # FLOPs: 2 x 8 x 5 x 8
    assert "\x1b" not in run.stdout
    assert "\ufffd[31m[bold]x" in run.stdout


@pytest.mark.heavy
def test_a_truncated_model_is_one_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(LIGHT[0].read_bytes()[:1500])
    assert_one_clear_message(younger("inspect", path), "cut.onnx: this is not a readable ONNX model", "Hint:")


@pytest.mark.heavy
def test_text_named_onnx_is_one_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("This is a letter, not a model.\n")
    assert_one_clear_message(younger("inspect", path), "text.onnx: this is no", "ONNX model")
    assert_one_clear_message(younger("extract", path, "--out", tmp_path / "dags"), "none of the 1 files is a readable")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "command", [("extract", "--out", "dags"), ("build", "--out", "younger", "--models"), ("stats",)]
)
def test_an_empty_folder_is_one_clear_message(command: tuple[str, ...], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run = younger(*command, empty, cwd=tmp_path)
    assert_one_clear_message(run, str(empty), "empty")


@pytest.mark.heavy
def test_a_missing_config_is_one_clear_message(release: Release, entry: Path) -> None:
    run = younger("stats", release.root, "--config", "operator_with_attrs")
    assert_one_clear_message(run, "unknown config 'operator_with_attrs'", "operator_wo_attrs", "Hint:")
    run = younger("validate", entry, "--data", release.root, "--track", "operator_with_attrs")
    assert_one_clear_message(run, "operator_with_attrs", "one of operator_wo_attrs")


@pytest.mark.heavy
def test_a_valid_submission_is_validated_and_scored(release: Release, entry: Path) -> None:
    assert "valid for operator_wo_attrs" in younger("validate", entry, "--data", release.root).stdout
    scored = json.loads(younger("score", entry, "--data", release.root, "--json").stdout)
    assert pytest.approx(2 / 3) == scored["metrics"]["accuracy"]
    # two of three graphs are right: (1/3)**3 = 3.7% of the resamples contain neither,
    # (2/3)**3 = 30% contain nothing else
    assert {"level": 0.95, "resamples": 1000, "redrawn": 0} == {
        name: scored["intervals"]["accuracy"].pop(name) for name in ("level", "resamples", "redrawn")
    }
    assert {"low": 0.0, "high": 1.0} == scored["intervals"]["accuracy"]


@pytest.mark.heavy
def test_a_score_is_shown_with_its_interval_unless_resamples_are_zero(release: Release, entry: Path) -> None:
    table = younger("score", entry, "--data", release.root).stdout
    assert "1,000 resamples of 3 graphs" in table
    row = next(line for line in table.splitlines() if "accuracy" in line)
    assert ["accuracy", "0.6667", "0.0000", "1.0000"] == row.replace("\u2502", " ").split()
    plain = younger("score", entry, "--data", release.root, "--resamples", "0")
    assert "95%" not in plain.stdout
    assert_one_clear_message(
        younger("score", entry, "--data", release.root, "--resamples", "7"), "at least 40 resamples"
    )


@pytest.mark.heavy
def test_two_submissions_are_compared(release: Release, entry: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_predictions(other, "operator_wo_attrs", {"test0": [3], "test1": [2], "test2": [2]})
    write_metadata(other / "submission.yaml", SubmissionMetadata("operator_wo_attrs", release.content_hash, "b", "us"))
    run = younger("compare", entry, other, "--data", release.root, "--json")
    result = json.loads(run.stdout)
    accuracy = result["comparisons"]["accuracy"]
    assert (2 / 3, 0.0) == (result["first"]["accuracy"], result["second"]["accuracy"])
    assert 2 / 3 == accuracy["difference"]
    assert accuracy["interval"]["low"] <= accuracy["difference"] <= accuracy["interval"]["high"]
    assert 0 < accuracy["p_value"] <= 1
    assert run.stdout == younger("compare", entry, other, "--data", release.root, "--json").stdout
    table = younger("compare", entry, other, "--data", release.root).stdout
    assert all(text in table for text in ("difference", "p value", "1,000 resamples of 3 graphs"))


@pytest.mark.heavy
def test_a_mistake_in_either_submission_is_one_clear_message(release: Release, entry: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    write_predictions(wrong, "operator_wo_attrs", {"test0": [3], "test1": [2]})
    arguments = ("--data", release.root, "--track", "operator_wo_attrs")
    assert_one_clear_message(younger("compare", entry, wrong, *arguments), "missing_graph")
    assert_one_clear_message(younger("compare", wrong, entry, *arguments), "missing_graph")
    assert_one_clear_message(
        younger("compare", entry, tmp_path / "none", *arguments), "the file or folder does not exist"
    )


@pytest.mark.heavy
def test_sealed_answers_score_like_open_ones_and_need_the_key(
    release: Release, entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "correct horse battery staple")
    sealed = tmp_path / "sealed"
    assert "operator_wo_attrs" in younger("seal", release.root.with_name("younger-answers"), "--out", sealed).stdout
    scored = younger("score", entry, "--data", release.root, "--answers", sealed, "--json")
    assert younger("score", entry, "--data", release.root, "--json").stdout == scored.stdout != ""
    monkeypatch.delenv(KEY)
    assert_one_clear_message(younger("score", entry, "--data", release.root, "--answers", sealed), KEY, "found nothing")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("scores", "fragments"),
    [
        ({"g0": [float("nan"), 0.5], "g1": [0.5, 0.5]}, ["g0", "NaN"]),
        ({"g0": [0.5, 0.5], "g1": [0.5]}, ["g1", "2 scores", "got 1"]),
        ({"g0": [0.5, 0.5]}, ["g1"]),
        ({"g0": [float("nan"), 0.5], "g1": [0.5], "g9": [0.5, 0.5]}, ["NaN", "2 scores", "g9"]),
    ],
    ids=["NaN", "wrong length", "missing graph", "all at once"],
)
def test_mistakes_in_predictions_are_clear_messages(
    scores: dict[str, list[float]], fragments: list[str], tmp_path: Path
) -> None:
    root = tmp_path / "younger"
    row = {
        "num_nodes": 3,
        "node_feat": [2, 3, 4],
        "edge_index": [[0], [1]],
        "pair_index": [[0, 1], [1, 2]],
        "y": [-1, -1],
    }
    rows = [{**row, "graph_id": graph_id} for graph_id in ("g0", "g1")]
    table = pa.Table.from_pylist(rows, schema=schema_of("dataflow_wo_attrs"))
    write_release(root, {"dataflow_wo_attrs": {"test": table}}, "0.1.0")
    values = pa.array(list(scores.values()), pa.list_(pa.float32()))
    pq.write_table(pa.table({"graph_id": list(scores), "scores": values}), tmp_path / "predictions.parquet")
    run = younger("validate", tmp_path / "predictions.parquet", "--data", root, "--track", "dataflow_wo_attrs")
    assert_one_clear_message(run, *fragments)


@pytest.mark.heavy
def test_a_submission_folder_without_predictions_is_one_clear_message(release: Release, tmp_path: Path) -> None:
    assert_one_clear_message(
        younger("validate", tmp_path, "--data", release.root), "expected one of predictions.parquet"
    )


@pytest.mark.heavy
def test_reference_predictions_are_a_valid_submission(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "uniform"
    run = younger(
        "predict", "--reference", "uniform", "--track", "operator_wo_attrs", "--data", release.root, "--out", out
    )
    assert 0 == run.returncode, run.stderr
    assert json.loads(younger("validate", out, "--data", release.root, "--json").stdout)["valid"]


@pytest.mark.heavy
def test_predictions_of_the_validation_split_are_scored_without_the_answers(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "validation"
    arguments = ("--data", release.root, "--split", "validation")
    reference = ("--reference", "majority", "--track", "operator_wo_attrs")
    run = younger("predict", *reference, *arguments, "--out", out)
    assert 0 == run.returncode, run.stderr
    assert f"Next: younger-hf score --split validation {out}" in run.stdout
    scored = json.loads(younger("score", out, *arguments, "--answers", tmp_path / "nowhere", "--json").stdout)
    labels = release.table("operator_wo_attrs", "validation")["y"].combine_chunks().flatten().to_numpy()
    training = release.table("operator_wo_attrs", "train")["y"].combine_chunks().flatten().to_numpy()
    assert pytest.approx(np.mean(labels == np.bincount(training).argmax())) == scored["metrics"]["accuracy"]
    assert_one_clear_message(younger("score", out, "--data", release.root), "unknown_graph")


@pytest.mark.heavy
def test_a_board_that_is_not_there_is_one_clear_message(entry: Path) -> None:
    run = younger("submit", entry, "--board", "http://127.0.0.1:9")
    assert_one_clear_message(run, "the board cannot be reached", "younger-hf leaderboard")


@pytest.mark.heavy
def test_a_track_that_no_board_ranks_is_refused_before_sending(tmp_path: Path) -> None:
    declared = SubmissionMetadata("generation_w_attrs", "sha256:" + "0" * 64, "sampler", "team")
    write_metadata(tmp_path / "submission.yaml", declared)
    (tmp_path / "predictions.jsonl").write_text("{}")
    run = younger("submit", tmp_path, "--board", "http://127.0.0.1:9")
    assert_one_clear_message(run, "generation_w_attrs is scored on your own machine", "younger-hf score")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("train",), "Expected a track to train for"),
        (("train", "--track", "poetry"), "Unknown track 'poetry'; expected one of: operator_w_attrs"),
        (
            ("train", "--track", "operator_w_attrs", "--model", "oracle"),
            "Unknown model 'oracle'; expected one of: gcn",
        ),
        (("train", "--track", "operator_w_attrs", "--data", "nowhere"), "nowhere: the folder does not exist"),
        (("train", "--task", "dataflow"), "younger-hf train --track dataflow_w_attrs"),
        (("train", "--signature", "wo_attrs"), "The options --task and --signature were replaced by --track"),
        (("predict", "nowhere"), "younger: the folder does not exist"),
        (("predict",), "either a run folder or --reference"),
        (("build", "--out", "x", "--preset", "maxi"), "Unknown preset 'maxi'"),
        (("build", "--out", "x"), "nothing to build from"),
        (("leaderboard", "--data", "nowhere"), "nowhere: the folder does not exist"),
        (("submit", "nowhere"), "nowhere: the file or folder does not exist"),
    ],
)
def test_bad_arguments_are_one_clear_message(arguments: tuple[str, ...], fragment: str, tmp_path: Path) -> None:
    assert_one_clear_message(younger(*arguments, cwd=tmp_path), fragment)


@pytest.mark.heavy
def test_an_unknown_option_exits_with_2(tmp_path: Path) -> None:
    run = younger("build", "--colour", "red", cwd=tmp_path)
    assert (2, False) == (run.returncode, "Traceback" in run.stderr)
