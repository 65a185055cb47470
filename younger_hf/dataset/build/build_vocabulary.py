"""Vocabularies: the node classes of the training architectures, and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.schema import schema_of
from younger_hf.graph.operators.signatures import parse_signature, signature
from younger_hf.graph.vocabulary import FIRST_CLASS, Signature, Vocabulary


def build_vocabulary(train: Iterable[Architecture], kind: Signature) -> tuple[Vocabulary, pa.Table]:
    """Build the vocabulary of one signature, and the rows of its `vocabulary_*` config.

    Classes are ordered by descending count in the training architectures, ties by name; ids 0 and 1
    are UNK and MASK.
    """
    counts = Counter(text for architecture in train for text in architecture.dag.signatures(kind))
    classes = sorted(counts, key=lambda text: (-counts[text], text))
    rows = [("", "UNK", "", 0), ("", "MASK", "", 0)]
    rows.extend((*parse_signature(text), counts[text]) for text in classes)
    columns = [range(len(rows)), *zip(*rows, strict=True)]
    schema = schema_of(f"vocabulary_{kind}")
    return Vocabulary(kind, tuple(classes)), pa.table(list(map(pa.array, columns)), names=schema.names).cast(schema)


def read_vocabulary(table: pa.Table, kind: Signature) -> Vocabulary:
    """The vocabulary in a `vocabulary_*` config."""
    rows = table.select(["domain", "op_type", "attributes"]).slice(FIRST_CLASS).to_pylist()
    with_attributes = kind == "w_attrs"
    return Vocabulary(
        kind, tuple(signature(r["domain"], r["op_type"], r["attributes"] if with_attributes else None) for r in rows)
    )
