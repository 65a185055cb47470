"""Model files on Kaggle: ONNX by byte ranges or a temporary file, descriptions of Keras models."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from younger_hf.errors import SourceError
from younger_hf.graph.read.weight_stripper import read_model
from younger_hf.sources.hubs.http_client import Client, RefusedError
from younger_hf.sources.hubs.remote_file import RemoteFile, fetch_onnx, file_recipe

MAX_DOWNLOAD = 4 << 30
"""Largest ONNX file in bytes that is downloaded where the server cannot send parts."""
MAX_CONFIG = 16 << 20
"""Largest configuration in bytes."""
MAX_GRAPH = 256 << 20
"""Largest graph of a SavedModel in bytes; its variables are in other files."""

_PRESET = ("config.json", "metadata.json", "task.json", "preprocessor.json", "image_converter.json")
"""Files of a KerasHub preset; every preset has the first."""


def fetch_onnx_file(client: Client, url: str, folder: Path) -> dict[str, Any]:
    """Read an ONNX file without its weights; use a temporary file if the server cannot send ranges.

    Returns:
        As `fetch_onnx`; the notes have `downloaded` if the whole file was fetched.
    """
    before = client.bytes_read
    try:
        return fetch_onnx(client, url, folder)
    except RefusedError as error:
        if error.status != 200:
            raise
    whole = folder / "download.onnx.partial"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        size = client.download(url, whole, limit=MAX_DOWNLOAD)
        model, _ = read_model(whole)
    finally:
        whole.unlink(missing_ok=True)
    return file_recipe(model, folder, bytes_read=client.bytes_read - before, bytes_of_file=size, downloaded=True)


def fetch_keras(client: Client, base: str, names: Sequence[str], folder: Path) -> dict[str, Any]:
    """Fetch the description of a Keras model or SavedModel.

    Args:
        client: Client of the server.
        base: Address of the files.
        names: Names of the existing files.
        folder: Folder for the fetched files.

    Returns:
        `format`: `preset` (of KerasHub), `keras` (the configuration in a `.keras` file) or
        `savedmodel`; `config`: path of the description; `bytes_read` in the notes.

    Raises:
        SourceError: If the model has no description, such as one in HDF5 files.
    """
    before = client.bytes_read
    folder.mkdir(parents=True, exist_ok=True)
    there = set(names)
    archive = next((name for name in sorted(names) if name.endswith(".keras")), "")
    graph = next((name for name in sorted(names) if Path(name).name == "saved_model.pb"), "")
    if "config.json" in there:
        for name in _PRESET:
            if name in there:
                data, _ = client.json(f"{base}/{name}", limit=MAX_CONFIG)
                (folder / name).write_text(json.dumps(data), encoding="utf-8")
        form, path = "preset", folder / "config.json"
    elif archive:
        form, path = "keras", folder / "config.json"
        path.write_bytes(_config_of_archive(RemoteFile(client, f"{base}/{quote(archive)}")))
    elif graph:
        form, path = "savedmodel", folder / "saved_model.pb"
        client.download(f"{base}/{quote(graph)}", path, limit=MAX_GRAPH)
    else:
        raise SourceError(
            f"{base}: expected the configuration of a model, found none ({len(names)} files: {', '.join(sorted(names)[:5])}).",
            "Expected config.json, a .keras file or saved_model.pb.",
        )
    return {"format": form, "config": str(path), "notes": {"bytes_read": client.bytes_read - before}}


def _config_of_archive(file: RemoteFile) -> bytes:
    """Return `config.json` of a `.keras` file, a zip archive, without reading the weights."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo("config.json").file_size > MAX_CONFIG:
                raise SourceError(f"{file.path}: its config.json is longer than {MAX_CONFIG >> 20} MiB.")
            data = archive.read("config.json")
        json.loads(data)
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError) as error:
        raise SourceError(f"{file.path}: expected a .keras file with a config.json ({error}).") from error
    return data
