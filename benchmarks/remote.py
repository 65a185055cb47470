"""Reading a model from a server: bytes and requests, against `onnx.load` of the file that fsspec opens."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import huggingface_hub
import onnx
from huggingface_hub import HfFileSystem

from benchmarks.heavy import chain, real
from benchmarks.measure import Ratio
from benchmarks.serving import FileServer, serve
from younger_hf import Dag, from_onnx
from younger_hf.sources.hubs.http_client import Client
from younger_hf.sources.hubs.remote_file import RemoteFile

FILES: dict[str, Callable[[], onnx.ModelProto]] = {
    "60 tensors of 2 MB": lambda: chain(60, 2 << 20),
    "300 tensors of 400 KB": lambda: chain(300, 400 << 10),
    "ResNet-50": lambda: real("resnet50"),
    "AlexNet": lambda: real("bvlc_alexnet"),
    "VGG-19": lambda: real("vgg19"),
}


def run() -> list[Ratio]:
    """Each file by its address, by a file that fsspec opened, and by the Hub's filesystem. A ratio of 50 is 2% of the bytes."""
    return [ratio for name, make in FILES.items() for ratio in _of(name, make)]


def _of(name: str, make: Callable[[], onnx.ModelProto]) -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
        path = Path(folder) / "model.onnx"
        onnx.save(make(), path)
        local = from_onnx(path)
        with fsspec.open(f"{server.address}/model.onnx", "rb") as file:
            onnx.load(file)
        peer, their_bytes, their_requests = f"onnx.load {onnx.__version__}", server.bytes_sent, server.requests
        for way, read in WAYS.items():
            server.bytes_sent = server.requests = 0
            if read(server) != local:
                raise RuntimeError(f"{name} differs when it is read by {way}")
            ours, requests = server.bytes_sent, server.requests
            yield Ratio(f"{name}, {way}", peer, ours / 1e6, their_bytes / 1e6, their_bytes / ours, "MB")
            yield Ratio(f"{name}, {way}", peer, requests, their_requests, their_requests / requests, "requests")


def _by_address(server: FileServer) -> Dag:
    return from_onnx(f"{server.address}/model.onnx")


def _by_fsspec(server: FileServer) -> Dag:
    with fsspec.open(f"{server.address}/model.onnx", "rb") as file:
        return from_onnx(file)


def _by_hub(server: FileServer) -> Dag:
    files = HfFileSystem(endpoint=server.address, token=False, skip_instance_cache=True)
    with files.open("org/repo/model.onnx", "rb") as file:
        return from_onnx(file)


def _by_source(server: FileServer) -> Dag:
    with Client(server.address) as client:
        return from_onnx(RemoteFile(client, f"{server.address}/org/repo/resolve/main/model.onnx"))  # type: ignore[arg-type]


WAYS: dict[str, Callable[[FileServer], Dag]] = {
    "http://": _by_address,
    f"fsspec {fsspec.__version__}": _by_fsspec,
    f"HfFileSystem {huggingface_hub.__version__}": _by_hub,
    "the source huggingface": _by_source,
}
