"""Limits on the inputs of each operator class, from the versions of the ONNX schema that the class fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from younger_hf.errors import MetricError
from younger_hf.graph.operators.signatures import operator_name, parse_signature
from younger_hf.graph.vocabulary import FIRST_CLASS, Vocabulary

UNLIMITED = 2**31 - 1
"""ONNX's own number for variadic inputs."""
INVALID = -1
"""Limit of a class that no schema allows."""


@dataclass(frozen=True)
class Version:
    """The constraints of one version of an operator's schema.

    Attributes:
        since: First version of the operator set that contains it.
        max_input: Maximum number of inputs.
        kinds: Type of each attribute, such as `ints`.
        needed: Attributes that canonical attributes always contain: required ones and those with
            a default.
    """

    since: int
    max_input: int
    kinds: Mapping[str, str]
    needed: frozenset[str]


@lru_cache(maxsize=16)
def most_inputs(vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """Return the maximum number of data flows into an operator of each class.

    Args:
        vocabulary: The classes.

    Returns:
        By class id, int64 [len(vocabulary)]: the highest limit among the versions of the operator's
        schema that fit the class, -1 for UNK, MASK and classes without such a version. Read-only.

    Raises:
        MetricError: If a class is not a signature.
    """
    limits = [INVALID] * FIRST_CLASS + [_limit(text) for text in vocabulary.classes]
    array = np.array(limits, dtype=np.int64)
    array.flags.writeable = False
    return array


def explain_misfit(signature: str) -> str:
    """Explain in a few words why a class fits no version of an ONNX schema; empty if it fits one."""
    if _limit(signature) != INVALID:
        return ""
    domain, op_type, attributes = read_signature(signature)
    versions = versions_of(domain, op_type)
    if not versions:
        return f"ONNX has no operator {operator_name(domain, op_type)}"
    newest = versions[-1]
    return f"its attributes fit no version of ONNX's schema; of version {newest.since}: " + "; ".join(
        _misfits(newest, attributes or {})
    )


def _limit(signature: str) -> int:
    domain, op_type, attributes = read_signature(signature)
    return max(
        (
            version.max_input
            for version in versions_of(domain, op_type)
            if attributes is None or not _misfits(version, attributes)
        ),
        default=INVALID,
    )


def read_signature(text: str) -> tuple[str, str, dict[str, Any] | None]:
    """Split a class into domain, op_type and attributes, None for a signature without attributes.

    Raises:
        MetricError: If it is not a signature.
    """
    try:
        domain, op_type, written = parse_signature(text)
        attributes = json.loads(written) if written else None
        if isinstance(domain, str) and isinstance(op_type, str) and isinstance(attributes, dict | None):
            return domain, op_type, attributes
    except (ValueError, TypeError, KeyError, IndexError):
        pass
    raise MetricError(
        f'vocabulary: expected signatures as \'["","Relu",{{}}]\', got {text!r}.',
        "Read it from the dataset's vocabulary config, without UNK and MASK.",
    )


@lru_cache(maxsize=4096)
def versions_of(domain: str, op_type: str) -> tuple[Version, ...]:
    """Return the versions of an operator, oldest first; empty if ONNX does not know it."""
    return tuple(map(_version, _history().get((domain, op_type), ())))


def _version(schema: onnx.defs.OpSchema) -> Version:
    kinds = {name: str(each.type).removeprefix("AttrType.").lower() for name, each in schema.attributes.items()}
    needed = frozenset(name for name, each in schema.attributes.items() if each.required or each.default_value.name)
    # The results of sub-graphs flow into their operator too, and the schema does not count them.
    most = UNLIMITED if "graph" in kinds.values() else schema.max_input
    return Version(schema.since_version, most, kinds, needed)


@lru_cache(maxsize=1)
def _history() -> dict[tuple[str, str], list[onnx.defs.OpSchema]]:
    """Return all schemas that are not deprecated by domain and name, oldest first."""
    found: dict[tuple[str, str], list[onnx.defs.OpSchema]] = {}
    for schema in sorted(onnx.defs.get_all_schemas_with_history(), key=lambda schema: schema.since_version):
        if not schema.deprecated:
            found.setdefault((schema.domain, schema.name), []).append(schema)
    return found


def _misfits(version: Version, attributes: Mapping[str, Any]) -> list[str]:
    """Describe how attributes differ from the version's."""
    found = [f"there is no attribute {name!r}" for name in attributes if name not in version.kinds]
    found += [f"attribute {name!r} is missing" for name in sorted(version.needed - attributes.keys())]
    return found + [
        f"attribute {name!r} should be of type {version.kinds[name]}"
        for name, value in attributes.items()
        if name in version.kinds and version.kinds[name] not in kinds_of(value)
    ]


_LISTS = ("floats", "ints", "strings")


def kinds_of(value: Any) -> frozenset[str]:
    """Return the attribute types of a canonical value: several for an empty list, empty if it is not canonical.

    Values that are not recorded are objects that name their type, and so are strings that are not
    UTF-8, with the type `bytes`.
    """
    if isinstance(value, dict):
        kind = value.get("type")
        return frozenset([{"bytes": "string"}.get(kind, kind)]) if isinstance(kind, str) else frozenset()
    if isinstance(value, list):
        elements = [kinds_of(element) for element in value]
        return frozenset(kind for kind in _LISTS if all(kind[:-1] in each for each in elements))
    for python_type, kind in ((bool, ""), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, python_type):
            return frozenset([kind]) if kind else frozenset()
    return frozenset()
