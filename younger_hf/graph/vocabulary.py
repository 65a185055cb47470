"""Node classes: the ids that signatures have in a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

Signature = Literal["w_attrs", "wo_attrs"]
"""Which of a node's two signatures."""

UNK = 0
"""Class id of a signature that is not in the vocabulary."""
MASK = 1
"""Class id of a node whose operator is hidden."""
FIRST_CLASS = 2
"""Id of the first real class."""


@dataclass(frozen=True)
class Vocabulary:
    """The node classes of one signature, by descending training count.

    Attributes:
        signature: Which of a node's two signatures the classes are: `w_attrs` or `wo_attrs`.
        classes: Canonical signature strings; the class `classes[i]` has id `i + 2`, after UNK and
            MASK.
    """

    signature: Signature
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.classes) + FIRST_CLASS

    @cached_property
    def ids(self) -> dict[str, int]:
        """Signature string -> class id."""
        return {text: index for index, text in enumerate(self.classes, start=FIRST_CLASS)}

    def encode(self, signatures: Iterable[str]) -> npt.NDArray[np.int32]:
        """Return class ids of signatures, int32 of the same length, UNK for unknown ones."""
        ids = self.ids
        return np.array([ids.get(text, UNK) for text in signatures], dtype=np.int32)
