"""An independent count of operators and data flows by onnx and networkx, to check `from_onnx`."""

from __future__ import annotations

from typing import NamedTuple

import networkx as nx
import onnx
from onnx import AttributeProto

_RANDOM = {"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"}
_NO_TENSOR = {"SequenceConstruct", "SequenceInsert", "SequenceErase", "SplitToSequence", "Optional"}
_FORMALS_STAND_FOR_INPUTS = {"If", "Loop", "Scan", "SequenceMap"}


class _Value(NamedTuple):
    """The operator that produces a value, and whether the value varies by itself.

    It does if it is an input of the model or a formal input of a sub-graph.
    """

    producer: str | None
    varies: bool


def count_nodes_and_edges(model: onnx.ModelProto) -> tuple[int, int]:
    """Number of operators that are not constant, and of distinct pairs of them with a data flow.

    An operator is not constant if it depends on an input of the model or on chance, or returns no
    tensor.

    Operators of sub-graphs count as if they stood outside, and their results flow into the operator
    that contains the sub-graph. The model must be in topological order, without local functions.
    """
    alive = _alive(model)
    return alive.number_of_nodes(), nx.DiGraph(alive).number_of_edges()


def count_data_flows(model: onnx.ModelProto) -> int:
    """Number of data flows between those operators; parallel ones count separately."""
    return int(_alive(model).number_of_edges())


def _alive(model: onnx.ModelProto) -> nx.MultiDiGraph[str]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    versions = {item.domain: item.version for item in model.opset_import}
    scope = {value.name: _Value(None, varies=True) for value in model.graph.input}
    _add_graph(graph, model.graph, scope, "", versions.get("", 1))
    roots = {name for name, root in graph.nodes(data="root") if root}
    kept = set(roots)
    for root in roots:
        kept |= nx.descendants(graph, root)
    alive: nx.MultiDiGraph[str] = graph.subgraph(kept)
    return alive


def _add_graph(
    graph: nx.MultiDiGraph[str], proto: onnx.GraphProto, scope: dict[str, _Value], place: str, opset: int
) -> None:
    scope.update((tensor.name, _Value(None, varies=False)) for tensor in proto.initializer)
    for index, node in enumerate(proto.node):
        name = f"{place}/{index}"
        read = [scope[key] if key else _Value(None, varies=False) for key in node.input]
        given, results = list(read), []
        if node.op_type not in _FORMALS_STAND_FOR_INPUTS:
            given = []
        elif node.op_type == "Scan" and opset < 9:
            given = given[1:]
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
                inside = dict(scope)
                for position, formal in enumerate(inner.input):
                    start = given[position].producer if position < len(given) else None
                    inside[formal.name] = _Value(start, varies=True)
                _add_graph(graph, inner, inside, f"{name}.{attribute.name}", opset)
                results += [inside[value.name] for value in inner.output]
        by_chance = (not any(node.input) and node.op_type != "Constant") or node.op_type in _RANDOM | _NO_TENSOR
        elsewhere = node.domain not in ("", "ai.onnx")
        holds = any(attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for attribute in node.attribute)
        graph.add_node(name, root=by_chance or elsewhere or holds or any(value.varies for value in read))
        graph.add_edges_from((value.producer, name) for value in read + results if value.producer)
        scope.update((key, _Value(name, varies=False)) for key in node.output if key)
