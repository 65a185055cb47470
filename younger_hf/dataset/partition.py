"""The parts into which a build divides the architectures, and the keyed order that decides it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from younger_hf.dataset.architecture import Architecture


@dataclass(frozen=True)
class Split:
    """Disjoint sets of architectures, each in the order of the dataset.

    Attributes:
        train: For training, in every public config.
        validation: For validation, in every public config.
        operator_test: For the operator task's test rows only.
        dataflow_test: For the data-flow task's test rows only.
    """

    train: tuple[Architecture, ...]
    validation: tuple[Architecture, ...]
    operator_test: tuple[Architecture, ...]
    dataflow_test: tuple[Architecture, ...]

    @property
    def public(self) -> tuple[Architecture, ...]:
        """Everything but the test architectures."""
        return self.train + self.validation


def keyed_order(secret: str, *parts: str) -> bytes:
    """32 bytes to sort by; only the holder of the secret can foresee the order (HMAC-SHA256)."""
    return hmac.new(secret.encode(), "\0".join(parts).encode(), sha256).digest()


def keyed_name(secret: str, *parts: str) -> str:
    """A name of 32 hex digits that does not reveal its source."""
    return keyed_order(secret, "row", *parts).hex()[:32]
