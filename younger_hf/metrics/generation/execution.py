"""Run completed models in onnxruntime, in limited processes.

A crash, a hang or too much memory costs one graph only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from younger_hf.arrays import BoolArray
from younger_hf.containment.limits import limit_process
from younger_hf.containment.pool_results import ProcessEndedError, wait_for_result
from younger_hf.containment.processes import end_with_parent
from younger_hf.errors import MissingDependencyError, RebuildError
from younger_hf.files import first_line
from younger_hf.graph.labelled_graphs import Graph, Graphs
from younger_hf.graph.vocabulary import Vocabulary
from younger_hf.metrics.generation.uniqueness import isomorphism_classes

SECONDS = 30.0
"""Time limit for completing and running one graph."""
MEMORY = 4 << 30
"""Bytes of address space of a worker process."""


@dataclass(frozen=True)
class Execution:
    """The outcome for one graph.

    Attributes:
        ran: Whether it was completed to a model that passed `onnx.checker` and ran in onnxruntime.
        reason: Why it did not run; empty if it ran.
    """

    ran: bool
    reason: str = ""


def executable(
    graphs: Graphs,
    vocabulary: Vocabulary,
    *,
    workers: int = 2,
    on_graph: Callable[[int, int], None] | None = None,
) -> BoolArray:
    """Find out which graphs run.

    Of isomorphic graphs only the first is tried. Arguments and errors as for `execute`.

    Returns:
        Whether each graph runs, bool [G].
    """
    (classes,) = isomorphism_classes(graphs)
    _, tried, position, copies = np.unique(classes, return_index=True, return_inverse=True, return_counts=True)
    done = np.cumsum(copies).tolist()
    report = None if on_graph is None else lambda number, _: on_graph(done[number - 1], len(graphs))
    results = execute([graphs[index] for index in tried], vocabulary, workers=workers, on_graph=report)
    return np.array([result.ran for result in results], dtype=np.bool_)[position]


def execute(
    graphs: Sequence[Graph],
    vocabulary: Vocabulary,
    *,
    workers: int = 2,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    on_graph: Callable[[int, int], None] | None = None,
) -> list[Execution]:
    """Complete each graph to a model, check it, and run it once on artificial inputs.

    This needs onnxruntime. Worker processes are spawned, so a script must call this below
    `if __name__ == "__main__":`, as for any `multiprocessing`.

    Args:
        graphs: Node classes and data flows, G graphs.
        vocabulary: The classes.
        workers: Number of worker processes; results do not depend on it.
        seconds: Time limit for one graph.
        memory: Bytes of address space for each process.
        on_graph: Called with the number of graphs that are done and the total.

    Returns:
        The outcome for each graph, in their order.

    Raises:
        MissingDependencyError: If onnxruntime is not installed.
    """
    _require_onnxruntime()
    from pebble import ProcessPool

    results: list[Execution] = []
    # A process forked from one with threads may hang, so workers are spawned.
    context = get_context("spawn")
    with (
        ProcessPool(workers, initializer=_initialize, initargs=(vocabulary, memory), context=context) as pool,
        _stop_on_error(pool),
    ):
        futures = [pool.schedule(_try_graph, args=(graph,), timeout=seconds) for graph in graphs]
        for number, future in enumerate(futures, start=1):
            try:
                results.append(Execution(*wait_for_result(future, seconds)))
            except ProcessEndedError as error:
                results.append(Execution(False, error.message))
            if on_graph is not None:
                on_graph(number, len(futures))
    return results


def run_model(model: onnx.ModelProto) -> None:
    """Check a model and run it once in onnxruntime, in this process, on artificial inputs.

    Raises:
        RebuildError: If the checker or the runtime rejects it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # not worth it for one run
    options.log_severity_level = 4
    try:
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        session.run(None, {item.name: _input(item.type) for item in model.graph.input})
    except Exception as error:
        refused = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError, ValueError)
        # onnxruntime's own errors derive from Exception alone
        if isinstance(error, refused) or type(error).__module__.startswith("onnxruntime"):
            raise RebuildError(first_line(error)[:300]) from error
        raise


_VOCABULARY: list[Vocabulary] = []
"""The vocabulary of this worker process."""


def _initialize(vocabulary: Vocabulary, memory: int) -> None:
    end_with_parent()
    limit_process(address_space=memory)
    _VOCABULARY[:] = [vocabulary]


def _try_graph(graph: Graph) -> tuple[bool, str]:
    """Complete and run a graph in a worker process."""
    from younger_hf.graph.rebuild.completion.complete_graph import complete_graph

    try:
        run_model(complete_graph(graph, _VOCABULARY[0]))
    except RebuildError as error:
        return False, error.message
    except MemoryError:
        return False, "It exceeded its memory limit."
    except Exception as error:  # on odd models libraries raise anything, which must not end the others
        return False, f"{type(error).__name__}: {first_line(error)[:300]}"
    return True, ""


def _input(kind: onnx.TypeProto) -> npt.NDArray[Any]:
    """Make an input: floats uniform in [0, 1), integers 0, booleans true."""
    shape = tuple(size.dim_value for size in kind.tensor_type.shape.dim)
    dtype = helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)
    if kind.tensor_type.elem_type == TensorProto.BOOL:
        return np.ones(shape, dtype=dtype)
    if dtype.kind == "f":
        return np.random.default_rng(0).random(shape, dtype=np.float32).astype(dtype)
    return np.zeros(shape, dtype=dtype)


def _require_onnxruntime() -> None:
    try:
        import onnxruntime  # noqa: F401 - fails before any process is started
    except ImportError as error:
        raise MissingDependencyError("onnxruntime", "metrics") from error


@contextmanager
def _stop_on_error(pool: Any) -> Iterator[None]:
    """Leave no process running, whatever happens."""
    try:
        yield
    except BaseException:
        pool.stop()
        raise
