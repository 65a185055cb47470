"""The parameters and constants of a rebuilt model: random weights of the recorded types and shapes, each made once."""

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
"""Elements that have a random value of their own, in all parameters together."""

ALWAYS_RANDOM = 1 << 10
"""Parameters of so few elements are random throughout, however many there are."""

TILE_OPSET = 6
"""Version of the default operator set from which on Tile takes its repeats as a tensor."""

SHAPE_INPUTS: dict[str, tuple[int, ...]] = {
    # operator -> the inputs whose values, not only shapes, decide about the shapes of its outputs
    **dict.fromkeys(("Reshape", "Expand", "Tile", "Squeeze", "Unsqueeze", "Split", "SplitToSequence"), (1,)),
    **dict.fromkeys(("TopK", "OneHot", "Upsample", "CenterCropPad", "AffineGrid", "DFT"), (1,)),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"), (1,)),
    **dict.fromkeys(("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"), (1,)),
    **dict.fromkeys(("ConstantOfShape", "BlackmanWindow", "HammingWindow", "HannWindow"), (0,)),
    **{"Slice": (1, 2, 3, 4), "Pad": (1, 3), "Resize": (2, 3), "Range": (0, 1, 2), "Col2Im": (1, 2), "STFT": (1, 3)},
}


@dataclass
class Parameters:
    """The parameters and constants of a model as it is rebuilt.

    Attributes:
        dag: The architecture.
        unique: Gives a name that is not taken yet.
        rng: Source of the weights.
        tensors: Name -> initializer.
        fillers: Operators that give the large parameters, so that any model fits in memory.
    """

    dag: Dag
    unique: Callable[[str], str]
    rng: np.random.Generator
    tensors: dict[str, TensorProto] = field(default_factory=dict)
    fillers: list[NodeProto] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    left: int = MOST_RANDOM

    def name_of(self, item: NodeInput) -> str:
        """The name of a parameter or constant, which is made if it was not yet.

        Raises:
            RebuildError: If its type or shape is not known, or values that decide about shapes were not recorded.
        """
        self._check_decides_nothing(item)
        key = (item.kind, item.name)
        if key not in self.names:
            self.names[key] = self.unique(item.name)
            self._make(item, self.names[key])
        return self.names[key]

    def _check_decides_nothing(self, item: NodeInput) -> None:
        """Values that decide about shapes must have been recorded: any others would make another architecture."""
        op_type, domain = self.dag.op_types[item.node], self.dag.domains[item.node]
        if item.kind == "constant" or domain or item.slot not in SHAPE_INPUTS.get(op_type, ()):
            return
        if item.shape is None or 0 not in item.shape:
            what = f"the values of {item.name!r} ({item.dtype or 'of unknown type'}) decide about shapes"
            raise self._error(item, f"{what} and were not recorded, since only those of few integers are")

    def _make(self, item: NodeInput, name: str) -> None:
        code, shape = dtype_code(item.dtype), item.shape
        if not code:
            raise self._error(
                item, f"the type of the parameter {item.name!r} is {item.dtype or 'not known'}, expected a tensor's"
            )
        if shape is None or min(shape, default=0) < 0:
            raise self._error(item, f"the shape of the parameter {item.name!r} is not known")
        if item.kind == "constant":
            self.tensors[name] = helper.make_tensor(name, code, shape, item.values)
            return
        size = prod(shape)
        if size <= max(ALWAYS_RANDOM, min(LARGEST_RANDOM, self.left)):
            self.left -= size
            self.tensors[name] = random_tensor(name, code, shape, self.rng)
        else:
            self._tile(item, name, code, shape)

    def _tile(self, item: NodeInput, name: str, code: int, shape: tuple[int, ...]) -> None:
        """A large parameter: random along its last axis, or one value if that is long, and repeated along the others."""
        if min(self._opsets(), default=TILE_OPSET) < TILE_OPSET:
            raise self._error(item, f"a parameter of shape {list(shape)} is too large for an operator set without Tile")
        last = shape[-1] if shape[-1] <= min(LARGEST_RANDOM, self.left) else 1
        self.left -= last
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
