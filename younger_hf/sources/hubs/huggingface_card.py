"""Licence and evaluation results of a model, from its card in a listing of the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.licence import spdx

MAX_RESULTS = 100
"""Most results kept of one model; benchmarks of embeddings list thousands."""
MAX_TEXT = 200
"""Most characters of a name or value."""


def licence(entry: Mapping[str, Any]) -> str:
    """Return the SPDX identifier of the licence, from the card or else from a tag."""
    card = entry.get("cardData")
    named = card.get("license") if isinstance(card, Mapping) else None
    tags = entry.get("tags")
    tagged = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    prefix = "license:"
    return spdx(named) or spdx(next((tag.removeprefix(prefix) for tag in tagged if tag.startswith(prefix)), ""))


def results(entry: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the evaluation results in the card's `model-index`: task, dataset, metric, value.

    They are not trusted: anybody can write anything there.
    """
    card = entry.get("cardData")
    index = entry.get("model-index") or (card.get("model-index") if isinstance(card, Mapping) else None)
    found: list[Mapping[str, Any]] = []
    for model in _mappings(index):
        for result in _mappings(model.get("results")):
            task, dataset = _name(result.get("task"), "type"), _name(result.get("dataset"), "name", "type")
            for metric in _mappings(result.get("metrics")):
                value = metric.get("value")
                if isinstance(value, bool) or not isinstance(value, int | float | str):
                    continue
                value = value[:MAX_TEXT] if isinstance(value, str) else value
                name = _name(metric, "type", "name")
                found.append({"task": task, "dataset": dataset, "metric": name, "value": value})
                if len(found) == MAX_RESULTS:
                    return tuple(found)
    return tuple(found)


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings of a list, or the mapping itself."""
    values = value if isinstance(value, list) else [value]
    return (item for item in values if isinstance(item, Mapping))


def _name(value: object, *keys: str) -> str:
    """Return the first text among the values of the keys."""
    texts = [value.get(key) for key in keys] if isinstance(value, Mapping) else []
    return next((text[:MAX_TEXT] for text in texts if isinstance(text, str)), "")
