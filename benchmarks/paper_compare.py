"""Whether two readers made the same DAG of a file: the same operators, data flows between the same operators."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from younger_hf import Dag

Operator = tuple[str, str]
"""Domain and type."""


@dataclass(frozen=True)
class Skeleton:
    """The operators of a DAG and the data flows between them, parallel ones once.

    Attributes:
        nodes: Domain (`""` is the default one) and type of each operator.
        edges: Source and target index of each data flow.
    """

    nodes: tuple[Operator, ...]
    edges: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, nodes: Iterable[Sequence[str]], edges: Iterable[Sequence[int]]) -> Skeleton:
        """The skeleton of a list of nodes and one of edges; `ai.onnx` is another name of the default domain."""
        operators = tuple(("" if domain == "ai.onnx" else domain, op_type) for domain, op_type in nodes)
        return cls(operators, frozenset((source, target) for source, target in edges))

    @classmethod
    def of_dag(cls, dag: Dag) -> Skeleton:
        """The skeleton of one of our DAGs."""
        return cls.of(zip(dag.domains, dag.op_types, strict=True), dag.edge_index.T.tolist())

    @cached_property
    def operators(self) -> Counter[Operator]:
        """How many nodes there are of each operator."""
        return Counter(self.nodes)

    @cached_property
    def flows(self) -> Counter[tuple[Operator, Operator]]:
        """How many edges there are from each operator to each."""
        return Counter((self.nodes[source], self.nodes[target]) for source, target in self.edges)

    @cached_property
    def wl_hash(self) -> str:
        """The WL hash of networkx over the operators, which no renumbering of the nodes changes."""
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from((index, {"operator": str(operator)}) for index, operator in enumerate(self.nodes))
        graph.add_edges_from(self.edges)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(nx.weisfeiler_lehman_graph_hash(graph, node_attr="operator", iterations=3, digest_size=16))


def difference(ours: Skeleton, theirs: Skeleton, constant_operators: Counter[str]) -> str:
    """In what two skeletons of one file differ; `""` if their nodes, edges and WL hash are equal.

    Args:
        ours: What we read.
        theirs: What the peer read.
        constant_operators: How many operators of each type of the default domain depend on constants only in this
            file, from `fold_constants`.

    Returns:
        `constants: ...` if the peer's nodes are ours and exactly these operators; else what is too many on which side.
    """
    if (ours.operators, ours.flows, ours.wl_hash) == (theirs.operators, theirs.flows, theirs.wl_hash):
        return ""
    more, fewer = theirs.operators - ours.operators, ours.operators - theirs.operators
    if not fewer and more and more == Counter({("", op_type): n for op_type, n in constant_operators.items()}):
        return f"constants: the peer keeps {_listed(more)}"
    if more or fewer:
        return f"nodes: only the peer has {_listed(more) or 'none'}; only we have {_listed(fewer) or 'none'}"
    flows = sum((theirs.flows - ours.flows).values()), sum((ours.flows - theirs.flows).values())
    if any(flows):
        return f"edges: only the peer has {flows[0]}, only we have {flows[1]}"
    return "structure: the same nodes and edges by type, another WL hash"


def _listed(operators: Counter[Operator]) -> str:
    return ", ".join(f"{n} {'.'.join(filter(None, operator))}" for operator, n in operators.most_common())
