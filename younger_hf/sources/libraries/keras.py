"""Every architecture of `keras.applications`, and Keras files and SavedModels, through tf2onnx."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx

from younger_hf.errors import ExportError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.keras_lazy import inline_functions, lazy_tensors, lazy_variables
from younger_hf.sources.libraries.library import library_model, library_source

OPSET = 17
"""Version of the default operator set that tf2onnx writes."""

_UNCONVERTED = ("PartitionedCall", "StatefulPartitionedCall")
"""Calls of functions that tf2onnx does not look into, and writes as if they were ONNX operators."""

_BATCH = 1
"""Size of a dimension that a model leaves open."""
_SIDE = 224
"""Height and width of an image where a model leaves them open, as in ImageNet."""
_IMAGE_RANK = 4  # the batch, two sides, channels


def _models() -> Iterator[Candidate]:
    _configure_tensorflow()
    import keras

    for name, function in inspect.getmembers(keras.applications, callable):
        if name[0].isupper():
            yield library_model(
                "keras",
                name,
                {"application": name},
                task="image-classification",
                family=function.__module__.rsplit(".", 1)[-1],
                licence="Apache-2.0",
                version=keras.__version__,
            )


def _build(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    _configure_tensorflow()
    import keras
    import tensorflow as tf

    if "application" in recipe:
        with lazy_variables(keras, tf), lazy_tensors():
            return _convert_keras(tf, getattr(keras.applications, recipe["application"])(weights=None))
    path = Path(recipe["path"])
    if path.is_dir():
        return _convert_saved_model(tf, path)
    if path.suffix not in (".keras", ".h5"):
        raise ExportError(f"{path}: expected a .keras or .h5 file, or the folder of a SavedModel.")
    # safe_mode: code in the file (Lambda layers) is not run
    with lazy_variables(keras, tf), lazy_tensors():
        return _convert_keras(tf, keras.saving.load_model(path, compile=False, safe_mode=True))


def _configure_tensorflow() -> None:
    """Set the environment that TensorFlow reads on import: log level and number of cores."""
    for name, value in (
        ("TF_CPP_MIN_LOG_LEVEL", "3"),
        ("TF_NUM_INTRAOP_THREADS", "1"),
        ("TF_NUM_INTEROP_THREADS", "1"),
    ):
        os.environ.setdefault(name, value)


def _convert_keras(tf: Any, model: Any) -> onnx.ModelProto:
    """Convert a Keras model for inference; open dimensions are closed, as in other sources."""
    inputs = model.inputs
    signature = [
        tf.TensorSpec(_close(tensor.shape), tensor.dtype, name=f"input_{index}") for index, tensor in enumerate(inputs)
    ]
    call = tf.function(lambda *tensors: model(tensors[0] if len(inputs) == 1 else list(tensors), training=False))
    with inline_functions(tf):
        return _convert(call, signature)


def _convert_saved_model(tf: Any, folder: Path) -> onnx.ModelProto:
    loaded = tf.saved_model.load(str(folder))  # must live as long as its functions are called
    signatures = loaded.signatures
    if not signatures:
        raise ExportError(f"{folder}: the SavedModel has no signature; expected `serving_default`.")
    function = signatures.get("serving_default") or next(iter(signatures.values()))
    inputs = function.structured_input_signature[1]
    signature = [tf.TensorSpec(_close(value.shape), value.dtype, name=name) for name, value in inputs.items()]
    return _convert(tf.function(lambda *tensors: function(**dict(zip(inputs, tensors, strict=True)))), signature)


def _close(shape: Iterable[int | None]) -> list[int]:
    """Return a shape without open dimensions."""
    dims = list(shape)
    return [
        dim or (_SIDE if len(dims) == _IMAGE_RANK and 0 < axis < _IMAGE_RANK - 1 else _BATCH)
        for axis, dim in enumerate(dims)
    ]


def _convert(call: Any, signature: list[Any]) -> onnx.ModelProto:
    """Convert a TensorFlow function; drop the doc strings in which tf2onnx notes nodes' origins."""
    import tf2onnx

    model, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    if not isinstance(model, onnx.ModelProto):
        raise ExportError(f"tf2onnx returned a {type(model).__name__}, expected a model.")
    for node in model.graph.node:
        if node.op_type in _UNCONVERTED:
            raise ExportError(f"tf2onnx did not convert TensorFlow's operator {node.op_type}.")
        node.ClearField("doc_string")
    return model


SOURCE = library_source(
    "keras",
    "keras.applications, and through it Keras files and SavedModels of hubs; needs its own environment.",
    _models,
    _build,
    packages=("keras", "tensorflow-cpu", "tf2onnx"),
    extra="keras",
)
