"""A Dag as a networkx graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

if TYPE_CHECKING:
    from younger_hf.graph.dag import Dag


def dag_to_networkx(dag: Dag) -> nx.MultiDiGraph[int]:
    """Return a MultiDiGraph over node indices.

    Node attributes: `op_type`, `domain`, `attributes` (JSON), `w_attrs`, `wo_attrs` (the canonical
    signatures). Edge attributes: `output` (position at the source), `input` (position at the
    target).
    """
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    columns = zip(dag.op_types, dag.domains, dag.attributes, dag.w_attrs, dag.wo_attrs, strict=True)
    for node, (op_type, domain, attributes, w_attrs, wo_attrs) in enumerate(columns):
        graph.add_node(node, op_type=op_type, domain=domain, attributes=attributes, w_attrs=w_attrs, wo_attrs=wo_attrs)
    edges = zip(*dag.edge_index.tolist(), dag.edge_output.tolist(), dag.edge_input.tolist(), strict=True)
    graph.add_edges_from((source, target, {"output": output, "input": slot}) for source, target, output, slot in edges)
    return graph
