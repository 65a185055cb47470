"""Running a model in onnxruntime on inputs of ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


def frugal_session(payload: bytes) -> onnxruntime.InferenceSession:
    """A session that folds nothing and frees each value after its last use.

    A model of any size runs in the memory of a few of its layers.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(payload, options, providers=["CPUExecutionProvider"])


def run_with_ones(session: onnxruntime.InferenceSession, dynamic: int = 2) -> list[Any]:
    """Return the model's outputs; dynamic dimensions have the size `dynamic`."""
    feeds = {}
    for given in session.get_inputs():
        shape = [dim if isinstance(dim, int) else dynamic for dim in given.shape]
        feeds[given.name] = np.ones(shape, dtype=_TYPES[given.type])
    return list(session.run(None, feeds))
