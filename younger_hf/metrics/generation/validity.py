"""Validity of graphs.

Acyclic, and each operator known to ONNX, with attributes and inputs that its schema allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import BoolArray, IntArray
from younger_hf.graph.labelled_graphs import Graph, Graphs
from younger_hf.graph.operators.schema_versions import explain_misfit, most_inputs, read_signature
from younger_hf.graph.operators.signatures import operator_name
from younger_hf.graph.vocabulary import FIRST_CLASS, MASK, UNK, Vocabulary
from younger_hf.metrics.generation.descriptors import simple_edges, topological_levels


@dataclass(frozen=True)
class Validity:
    """Validity of each graph of a set.

    Attributes:
        acyclic: Whether the graph has neither cycles nor self-loops, bool [G].
        schema: Whether all its operators fit ONNX's schemas, bool [G].
    """

    acyclic: BoolArray
    schema: BoolArray

    @property
    def valid(self) -> BoolArray:
        """Whether the graph is acyclic and its operators fit, bool [G]."""
        return self.acyclic & self.schema


def validity(graphs: Graphs, vocabulary: Vocabulary) -> Validity:
    """Check every graph as far as possible without running it.

    An operator fits if its class is in the vocabulary and is neither UNK nor MASK, and one version
    of its ONNX schema has all its attributes with their types, requires no others, and allows as
    many inputs as there are data flows into it. A class does not specify its opset version, so any
    will do; a class without attributes (`wo_attrs`) is checked for existence and inputs alone.

    Inputs have no minimum number: those that no operator produces are inputs of the model or
    parameters, which these graphs do not contain. Repeated edges count once. Any number of data
    flows may lead into an operator with sub-graphs (If, Loop, Scan), because the results of its
    sub-graphs are data flows too. Operators without an ONNX schema, such as those of com.microsoft,
    cannot be checked and do not fit.

    Args:
        graphs: The graphs.
        vocabulary: The classes.

    Raises:
        MetricError: If a class of the vocabulary is not a signature.
    """
    sources, targets = simple_edges(graphs)
    num_nodes = len(graphs.nodes.values)
    acyclic = topological_levels(sources, targets, num_nodes) >= 0
    fits = np.bincount(targets, minlength=num_nodes) <= _limits(graphs.nodes.values, vocabulary)
    starts = graphs.nodes.offsets[:-1]
    return Validity(np.logical_and.reduceat(acyclic, starts), np.logical_and.reduceat(fits, starts))


def explain(graph: Graph, vocabulary: Vocabulary) -> list[str]:
    """Describe what is wrong with one graph in a sentence for each mistake; empty if it is valid.

    Args:
        graph: The graph.
        vocabulary: The classes.

    Raises:
        MetricError: If a class of the vocabulary is not a signature.

    Example:
        >>> vocabulary = Vocabulary("wo_attrs", ('["","Relu"]',))
        >>> explain(Graphs.of([([2, 2, 2], [[0, 1], [2, 2]])])[0], vocabulary)
        ['Node 2 (Relu): expected at most 1 data flow into it, got 2.']
    """
    graphs = Graphs.of([(graph.node_feat, graph.edge_index)])
    sources, targets = simple_edges(graphs)
    num_nodes = len(graph.node_feat)
    found = _cycle(sources, targets, num_nodes)
    in_degrees = np.bincount(targets, minlength=num_nodes)
    for node, limit in enumerate(_limits(graph.node_feat, vocabulary).tolist()):
        class_id, flows = int(graph.node_feat[node]), int(in_degrees[node])
        if limit >= flows:
            continue
        if class_id in (UNK, MASK):
            found.append(f"Node {node}: class {class_id} is {'UNK' if class_id == UNK else 'MASK'}, not an operator.")
        elif class_id >= len(vocabulary):
            found.append(f"Node {node}: expected a class id below {len(vocabulary):,}, got {class_id:,}.")
        else:
            signature = vocabulary.classes[class_id - FIRST_CLASS]
            name = operator_name(*read_signature(signature)[:2])
            wrong = explain_misfit(signature)
            wrong = wrong or f"expected at most {limit} data flow{'s' if limit != 1 else ''} into it, got {flows}"
            found.append(f"Node {node} ({name}): {wrong}.")
    return found


def _limits(node_feat: IntArray, vocabulary: Vocabulary) -> IntArray:
    """Maximum number of data flows into each node, -1 for nodes that may not occur, int64 [N]."""
    limits = most_inputs(vocabulary)
    known = node_feat < len(limits)
    found: IntArray = np.where(known, limits[np.where(known, node_feat, UNK)], limits[UNK])
    return found


def _cycle(sources: IntArray, targets: IntArray, num_nodes: int) -> list[str]:
    """Describe one cycle in a sentence, if there is one."""
    levels = topological_levels(sources, targets, num_nodes)
    if levels.min() >= 0:
        return []
    # Every node without a level has a predecessor without one: going back from any of them leads
    # into a cycle.
    within = (levels[sources] < 0) & (levels[targets] < 0)
    before = dict(zip(targets[within].tolist(), sources[within].tolist(), strict=True))
    path = [int(np.argmin(levels))]
    while (node := before[path[-1]]) not in path:
        path.append(node)
    cycle = path[path.index(node) :][::-1]
    return [f"Data flows in a cycle: {' -> '.join(map(str, [*cycle, cycle[0]]))}."]
