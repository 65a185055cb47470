"""Reading an ONNX model from a path, bytes or a seekable file, without what its weights weigh."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import onnx
from google.protobuf.message import DecodeError

from younger_hf.errors import ModelReadError

Source = str | os.PathLike[str] | bytes | BinaryIO
"""Where a model comes from: a path, the bytes of a file, or a seekable binary file."""

_NO_MODEL = "Export the model to ONNX again; `younger-hf inspect MODEL` says whether a file is readable."


def read_model(source: Source) -> tuple[onnx.ModelProto, str]:
    """Parse an ONNX model; external data is never opened.

    Returns:
        The model, and the name to use for it in messages.

    Raises:
        ModelReadError: If the source is missing, empty, cut off or no ONNX model.
    """
    payload, name = _read(source)
    if not payload:
        raise ModelReadError(f"{name}: the file is empty, expected an ONNX model.", _NO_MODEL)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(payload)
    except (DecodeError, RecursionError) as error:
        raise ModelReadError(
            f"{name}: this is no readable ONNX model ({len(payload)} bytes that do not parse; cut off, or another format).",
            _NO_MODEL,
        ) from error
    if not model.HasField("graph") or (model.ir_version == 0 and not model.opset_import):
        raise ModelReadError(
            f"{name}: this is no ONNX model: it has no graph, or neither IR version nor operator sets.", _NO_MODEL
        )
    return model, name


def _read(source: Source) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "<bytes>"
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        try:
            return path.read_bytes(), str(path)
        except IsADirectoryError as error:
            raise ModelReadError(
                f"{path}: this is a folder, expected an ONNX file.",
                "`younger-hf extract FOLDER` reads every model in it.",
            ) from error
        except OSError as error:
            raise ModelReadError(f"{path}: cannot be read ({error.strerror}), expected an ONNX file.") from error
    if not hasattr(source, "read"):
        raise ModelReadError(f"Expected a path, bytes or a binary file, got {type(source).__name__}.")
    payload = source.read()
    name = str(getattr(source, "name", "<file>"))
    if not isinstance(payload, bytes):
        raise ModelReadError(
            f"{name}: the file is open in text mode, expected a binary file.", "Open it with mode 'rb'."
        )
    return payload, name
