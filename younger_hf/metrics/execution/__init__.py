"""Does a generated graph run: a model is made up for it, checked, and run in onnxruntime."""

from __future__ import annotations

from younger_hf.metrics.execution.realise import realise
from younger_hf.metrics.execution.run import Execution, executable, execute

__all__ = ["Execution", "executable", "execute", "realise"]
