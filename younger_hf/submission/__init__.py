"""The submission format, its validation and its scoring: one code for the library, the command line and the board."""

from __future__ import annotations

from younger_hf.submission.compare import CompareResult, compare
from younger_hf.submission.metadata import SubmissionMetadata, read_metadata, write_metadata
from younger_hf.submission.predictions import AlignedPredictions, GeneratedGraphs, Predictions
from younger_hf.submission.problems import CODES, Problem
from younger_hf.submission.reference import REFERENCES, reference_predictions
from younger_hf.submission.score import ScoreResult, score
from younger_hf.submission.validate import MAX_BYTES, ValidationReport, validate
from younger_hf.submission.write import write_predictions

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
