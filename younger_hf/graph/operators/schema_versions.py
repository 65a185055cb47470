"""The versions of ONNX's operator schemas that a node class fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import onnx

from younger_hf.arrays import IntArray
from younger_hf.errors import MetricError
from younger_hf.graph.operators.signatures import operator_name, parse_signature
from younger_hf.graph.vocabulary import FIRST_CLASS, Vocabulary

UNLIMITED = 2**31 - 1
"""Maximum number of inputs of a variadic operator, as ONNX writes it."""
INVALID = -1
"""Maximum number of inputs of an operator that may not occur at all."""


@dataclass(frozen=True)
class SchemaVersion:
    """What one version of an operator's schema allows.

    Attributes:
        since: First version of the operator set that has it.
        max_input: Maximum number of inputs.
        types: Type of each attribute, such as `ints`.
        required: Attributes that the canonical attributes of every such operator contain: those
            that are required and those with a default.
    """

    since: int
    max_input: int
    types: Mapping[str, str]
    required: frozenset[str]

    def mismatches(self, attributes: Mapping[str, Any]) -> list[str]:
        """How canonical attributes differ from what this version allows."""
        found = [f"unknown attribute {name!r}" for name in attributes if name not in self.types]
        found += [f"attribute {name!r} is missing" for name in sorted(self.required - attributes.keys())]
        return found + [
            f"attribute {name!r} should be of type {self.types[name]}"
            for name, value in attributes.items()
            if name in self.types and self.types[name] not in possible_types(value)
        ]


@lru_cache(maxsize=16_384)
def fitting_versions(signature: str) -> tuple[SchemaVersion, ...]:
    """Find the schema versions that a node class fits, oldest first.

    Without attributes (`wo_attrs`) a class fits every version of its operator.

    Raises:
        MetricError: If the text is not a signature.
    """
    domain, op_type, attributes = read_signature(signature)
    versions = schema_versions(domain, op_type)
    if attributes is None:
        return versions
    return tuple(version for version in versions if not version.mismatches(attributes))


@lru_cache(maxsize=16)
def most_inputs(vocabulary: Vocabulary) -> IntArray:
    """Find the maximum number of data flows into an operator of each class.

    Args:
        vocabulary: The classes.

    Returns:
        By class id, int64 [len(vocabulary)], read-only: the highest number that any fitting schema
        version allows; -1 for UNK, MASK and classes that fit none.

    Raises:
        MetricError: If a class is not a signature.
    """
    limits = [max((v.max_input for v in fitting_versions(text)), default=INVALID) for text in vocabulary.classes]
    array = np.array([INVALID] * FIRST_CLASS + limits, dtype=np.int64)
    array.flags.writeable = False
    return array


def explain_misfit(signature: str) -> str:
    """Say briefly why a class fits no version of an ONNX schema; empty if it fits one."""
    if fitting_versions(signature):
        return ""
    domain, op_type, attributes = read_signature(signature)
    versions = schema_versions(domain, op_type)
    if not versions:
        return f"ONNX has no operator {operator_name(domain, op_type)}"
    mismatches = "; ".join(versions[-1].mismatches(attributes or {}))
    return f"its attributes fit no version of ONNX's schema; of version {versions[-1].since}: {mismatches}"


def read_signature(text: str) -> tuple[str, str, dict[str, Any] | None]:
    """Split a class into domain, op_type and attributes, which are None for a class without them.

    Raises:
        MetricError: If the text is not a signature.
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
def schema_versions(domain: str, op_type: str) -> tuple[SchemaVersion, ...]:
    """List the versions of an operator's schema that are not deprecated, oldest first.

    Return an empty tuple for unknown operators.
    """
    return tuple(map(_schema_version, _schema_history().get((domain, op_type), ())))


def _schema_version(schema: onnx.defs.OpSchema) -> SchemaVersion:
    types = {name: str(each.type).removeprefix("AttrType.").lower() for name, each in schema.attributes.items()}
    required = frozenset(name for name, each in schema.attributes.items() if each.required or each.default_value.name)
    # An operator also reads the results of its sub-graphs, data flows that the schema does not
    # count.
    max_input = UNLIMITED if "graph" in types.values() else schema.max_input
    return SchemaVersion(schema.since_version, max_input, types, required)


@lru_cache(maxsize=1)
def _schema_history() -> dict[tuple[str, str], list[onnx.defs.OpSchema]]:
    """All schemas that are not deprecated, by domain and name, oldest first."""
    found: dict[tuple[str, str], list[onnx.defs.OpSchema]] = {}
    for schema in sorted(onnx.defs.get_all_schemas_with_history(), key=lambda schema: schema.since_version):
        if not schema.deprecated:
            found.setdefault((schema.domain, schema.name), []).append(schema)
    return found


_LISTS = ("floats", "ints", "strings")
_SCALARS = {int: "int", float: "float", str: "string"}


def possible_types(value: Any) -> frozenset[str]:
    """Find the attribute types that a canonical value can have.

    An empty list can have several, and a value that is not canonical has none. Values that are not
    recorded are objects that name their type; text that is not UTF-8 is an object of type `bytes`.
    """
    if isinstance(value, dict):
        kind = value.get("type")
        return frozenset([{"bytes": "string"}.get(kind, kind)]) if isinstance(kind, str) else frozenset()
    if isinstance(value, list):
        elements = [possible_types(element) for element in value]
        return frozenset(kind for kind in _LISTS if all(kind[:-1] in each for each in elements))
    return frozenset([_SCALARS[type(value)]]) if type(value) in _SCALARS else frozenset()
