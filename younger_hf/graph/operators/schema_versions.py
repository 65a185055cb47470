"""How many data flows may end in an operator of each class, by the ONNX schemas that its class fits."""

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
"""As many data flows as one likes: what ONNX writes for variadic inputs."""
INVALID = -1
"""No data flow may end in it, and it may not be there at all."""


@dataclass(frozen=True)
class Version:
    """What one version of an operator's schema allows.

    Attributes:
        since: First version of the operator set that has it.
        max_input: Most inputs.
        kinds: Type of each attribute, as `ints`.
        needed: Attributes that the canonical attributes of every such operator name: required ones and those with a default.
    """

    since: int
    max_input: int
    kinds: Mapping[str, str]
    needed: frozenset[str]


@lru_cache(maxsize=16)
def most_inputs(vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """Most data flows that may end in an operator of each class.

    Args:
        vocabulary: The classes.

    Returns:
        By class id, int64 [len(vocabulary)]: the highest number that a version of the operator's schema allows that fits the class, -1 for
        UNK, MASK and classes that fit none. Not to be written to.

    Raises:
        MetricError: If a class is no signature.
    """
    limits = [INVALID] * FIRST_CLASS + [_limit(text) for text in vocabulary.classes]
    array = np.array(limits, dtype=np.int64)
    array.flags.writeable = False
    return array


def what_is_wrong(signature: str) -> str:
    """Why a class fits no version of an ONNX schema, in a few words; empty if it fits one."""
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
    """Domain, op_type and attributes of a class; None where it says nothing about attributes.

    Raises:
        MetricError: If it is no signature.
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
    """The versions of an operator, oldest first; none for operators that ONNX does not know."""
    return tuple(map(_version, _history().get((domain, op_type), ())))


def _version(schema: onnx.defs.OpSchema) -> Version:
    kinds = {name: str(each.type).removeprefix("AttrType.").lower() for name, each in schema.attributes.items()}
    needed = frozenset(name for name, each in schema.attributes.items() if each.required or each.default_value.name)
    # What a sub-graph gives is read by its operator: these data flows are no inputs that the schema counts.
    most = UNLIMITED if "graph" in kinds.values() else schema.max_input
    return Version(schema.since_version, most, kinds, needed)


@lru_cache(maxsize=1)
def _history() -> dict[tuple[str, str], list[onnx.defs.OpSchema]]:
    """All schemas that can still be used, by domain and name, oldest first."""
    found: dict[tuple[str, str], list[onnx.defs.OpSchema]] = {}
    for schema in sorted(onnx.defs.get_all_schemas_with_history(), key=lambda schema: schema.since_version):
        if not schema.deprecated:
            found.setdefault((schema.domain, schema.name), []).append(schema)
    return found


def _misfits(version: Version, attributes: Mapping[str, Any]) -> list[str]:
    """How attributes differ from what a version allows."""
    found = [f"there is no attribute {name!r}" for name in attributes if name not in version.kinds]
    found += [f"attribute {name!r} is missing" for name in sorted(version.needed - attributes.keys())]
    return found + [
        f"attribute {name!r} should be of type {version.kinds[name]}"
        for name, value in attributes.items()
        if name in version.kinds and version.kinds[name] not in kinds_of(value)
    ]


_LISTS = ("floats", "ints", "strings")


def kinds_of(value: Any) -> frozenset[str]:
    """The attribute types that a canonical value can have; several for an empty list, none for what is no canonical value.

    Values that are not kept are objects that name their type; texts that are no UTF-8 are objects of type `bytes`.
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
