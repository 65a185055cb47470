"""keras.applications, Keras files and SavedModels.

TensorFlow needs an environment of its own: `pip install 'younger-hf[keras]' pytest`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from younger_hf import from_onnx
from younger_hf.errors import ExportError
from younger_hf.export.strip_model import drop_weights
from younger_hf.sources.libraries.keras import SOURCE, _convert
from younger_hf.sources.source import Query

keras: Any = pytest.importorskip("keras")
tf: Any = pytest.importorskip("tensorflow")
tf2onnx: Any = pytest.importorskip("tf2onnx")


def dag_of(recipe: dict[str, str]) -> Any:
    assert SOURCE.build is not None
    model = SOURCE.build({"kind": "keras", **recipe})
    return from_onnx(drop_weights(model).SerializeToString())  # type: ignore[arg-type]


def test_every_application_is_listed_once() -> None:
    found = list(SOURCE.candidates(Query()))
    assert len(found) == len({candidate.id for candidate in found}) >= 38
    assert {"resnet", "mobilenet_v2", "convnext"} <= {candidate.family for candidate in found}
    assert ["VGG16", "VGG19"] == [candidate.model for candidate in SOURCE.candidates(Query(only=("VGG*",)))]


def test_an_application_is_exported_as_it_is_used() -> None:
    """Dropout is gone, and normalisations are folded into 52 convolutions; one layer is linear."""
    dag = dag_of({"application": "MobileNetV2"})
    assert 52 == dag.op_types.count("Conv")
    assert not {"BatchNormalization", "Dropout"} & set(dag.op_types)
    assert [(1, 224, 224, 3)] == [item.shape for item in dag.inputs if item.kind == "graph_input"]


WITH_WEIGHTS = """
import sys
import keras, tensorflow as tf, tf2onnx
from younger_hf import from_onnx
from younger_hf.export.strip_model import drop_weights
from younger_hf.sources.libraries.keras import _convert
model = _convert(tf, tf2onnx, getattr(keras.applications, sys.argv[1])(weights=None))
assert model.ByteSize() > 4_000_000
print(from_onnx(drop_weights(model).SerializeToString()).wl_hash("w_attrs"))
"""
WITHOUT = """
import sys
from pathlib import Path
from younger_hf import from_onnx
from younger_hf.export.strip_model import drop_weights
from younger_hf.sources.libraries.keras import SOURCE
model = drop_weights(SOURCE.build({"kind": "keras", "application": sys.argv[1]}))
(line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(from_onnx(model.SerializeToString()).wl_hash("w_attrs"), int(line.split()[1]) // 1024)
"""


@pytest.mark.parametrize("name", ["MobileNetV3Small", "MobileNetV2", "DenseNet121"])
def test_without_weights_it_is_the_same_architecture(name: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # tf2onnx goes through sets
    one, other = (
        subprocess.run(
            [sys.executable, "-c", code, name], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for code in (WITH_WEIGHTS, WITHOUT)
    )
    assert one == other[:1]


def test_a_model_of_half_a_gigabyte_takes_no_more_memory_than_tensorflow_itself() -> None:
    """VGG16 has 553 MB of weights, else copied thirty times; importing TensorFlow takes 600 MB."""
    run = subprocess.run([sys.executable, "-c", WITHOUT, "VGG16"], capture_output=True, text=True, check=True)
    assert int(run.stdout.split()[1]) < 1_200


def test_convolutions_in_groups_are_part_of_the_graph() -> None:
    """Keras compiles them separately; tf2onnx would write the call as it is."""
    given = keras.Input((16, 16, 8))
    model = keras.Model(given, keras.layers.Conv2D(8, 3, groups=4)(given))
    converted = _convert(tf, tf2onnx, model)
    (conv,) = [node for node in converted.graph.node if node.op_type == "Conv"]
    assert [4] == [attribute.i for attribute in conv.attribute if attribute.name == "group"]


@pytest.fixture(scope="module")
def model() -> Any:
    image = keras.Input((16, 16, 3))
    number = keras.Input((4,))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, activation="relu")(image))
    joined = keras.layers.Concatenate()([features, keras.layers.Dense(8)(number)])
    return keras.Model([image, number], keras.layers.Dense(2, activation="softmax")(joined))


def test_a_keras_file_and_a_saved_model_have_the_same_dag(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "saved", verbose=False)
    one, other = (dag_of({"path": str(tmp_path / name)}) for name in ("model.keras", "saved"))
    assert one.wl_hash("w_attrs") == other.wl_hash("w_attrs")
    assert {"Conv", "Concat", "MatMul", "Softmax"} <= set(one.op_types)


def test_code_in_a_keras_file_is_not_run(tmp_path: Path) -> None:
    given = keras.Input((4,))
    keras.Model(given, keras.layers.Lambda(lambda x: x * 2)(given)).save(tmp_path / "model.keras")
    with pytest.raises(Exception, match=r"[Uu]nsafe|safe_mode|Lambda"):
        dag_of({"path": str(tmp_path / "model.keras")})


def test_a_file_of_another_format_is_reported(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(ExportError, match=r"model.pkl: expected a .keras or .h5 file, or the folder of a SavedModel"):
        dag_of({"path": str(tmp_path / "model.pkl")})
