"""The models of onnx's own backend tests: about 1,880 from code, and about 150 files."""

from __future__ import annotations

import warnings
from functools import cache

import onnx
from onnx.backend.test.case.node import collect_testcases

from tests.graph.models import ALL, DATA


@cache
def node_cases() -> dict[str, onnx.ModelProto]:
    """Name -> model of every single-operator case; takes some seconds once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reference results overflow on purpose
        return {case.name: case.model for case in collect_testcases(None)}


@cache
def file_cases() -> dict[str, onnx.ModelProto]:
    """Path below the package's data folder -> model of every file."""
    return {path.relative_to(DATA).as_posix(): onnx.load(path, load_external_data=False) for path in ALL}
