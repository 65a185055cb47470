"""Parameters and constants of a rebuilt model: random weights of the recorded types and shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.graph.dag import Dag, NodeInput
from younger_hf.graph.onnx_types import dtype_code
from younger_hf.graph.operators.random_tensors import LARGEST_RANDOM, random_tensor

MOST_RANDOM = 1 << 24
"""Maximum number of elements with a random value of their own, in all parameters together."""

ALWAYS_RANDOM = 1 << 10
"""Parameters of at most this many elements are random throughout, however many there are."""

TILE_OPSET = 6
"""First version of the default operator set in which Tile reads its repeats as a tensor."""

SHAPE_INPUTS: dict[str, tuple[int, ...]] = {
    # operator -> the inputs whose values, not only shapes, determine the shapes of its outputs
    **dict.fromkeys(("Reshape", "Expand", "Tile", "Squeeze", "Unsqueeze", "Split", "SplitToSequence"), (1,)),
    **dict.fromkeys(("TopK", "OneHot", "Upsample", "CenterCropPad", "AffineGrid", "DFT"), (1,)),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"), (1,)),
    **dict.fromkeys(("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"), (1,)),
    **dict.fromkeys(("ConstantOfShape", "BlackmanWindow", "HammingWindow", "HannWindow"), (0,)),
    **{"Slice": (1, 2, 3, 4), "Pad": (1, 3), "Resize": (2, 3), "Range": (0, 1, 2), "Col2Im": (1, 2), "STFT": (1, 3)},
}


@dataclass
class Parameters:
    """The parameters and constants of a model that is being rebuilt.

    Attributes:
        dag: The architecture.
        unique: Returns a name that is not in use, like the given one.
        rng: Source of the weights.
        tensors: Name -> initializer.
        fillers: Operators that produce large parameters from small ones, so that any model fits in
            memory.
        names: Kind and recorded name of a parameter -> its name in the model.
        remaining: Elements that can still have a random value of their own.
    """

    dag: Dag
    unique: Callable[[str], str]
    rng: np.random.Generator
    tensors: dict[str, TensorProto] = field(default_factory=dict)
    fillers: list[NodeProto] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    remaining: int = MOST_RANDOM

    def name_of(self, item: NodeInput) -> str:
        """Return the name of a parameter or constant, and create it on first use.

        Raises:
            RebuildError: If its type or shape is unknown, or it determines shapes by values that
                were not recorded.
        """
        self._check_values_are_irrelevant(item)
        key = (item.kind, item.name)
        if key not in self.names:
            self.names[key] = self.unique(item.name)
            self._create(item, self.names[key])
        return self.names[key]

    def _check_values_are_irrelevant(self, item: NodeInput) -> None:
        """Raise RebuildError if values that determine shapes were not recorded.

        Random values would result in another architecture.
        """
        op_type, domain = self.dag.op_types[item.node], self.dag.domains[item.node]
        if item.kind == "constant" or domain or item.slot not in SHAPE_INPUTS.get(op_type, ()):
            return
        if item.shape is None or 0 not in item.shape:
            what = f"the values of {item.name!r} ({item.dtype or 'of unknown type'}) determine shapes"
            raise self._error(item, f"{what} and were not recorded, as only those of small integer tensors are")

    def _create(self, item: NodeInput, name: str) -> None:
        code, shape = dtype_code(item.dtype), item.shape
        if not code:
            raise self._error(
                item, f"the type of the parameter {item.name!r} is {item.dtype or 'unknown'}, expected a tensor's"
            )
        if shape is None or min(shape, default=0) < 0:
            raise self._error(item, f"the shape of the parameter {item.name!r} is unknown")
        if item.kind == "constant":
            self.tensors[name] = helper.make_tensor(name, code, shape, item.values)
            return
        size = prod(shape)
        if size <= max(ALWAYS_RANDOM, min(LARGEST_RANDOM, self.remaining)):
            self.remaining -= size
            self.tensors[name] = random_tensor(name, code, shape, self.rng)
        else:
            self._tile(item, name, code, shape)

    def _tile(self, item: NodeInput, name: str, code: int, shape: tuple[int, ...]) -> None:
        """Create a large parameter by repetition.

        Only its last axis, or one element if that is long, is random.
        """
        if min(self._opsets(), default=TILE_OPSET) < TILE_OPSET:
            raise self._error(item, f"a parameter of shape {list(shape)} is too large for an operator set without Tile")
        last = shape[-1] if shape[-1] <= min(LARGEST_RANDOM, self.remaining) else 1
        self.remaining -= last
        element, repeats = self.unique(f"{name}_element"), self.unique(f"{name}_repeats")
        self.tensors[element] = random_tensor(element, code, (*[1] * (len(shape) - 1), last), self.rng)
        times = np.array((*shape[:-1], shape[-1] // last), dtype=np.int64)
        self.tensors[repeats] = numpy_helper.from_array(times, repeats)
        self.fillers.append(helper.make_node("Tile", [element, repeats], [name]))

    def _opsets(self) -> list[int]:
        versions = zip(self.dag.opset_versions.tolist(), self.dag.domains, strict=True)
        return [version for version, domain in versions if not domain]

    def _error(self, item: NodeInput, what: str) -> RebuildError:
        return RebuildError(f"Node {item.node} ({self.dag.op_types[item.node]}), input {item.slot}: {what}.")
