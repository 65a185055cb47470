"""Checks shared by the tests of all libraries: list models, build without weights, export."""

from __future__ import annotations

import re

import younger_hf
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.source import Query, Source


def listed(source: Source, *only: str) -> list[Candidate]:
    """The candidates with these names, in order; all candidates without names."""
    return list(source.candidates(Query(only=only)))


def check_listing(source: Source) -> list[Candidate]:
    """All candidates, after a check of the guarantees of every source."""
    candidates = listed(source)
    assert len(candidates) == len({candidate.id for candidate in candidates})
    for candidate in candidates:
        assert re.fullmatch(rf"{source.name}--[A-Za-z0-9._-]+", candidate.id)
        assert source.name == candidate.hub == candidate.recipe["kind"]
        assert candidate == Candidate.from_record(candidate.to_record())
        assert candidate.family
        assert candidate.revision
    assert candidates == listed(source), "the order is not stable"
    first = candidates[0]
    assert [first] == listed(source, first.model)[:1]
    few = list(source.candidates(Query(limit=3)))
    assert first == few[0]
    assert min(3, len({candidate.family for candidate in candidates})) == len({candidate.family for candidate in few})
    return candidates


def exported(source: Source, name: str) -> younger_hf.Dag:
    """The architecture of one model, built in the same way as by a worker."""
    from younger_hf.export.lazy_weights import LazyWeights
    from younger_hf.export.torch_model import export_torch

    (candidate,) = listed(source, name)
    assert source.build is not None
    with LazyWeights():
        model = source.build(candidate.recipe)
    return younger_hf.from_onnx(export_torch(model).model.SerializeToString())  # type: ignore[arg-type]
