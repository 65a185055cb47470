"""Models on a server: how little of them is read, and how a server may fail."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest
from huggingface_hub import HfFileSystem

from benchmarks.serving import FileServer, serve
from benchmarks.sparse import tensor, write_model
from tests.graph.models import DATA
from younger_hf import Dag, from_onnx
from younger_hf.errors import ModelReadError

Open = Callable[[FileServer, str], Dag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of 120 MB: 60 tensors of 2 MB, 300 of 400 KB, 3,000 of 40 KB, 200 with small biases."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "60.onnx", [tensor(f"w{n}", 2 << 20) for n in range(60)])
    write_model(folder / "300.onnx", [tensor(f"w{n}", 400 << 10) for n in range(300)])
    write_model(folder / "3000.onnx", [tensor(f"w{n}", 40 << 10) for n in range(3000)])
    sizes = [(1200 << 10) if n % 2 else 3072 for n in range(200)]
    write_model(folder / "biases.onnx", [tensor(f"w{n}", size) for n, size in enumerate(sizes)])
    (folder / "small.onnx").write_bytes((DATA / "light" / "light_resnet50.onnx").read_bytes())
    return folder


@pytest.fixture
def server(folder: Path) -> Iterator[FileServer]:
    with serve(folder) as running:
        yield running


def by_address(server: FileServer, name: str) -> Dag:
    return from_onnx(f"{server.address}/{name}")


def by_fsspec(server: FileServer, name: str) -> Dag:
    with fsspec.open(f"{server.address}/{name}", "rb") as file:
        return from_onnx(file)


def by_hub(server: FileServer, name: str) -> Dag:
    files = HfFileSystem(endpoint=server.address, token=False, skip_instance_cache=True)
    with files.open(f"org/repo/{name}", "rb") as file:
        return from_onnx(file)


@pytest.mark.heavy
@pytest.mark.parametrize("read", [by_address, by_fsspec, by_hub])
@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("60.onnx", 62),
        ("300.onnx", 302),
        pytest.param("3000.onnx", 3005, marks=pytest.mark.heavy),
        ("biases.onnx", 130),
    ],
)
def test_at_most_two_percent_of_a_large_remote_model_are_read(
    server: FileServer, folder: Path, read: Open, name: str, reads: int
) -> None:
    assert from_onnx(folder / name) == read(server, name)
    assert 0 < server.bytes_sent <= 0.02 * (folder / name).stat().st_size
    assert server.requests <= (2 * reads + 5 if read is by_hub else reads)  # the Hub redirects each read


@pytest.mark.heavy
@pytest.mark.parametrize("read", [by_address, by_fsspec, by_hub])
def test_a_remote_model_is_the_same_as_a_local_one(server: FileServer, folder: Path, read: Open) -> None:
    assert from_onnx(folder / "small.onnx") == read(server, "small.onnx")


@pytest.mark.heavy
def test_an_address_on_the_hub_is_read_by_its_short_form(server: FileServer, folder: Path) -> None:
    code = "from younger_hf.graph.read.extract import from_onnx; print(from_onnx('hf://org/repo/60.onnx').num_nodes)"
    environment = {**os.environ, "HF_ENDPOINT": server.address, "HF_TOKEN": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "61" == done.stdout.strip(), done.stderr
    assert server.bytes_sent <= 0.02 * (folder / "60.onnx").stat().st_size


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("fault", "after", "message"),
    [
        ("none", 0, "cannot be read in parts"),
        ("ignore", 3, "doesn't appear to support range requests"),
        ("ignore", 0, "doesn't appear to support range requests"),
        ("short", 3, "received"),
        ("reset", 0, "Server disconnected"),
        ("reset", 3, "Server disconnected"),
        ("404", 0, "404"),
        ("401", 3, "401"),
        ("416", 3, "received 0"),
        ("500", 3, "500"),
    ],
)
def test_a_failing_server_is_one_error_with_the_reason(folder: Path, fault: str, after: int, message: str) -> None:
    with serve(folder, fault, after) as server:
        address = f"{server.address}/60.onnx"
        with pytest.raises(ModelReadError, match=message) as caught:
            from_onnx(address)
        assert caught.value.message.startswith(f"{address}: ")
        assert "download" in caught.value.hint
        assert server.bytes_sent < 0.1 * (folder / "60.onnx").stat().st_size


@pytest.mark.heavy
def test_a_hub_that_sends_whole_files_is_named(folder: Path) -> None:
    with (
        serve(folder, "ignore") as server,
        pytest.raises(ModelReadError, match=r"requested .* bytes, received") as caught,
    ):
        by_hub(server, "60.onnx")
    assert "cannot send parts of a file" in caught.value.hint


def test_files_that_fsspec_opens_elsewhere_are_read_too(folder: Path) -> None:
    path = folder / "small.onnx"
    expected = from_onnx(path)
    with zipfile.ZipFile(folder / "models.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "inside.onnx")
    fsspec.filesystem("memory").pipe_file("/small.onnx", path.read_bytes())
    for address in (f"file://{path}", "memory://small.onnx", f"zip://inside.onnx::{folder / 'models.zip'}"):
        with fsspec.open(address, "rb") as file:
            assert expected == from_onnx(file), address
    (folder / "small.onnx.gz").write_bytes(gzip.compress(path.read_bytes()))
    with fsspec.open(str(folder / "small.onnx.gz"), "rb", compression="gzip") as file:
        assert expected == from_onnx(file)


def test_a_connection_that_breaks_once_is_tried_again(folder: Path) -> None:
    with serve(folder) as server:
        whole = by_address(server, "300.onnx")
        server.fault, server.after, server.faults = "reset", 5, 1
        assert whole == by_address(server, "300.onnx")


@pytest.mark.parametrize("name", ["nowhere.onnx", "no folder/x.onnx"])
def test_an_address_without_a_file_is_named(server: FileServer, name: str) -> None:
    with pytest.raises(ModelReadError, match=r"cannot be opened .*404") as caught:
        by_address(server, name)
    assert "Check the address" in caught.value.hint


def test_a_server_that_is_not_there_is_named(folder: Path) -> None:
    with serve(folder) as server:
        address = f"{server.address}/60.onnx"
    with pytest.raises(ModelReadError, match="cannot be opened"):
        from_onnx(address)
