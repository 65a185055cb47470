"""The content of a release: the rows of every config, the hidden answers, and counts.

A protocol decides how the architectures are split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Protocol = Literal["grouped", "paper"]
"""How the splits are made, and whether answers are hidden.

`grouped`: whole groups are on one side of a split, and answers are hidden. `paper`: the leaky
splits of the Younger paper.
"""

Report = Callable[[str], None]
"""Called with the name of each step as it begins."""


@dataclass(frozen=True)
class ProtocolRows:
    """The content of a release.

    Attributes:
        tables: config -> split -> rows with the columns of `schema_of(config)`.
        answers: track -> rows with the columns of `answer_schema_of(track)`.
        counts: Name -> count of what was done, for the card and the console.
    """

    tables: Mapping[str, Mapping[str, pa.Table]]
    answers: Mapping[str, pa.Table]
    counts: Mapping[str, int | float]
