"""An independent count of operators and data flows, by onnx and networkx alone, to hold `from_onnx` against."""

from __future__ import annotations

import networkx as nx
import onnx

_RANDOM = {"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"}


def count_nodes_and_edges(model: onnx.ModelProto) -> tuple[int, int]:
    """Operators that depend on an input of the model or on chance, and distinct pairs of them with a data flow.

    For models without sub-graphs and local functions.
    """
    constant = {tensor.name for tensor in model.graph.initializer}
    graph: nx.DiGraph[str] = nx.DiGraph()
    producers: dict[str, str] = {}
    for index, node in enumerate(model.graph.node):
        graph.add_node(f"op{index}", op_type=node.op_type, domain=node.domain, fed=any(node.input))
        producers.update((output, f"op{index}") for output in node.output if output)
    given = {value.name for value in model.graph.input} - constant
    roots = set()
    for index, node in enumerate(model.graph.node):
        for name in filter(None, node.input):
            if name in producers:
                graph.add_edge(producers[name], f"op{index}")
            elif name in given:
                roots.add(f"op{index}")
    for name, data in graph.nodes(data=True):
        source = not data["fed"] and data["op_type"] != "Constant"
        if source or data["op_type"] in _RANDOM or data["domain"] not in ("", "ai.onnx"):
            roots.add(name)
    kept = set(roots)
    for root in roots:
        kept |= nx.descendants(graph, root)
    alive = graph.subgraph(kept)
    return alive.number_of_nodes(), alive.number_of_edges()
