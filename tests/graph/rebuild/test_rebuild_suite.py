"""Rebuilt models run where the originals do, with outputs of the same shapes.

They are onnx's single-operator models, and real ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx.backend.test.case.node import collect_testcases

from tests.export.tiny import TINY, plain_export
from tests.graph.running import run_with_ones
from younger_hf import from_onnx, to_onnx
from younger_hf.errors import RebuildError

onnxruntime.set_default_logger_severity(4)

NOT_REBUILT = {
    # case -> why; all others that onnxruntime runs are rebuilt
    "test_ai_onnx_ml_binarizer": "values of ai.onnx.ml attributes are not kept",
    "test_ai_onnx_ml_label_encoder_string_int": "values of ai.onnx.ml attributes are not kept",
    "test_ai_onnx_ml_label_encoder_string_int_no_default": "values of ai.onnx.ml attributes are not kept",
    "test_ai_onnx_ml_label_encoder_tensor_mapping": "values of ai.onnx.ml attributes are not kept",
    "test_ai_onnx_ml_label_encoder_tensor_value_only_mapping": "values of ai.onnx.ml attributes are not kept",
    "test_ai_onnx_ml_tree_ensemble_set_membership": "values of ai.onnx.ml attributes are not kept",
    "test_ai_onnx_ml_tree_ensemble_single_tree": "values of ai.onnx.ml attributes are not kept",
    "test_constant": "no operator is left when constants are folded away",
}


def shapes_of(values: Sequence[Any]) -> list[Any]:
    """The shape of every value; for a sequence, the shapes of its elements."""
    return [
        shapes_of(value) if isinstance(value, list) else None if value is None else np.shape(value) for value in values
    ]


def run(payload: bytes, feeds: Mapping[str, Any]) -> list[Any]:
    """Output shapes of a model that is run on its inputs among the feeds."""
    session = onnxruntime.InferenceSession(payload, providers=["CPUExecutionProvider"])
    names = {given.name for given in session.get_inputs()}
    return shapes_of(session.run(None, {name: value for name, value in feeds.items() if name in names}))


@pytest.mark.slow
def test_every_operator_case_that_onnxruntime_runs_is_rebuilt_and_runs() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reference results overflow on purpose
        cases = collect_testcases(None)
    ran, refused, different = 0, set(), {}
    for case in cases:
        payload = case.model.SerializeToString()
        feeds = dict(zip((given.name for given in case.model.graph.input), case.data_sets[0][0], strict=False))
        try:
            expected = run(payload, feeds)
        except Exception:
            continue  # an operator, type or input that onnxruntime's CPU provider does not have
        ran += 1
        dag = from_onnx(payload)
        try:
            rebuilt = to_onnx(dag).SerializeToString()
        except RebuildError:
            refused.add(case.name)
            continue
        actual = run(rebuilt, feeds)
        if expected != actual or dag.wl_hash("w_attrs") != from_onnx(rebuilt).wl_hash("w_attrs"):
            different[case.name] = (expected, actual)
    assert ran > 1300
    assert set(NOT_REBUILT) == refused
    assert {} == different


@pytest.mark.heavy
@pytest.mark.parametrize("name", TINY)
def test_a_rebuilt_model_returns_the_shapes_of_the_exported_one(name: str) -> None:
    original = plain_export(name)
    rebuilt = to_onnx(from_onnx(original)).SerializeToString()
    expected = run_with_ones(onnxruntime.InferenceSession(original))
    actual = run_with_ones(onnxruntime.InferenceSession(rebuilt))
    assert [(value.shape, value.dtype) for value in expected] == [(value.shape, value.dtype) for value in actual]
    assert all(np.isfinite(value).all() for value in actual)
