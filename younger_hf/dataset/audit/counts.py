"""Attacks by counts: answers guessed from the vocabulary."""

from __future__ import annotations

import numpy as np

from younger_hf.dataset.audit.guesses import Guesses, no_guesses
from younger_hf.dataset.audit.public_view import Public
from younger_hf.graph.vocabulary import FIRST_CLASS


def vocabulary_counts(public: Public, track: str) -> Guesses:
    """Guess the most frequent class of the vocabulary for every answer.

    A leak: counts come from training architectures alone; if they included the test rows, they
    could name the test rows' majority.
    """
    counts, values = public.counts(track), no_guesses(public.rows(track, "test"))
    if len(counts) > FIRST_CLASS:
        for value in values:
            value[:] = FIRST_CLASS + int(counts[FIRST_CLASS:].argmax())
    return Guesses(tuple(values))


def endpoint_counts(public: Public, track: str) -> Guesses:
    """Rank pairs of frequent operators first.

    No leak: the ends of uniformly drawn pairs differ from those of data flows, as every solver sees.
    """
    counts = np.log1p(public.counts(track))
    rows = public.rows(track, "test")
    return Guesses(tuple(counts[row.node_feat[row.targets]].sum(axis=0) for row in rows))
