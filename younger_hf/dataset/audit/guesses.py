"""What a channel of the audit says about the answers of one track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.audit.public_view import Row

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Guesses:
    """Guesses at answers.

    Attributes:
        values: For each test row, in the order of the file, one value an answer: a class, a label 0 or 1, or a score that is
            higher for pairs more likely to be a data flow; NaN where the channel says nothing. float64 [M] or [P].
        findings: What should not be there at all, in words; each one is a leak, whether or not a guess comes of it.
    """

    values: tuple[FloatArray, ...]
    findings: tuple[str, ...] = ()

    @property
    def answered(self) -> int:
        """Number of answers that there is a guess for."""
        return sum(int(np.count_nonzero(~np.isnan(values))) for values in self.values)


def silent(rows: Sequence[Row]) -> list[FloatArray]:
    """No guess for any answer, to be filled in."""
    return [np.full(len(row.y), np.nan) for row in rows]
