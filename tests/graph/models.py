"""Real ONNX files of the onnx package, and small models written in ONNX's text form."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.parser

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
LIGHT = sorted((DATA / "light").glob("light_*.onnx"))
ALL = sorted(DATA.rglob("*.onnx"))


def parse(text: str) -> bytes:
    """A model in ONNX's text form, serialised."""
    return onnx.parser.parse_model(text).SerializeToString()
