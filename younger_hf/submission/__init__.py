"""The submission format, its validation and its scoring.

The library, the command line and the board share this code.
"""

from __future__ import annotations

from younger_hf.submission.check.validate import MAX_BYTES, ValidationReport, validate
from younger_hf.submission.format.metadata import SubmissionMetadata, read_metadata, write_metadata
from younger_hf.submission.format.predictions import AlignedPredictions, GeneratedGraphs, Predictions
from younger_hf.submission.format.problems import CODES, Problem
from younger_hf.submission.format.write_predictions import write_predictions
from younger_hf.submission.score.compare import CompareResult, compare
from younger_hf.submission.score.reference_predictions import REFERENCES, reference_predictions
from younger_hf.submission.score.score_predictions import ScoreResult, score

__all__ = [
    "CODES",
    "MAX_BYTES",
    "REFERENCES",
    "AlignedPredictions",
    "CompareResult",
    "GeneratedGraphs",
    "Predictions",
    "Problem",
    "ScoreResult",
    "SubmissionMetadata",
    "ValidationReport",
    "compare",
    "read_metadata",
    "reference_predictions",
    "score",
    "validate",
    "write_metadata",
    "write_predictions",
]
