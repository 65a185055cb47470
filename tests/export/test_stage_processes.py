"""The export stage when a worker hangs, is killed or cannot start, and when the user has enough of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.export.conftest import ACTIVATIONS, made_of, state
from tests.export.tiny import recipe, run_child
from younger_hf.export.stage import LOG, _interrupts_held, export_all
from younger_hf.graph.extract import from_onnx
from younger_hf.retrieve.folder import folder

LLAMA = recipe("llama", "AutoModelForCausalLM", "text")
"""6.7 billion parameters: takes a dozen seconds of computing."""
HIERA = recipe(
    *("hiera", "AutoModelForImageClassification", "image"),
    **{"embed_dim": 16, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "image_size": [64, 64]},
)
"""At which the exporter writes a warning to standard error, past Python."""


def test_a_model_that_takes_too_long_is_stopped_and_the_others_are_exported(models: Path, tmp_path: Path) -> None:
    candidates = [made_of(LLAMA, "llama"), *folder(models)]
    started = time.monotonic()
    records = export_all(candidates, tmp_path / "out", timeout=1.5)
    assert "The export took longer than 1.5 seconds and was stopped." == records[0].error
    assert ["failed", "done", "done", "done"] == [record.status for record in records]
    assert time.monotonic() - started < 60


def test_a_model_that_costs_its_process_costs_no_other(models: Path, tmp_path: Path) -> None:
    """The system kills every process here that computes for more than three seconds; LLaMA 7B takes four times that."""
    code = """
import json, resource, sys
from pathlib import Path
from younger_hf.export.stage import export_all
from younger_hf.retrieve.candidate import Candidate
from younger_hf.retrieve.folder import folder
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
big = Candidate("big", "", "", "", "", "", json.loads(sys.argv[3]))
records = export_all([big, *folder(Path(sys.argv[1]))], Path(sys.argv[2]), workers=1)
print(json.dumps([[record.status, record.error] for record in records]))
"""
    found = json.loads(run_child(code, str(models), str(tmp_path / "out"), json.dumps(LLAMA)))
    assert ["failed", "done", "done", "done"] == [status for status, _ in found]
    assert found[0][1].startswith("The export crashed its process (exit code -")


INTERRUPTED = """
import json, signal, sys
from pathlib import Path
from younger_hf.export.stage import export_all
from younger_hf.retrieve.candidate import Candidate
from younger_hf.retrieve.folder import folder
# a shell that runs the tests in the background makes its children ignore Ctrl-C; here it is what is tested
signal.signal(signal.SIGINT, signal.default_int_handler)
hiera = Candidate("hiera", "", "", "", "", "", json.loads(sys.argv[3]))
say = lambda record, done, total: print(record.id, done, total, flush=True)
try:
    export_all([*folder(Path(sys.argv[1])), hiera], Path(sys.argv[2]), workers=1, on_progress=say)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


def _ends(group: int) -> bool:
    """Whether no process of the group is left, after at most ten seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_an_interrupt_leaves_whole_files_only_and_the_next_run_completes(
    models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = [sys.executable, "-c", INTERRUPTED, str(models), str(out), json.dumps(HIERA)]
    # Ctrl-C reaches the whole group: the process and its workers
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert child.stdout is not None
    said = [child.stdout.readline().split()[1:] for _ in range(3)]
    assert [["1", "4"], ["2", "4"], ["3", "4"]] == said
    os.killpg(child.pid, signal.SIGINT)  # transformers is being imported for the fourth
    rest, _ = child.communicate(timeout=60)
    assert (130, "interrupted\n") == (child.returncode, rest)
    assert _ends(child.pid)
    before = state(out)
    assert {f"local--{name}.{ending}" for name in ACTIVATIONS for ending in ("onnx", "json")} | {LOG} == set(before)
    for name in ACTIVATIONS:
        assert 3 == from_onnx(out / f"local--{name}.onnx").num_nodes

    records = export_all([*folder(models), made_of(HIERA, "hiera")], out)
    assert ["done"] * 4 == [record.status for record in records]
    after, made = state(out), records[3]
    done = set(before) - {LOG}
    assert {name: before[name] for name in done} == {name: after[name] for name in done}
    assert ("torchscript", HIERA["overrides"]) == (made.exporter, made.overrides)
    assert {"onnx", "torch", "transformers"} == set(made.versions)
    assert not any("not installed" in installed for installed in made.versions.values())
    assert 100 < from_onnx(out / "hiera.onnx").num_nodes
    assert "In-place op on output of tensor.shape" in (out / LOG).read_text()
    assert ("", "") == tuple(capfd.readouterr())


def test_workers_never_see_an_interrupt() -> None:
    """One that is still starting would print a traceback."""
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with _interrupts_held():
        assert "True\n" == run_child(code)
    assert "False\n" == run_child(code)


def test_a_script_without_a_guard_is_told_of_it(models: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from younger_hf.export.stage import export_all\n"
        "from younger_hf.retrieve.folder import folder\n"
        f"export_all(folder(Path({str(models)!r})), Path({str(tmp_path / 'out')!r}))\n"
    )
    child = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert 1 == child.returncode
    assert "ExportError: The worker processes that export models ended before they began" in child.stderr
    assert "needs `if __name__ == '__main__':`" in child.stderr
