"""Runs made-up models in onnxruntime, each in a process that can be ended: a crash, a hang or a flood of memory costs one graph."""

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

from younger_hf.containment.limits import limit_process
from younger_hf.containment.pool_results import ProcessEndedError, wait_for_result
from younger_hf.containment.processes import end_with_parent
from younger_hf.errors import MissingDependencyError, RebuildError
from younger_hf.graph.labelled_graphs import Graph, Graphs
from younger_hf.graph.vocabulary import Vocabulary
from younger_hf.metrics.generation.uniqueness import isomorphism_classes

SECONDS = 30.0
"""Longest that making up and running one graph may take."""
MEMORY = 4 << 30
"""Bytes of address space of the process that does it."""


@dataclass(frozen=True)
class Execution:
    """What became of one graph.

    Attributes:
        ran: Whether a model was made up for it, passed `onnx.checker`, and ran in onnxruntime.
        reason: Why not; empty if it ran.
    """

    ran: bool
    reason: str = ""


def executable(
    graphs: Graphs,
    vocabulary: Vocabulary,
    *,
    workers: int = 2,
    on_graph: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.bool_]:
    """Which graphs run; of isomorphic ones the first is tried for all. Arguments and errors as for `execute`.

    Returns:
        True where a graph runs, bool [G].
    """
    (classes,) = isomorphism_classes(graphs)
    _, tried, of_each, copies = np.unique(classes, return_index=True, return_inverse=True, return_counts=True)
    done = np.concatenate([[0], np.cumsum(copies)]).tolist()
    told = None if on_graph is None else lambda number, _: on_graph(done[number], len(graphs))
    results = execute([graphs[index] for index in tried], vocabulary, workers=workers, on_graph=told)
    ran = np.array([result.ran for result in results], dtype=np.bool_)
    return ran[of_each]


def execute(
    graphs: Sequence[Graph],
    vocabulary: Vocabulary,
    *,
    workers: int = 2,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    on_graph: Callable[[int, int], None] | None = None,
) -> list[Execution]:
    """Make up a model for each graph (`complete_graph`), check it, and run it once on made-up inputs. Needs onnxruntime.

    Processes are started anew, so that a script calls this below `if __name__ == "__main__":`, as for any `multiprocessing`.

    Args:
        graphs: Node classes and data flows, G of them.
        vocabulary: What the classes are.
        workers: Processes at work; results do not depend on it.
        seconds: Longest time for one graph.
        memory: Bytes of address space for each process.
        on_graph: Called with the number of graphs that are done and of all.

    Returns:
        What became of each graph, in their order.

    Raises:
        MissingDependencyError: If onnxruntime is not installed.
    """
    _need_onnxruntime()
    from pebble import ProcessPool

    results: list[Execution] = []
    # A process forked from one with threads may hang: this one is started anew, and forks have nothing of the caller.
    context = get_context("spawn")
    with ProcessPool(workers, initializer=_begin, initargs=(vocabulary, memory), context=context) as pool, _ended(pool):
        futures = [pool.schedule(_attempt, args=(each.node_feat, each.edge_index), timeout=seconds) for each in graphs]
        for number, future in enumerate(futures, start=1):
            try:
                results.append(Execution(*wait_for_result(future, seconds)))
            except ProcessEndedError as error:
                results.append(Execution(False, error.message))
            if on_graph is not None:
                on_graph(number, len(futures))
    return results


def run_model(model: onnx.ModelProto) -> None:
    """Check a model and run it once in onnxruntime, in this process, on inputs that are made up.

    Raises:
        RebuildError: If the checker or the runtime refuses it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it runs once
    options.log_severity_level = 4
    try:
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        session.run(None, {item.name: _input(item.type) for item in model.graph.input})
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise RebuildError(_first_line(error)) from error
    except Exception as error:  # onnxruntime's own errors derive from Exception alone
        if type(error).__module__.startswith("onnxruntime"):
            raise RebuildError(_first_line(error)) from error
        raise


_VOCABULARY: list[Vocabulary] = []
"""What a worker process was begun with."""


def _begin(vocabulary: Vocabulary, memory: int) -> None:
    end_with_parent()
    limit_process(address_space=memory)
    _VOCABULARY[:] = [vocabulary]


def _attempt(node_feat: npt.NDArray[np.int64], edge_index: npt.NDArray[np.int64]) -> tuple[bool, str]:
    """Runs in the worker process."""
    from younger_hf.graph.rebuild.completion.complete_graph import complete_graph

    try:
        run_model(complete_graph(Graph(node_feat, edge_index), _VOCABULARY[0]))
    except RebuildError as error:
        return False, error.message
    except MemoryError:
        return False, "It took more memory than it may."
    except (
        Exception
    ) as error:  # libraries meet models that nobody would write, and raise what they like: it is this graph's
        return False, f"{type(error).__name__}: {_first_line(error)}"
    return True, ""


def _input(kind: onnx.TypeProto) -> npt.NDArray[Any]:
    """Floats uniform in [0, 1), truths, and zeros for integers."""
    shape = tuple(size.dim_value for size in kind.tensor_type.shape.dim)
    dtype = helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)
    if kind.tensor_type.elem_type == TensorProto.BOOL:
        return np.ones(shape, dtype=dtype)
    if dtype.kind == "f":
        return np.random.default_rng(0).random(shape, dtype=np.float32).astype(dtype)
    return np.zeros(shape, dtype=dtype)


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _need_onnxruntime() -> None:
    try:
        import onnxruntime  # noqa: F401 - asked for here, so that it fails before any process is started
    except ImportError as error:
        raise MissingDependencyError("onnxruntime", "metrics") from error


@contextmanager
def _ended(pool: Any) -> Iterator[None]:
    """Whatever happens, no process is left."""
    try:
        yield
    except BaseException:
        pool.stop()
        raise
