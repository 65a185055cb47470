"""Every architecture of `keras.applications`, and Keras files and SavedModels of hubs, through tf2onnx."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx

from younger_hf.errors import ExportError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.keras_lazy import inlined, lazy_tensors, lazy_variables
from younger_hf.sources.selection import selected
from younger_hf.sources.source import Query, Source

OPSET = 17
"""Version of the default operator set that is asked of tf2onnx."""

_UNCONVERTED = ("PartitionedCall", "StatefulPartitionedCall")
"""Calls of functions that tf2onnx does not look into, and writes down as if they were ONNX."""

_FREE = 1
"""Size given to a dimension that a model leaves open: the batch."""
_SIDE = 224
_IMAGE = 4  # dimensions: the batch, two sides, channels


def _candidates(query: Query) -> Iterator[Candidate]:
    _quiet()
    import keras

    names = [name for name, make in inspect.getmembers(keras.applications, callable) if name[0].isupper()]
    yield from selected(
        (
            Candidate(
                id=f"keras--{name}",
                hub="keras",
                model=name,
                task="image-classification",
                family=getattr(keras.applications, name).__module__.rsplit(".", 1)[-1],
                licence="Apache-2.0",
                recipe={"kind": "keras", "application": name},
                revision=keras.__version__,
            )
            for name in names
        ),
        query,
    )


def _build(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    _quiet()
    import keras
    import tensorflow as tf
    import tf2onnx

    if "application" in recipe:
        with lazy_variables(keras, tf), lazy_tensors():
            return _convert(tf, tf2onnx, getattr(keras.applications, recipe["application"])(weights=None))
    path = Path(recipe["path"])
    if path.is_dir():
        return _convert_saved_model(tf, tf2onnx, path)
    if path.suffix not in (".keras", ".h5"):
        raise ExportError(f"{path}: expected a .keras or .h5 file, or the folder of a SavedModel.")
    # safe_mode: code in the file (Lambda layers) is not run
    with lazy_variables(keras, tf), lazy_tensors():
        return _convert(tf, tf2onnx, keras.saving.load_model(path, compile=False, safe_mode=True))


def _quiet() -> None:
    """TensorFlow reads these when it is imported: what it says, and how many cores it takes."""
    for name, value in (
        ("TF_CPP_MIN_LOG_LEVEL", "3"),
        ("TF_NUM_INTRAOP_THREADS", "1"),
        ("TF_NUM_INTEROP_THREADS", "1"),
    ):
        os.environ.setdefault(name, value)


def _convert(tf: Any, tf2onnx: Any, model: Any) -> onnx.ModelProto:
    """A Keras model as it is when it is used, not trained; open dimensions are closed, as they are in other sources."""
    inputs = model.inputs
    signature = [
        tf.TensorSpec(_closed(given.shape), given.dtype, name=f"input_{index}") for index, given in enumerate(inputs)
    ]
    call = tf.function(lambda *tensors: model(tensors[0] if len(inputs) == 1 else list(tensors), training=False))
    with inlined(tf):
        converted, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    return _checked(converted)


def _convert_saved_model(tf: Any, tf2onnx: Any, folder: Path) -> onnx.ModelProto:
    loaded = tf.saved_model.load(str(folder))  # its functions need it as long as they are called
    signatures = loaded.signatures
    if not signatures:
        raise ExportError(f"{folder}: the SavedModel has no signature; expected `serving_default`.")
    function = signatures.get("serving_default") or next(iter(signatures.values()))
    given = function.structured_input_signature[1]
    signature = [tf.TensorSpec(_closed(value.shape), value.dtype, name=name) for name, value in given.items()]
    call = tf.function(lambda *tensors: function(**dict(zip(given, tensors, strict=True))))
    converted, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    return _checked(converted)


def _closed(shape: Iterable[int | None]) -> list[int]:
    """A shape without open dimensions; the sides of an image are those of ImageNet's."""
    dims = list(shape)
    return [
        dim or (_SIDE if len(dims) == _IMAGE and 0 < place < _IMAGE - 1 else _FREE) for place, dim in enumerate(dims)
    ]


def _checked(model: Any) -> onnx.ModelProto:
    """Without what tf2onnx says of where a node was."""
    if not isinstance(model, onnx.ModelProto):
        raise ExportError(f"tf2onnx gave a {type(model).__name__}, expected a model.")
    for node in model.graph.node:
        if node.op_type in _UNCONVERTED:
            raise ExportError(f"tf2onnx left TensorFlow's operator {node.op_type} as it is.")
        node.ClearField("doc_string")
    return model


SOURCE = Source(
    name="keras",
    about="keras.applications, and through it Keras files and SavedModels of hubs; TensorFlow in an environment of its own.",
    candidates=_candidates,
    build=_build,
    packages=("keras", "tensorflow-cpu", "tf2onnx"),
    extra="keras",
)
