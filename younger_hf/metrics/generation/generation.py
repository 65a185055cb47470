"""`evaluate` module of the generation task.

`younger_hf.metrics.generation.generation_metrics` computes the values.
"""

from __future__ import annotations

import datasets
import evaluate

from younger_hf.metrics import load_metric

_DESCRIPTION = "Shares of generated architectures that are valid, executable, unique and novel, and their distances from real ones."
_CITATION = ""
_INPUTS = """
Args:
    predictions (list of dict): generated graphs, each {"node_feat": [N], "edge_index": [2, E]}.
    references (list of dict): real architectures, such as those of the validation split; any number.
    train (list of dict): training graphs.
    vocabulary (list of str): signature strings of the node classes, from class id 2 on; or a Vocabulary.
    executable (list of bool): whether each generated graph runs; optional.
Returns:
    acyclic, valid, executable, unique, novel, valid_unique_novel, executable_unique_novel (float): in [0, 1], higher is better;
    size, depth, in_degree, out_degree, operator, spectral, each with _w1 and _mmd (float): at least 0, lower is better.
"""


class Generation(evaluate.Metric):
    """Metrics of the generation task."""

    def _info(self) -> evaluate.MetricInfo:
        integers = datasets.Sequence(datasets.Value("int64"))
        features = datasets.Features(
            {"predictions": {"node_feat": integers, "edge_index": datasets.Sequence(integers)}}
        )
        return evaluate.MetricInfo(_DESCRIPTION, _CITATION, features, inputs_description=_INPUTS)

    def compute(self, *, predictions=None, references=None, **context) -> dict[str, float]:
        """Compute all metrics.

        `references` are hidden from `evaluate`, which would pair them with `predictions`.
        """
        return super().compute(predictions=predictions, real=references, **context)

    def _compute(self, predictions, real, **context) -> dict[str, float]:
        return load_metric("generation").compute(references=real, predictions=predictions, **context)
