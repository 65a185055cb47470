"""An official Younger graph -> a Dag, and the labels of the models that have this graph."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from younger_hf.errors import SourceError, YoungerError
from younger_hf.graph.dag import Dag
from younger_hf.graph.operators.signatures import canonical_domain
from younger_hf.graph.read.names import LARGEST_OPSET, quoted
from younger_hf.graph.read.topological_order import topological_order
from younger_hf.graph.views.record import LARGEST_SLOT, dag_from_record
from younger_hf.sources.official.attributes import LONGEST_NAME, official_attributes
from younger_hf.sources.official.pickle_reader import GRAPHS, Record, read_pickle

OPSETS = {"": 21, "ai.onnx.ml": 5}
"""Operator sets of onnx 1.16, the newest at publication, for graphs that state none."""

MOST_EDGES = 2_000_000
MOST_EFFORT = 1 << 28
"""Characters and elements read for one graph; shared containers may unfold to any size."""

Graph = tuple[Dag, Mapping[Any, Any]]
"""A Dag, and the attributes of the graph as a whole, which are official labels."""


def read_graph(payload: bytes, where: str) -> Graph:
    """Read the graph of a sample or an instance.

    Args:
        payload: The pickle of a graph, or of a dictionary of `main` (that pickle) and `checksum`
            (its SHA-256).
        where: Its file, for messages.

    Raises:
        SourceError: If the pickle is damaged or refused, or anything but a standardised graph of a
            whole architecture.
    """
    data = read_pickle(payload, where)
    if isinstance(data, dict) and isinstance(data.get("main"), bytes):
        if sha256(data["main"]).hexdigest() != data.get("checksum"):
            raise SourceError(f"{where}: the checksum does not match.", "Download it again.")
        data = read_pickle(data["main"], where)
    if isinstance(data, tuple | list):
        raise SourceError(
            f"{where}: expected the graph of an architecture, found part of one, as in the archives of the operator task.",
            "Import the archives of the data-flow task, or instances of the filter series.",
        )
    if not isinstance(data, Record) or data.name not in GRAPHS or not data.name.endswith("DiGraph"):
        found = data.name if isinstance(data, Record) else type(data).__name__
        raise SourceError(f"{where}: expected a directed networkx graph, found {found}.")
    labels = data.state.get("graph")
    try:
        dag = _GraphReader(where, labels if isinstance(labels, dict) else {}).dag(data)
    except YoungerError as error:
        message = error.message if error.message.startswith(where) else f"{where}: {error.message}"
        raise SourceError(message, error.hint) from error
    return dag, labels if isinstance(labels, dict) else {}


class _GraphReader:
    """Reads one graph; knows its operator sets, and how much was read so far."""

    def __init__(self, where: str, labels: Mapping[Any, Any]) -> None:
        self.where = where
        self.effort = 0
        self.opsets = dict(OPSETS)
        imported = labels.get("opset_import")
        for domain, version in imported.items() if isinstance(imported, dict) else ():
            if isinstance(domain, str) and isinstance(version, int) and 0 < version <= LARGEST_OPSET:
                self.opsets[canonical_domain(domain)] = version

    def spend(self, count: int) -> None:
        self.effort += count
        if self.effort > MOST_EFFORT:
            raise SourceError(f"expected a graph, found one that unfolds to more than {MOST_EFFORT:,} characters.")

    def dag(self, graph: Record) -> Dag:
        nodes, adjacency = graph.state.get("_node"), graph.state.get("_adj", graph.state.get("_succ"))
        if not isinstance(nodes, dict) or not isinstance(adjacency, dict) or not nodes:
            raise SourceError("expected a graph with nodes and edges, found none.")
        names = list(nodes)
        edges = self.edges(adjacency, {name: node for node, name in enumerate(names)}, "Multi" in graph.name)
        operators = [self.operator(name, attributes) for name, attributes in nodes.items()]
        reads: list[list[bytes]] = [[] for _ in names]
        for source, target, _, _ in edges:
            reads[target].append(b"%d" % source)
        writes = [[b"%d" % node] for node in range(len(names))]
        order = topological_order(reads, writes, frozenset(), lambda node: _quoted(names[node]), self.where)
        place = {node: number for number, node in enumerate(order)}
        flows = _assign_inputs([(place[source], place[target], output, slot) for source, target, output, slot in edges])
        num_outputs = [1] * len(order)
        for source, _, output, _ in flows:
            num_outputs[source] = max(num_outputs[source], output + 1)
        op_types, domains, versions, attributes = zip(*(operators[node] for node in order), strict=True)
        columns = list(zip(*flows, strict=True)) or [()] * 4
        return dag_from_record(
            {
                "op_types": op_types,
                "domains": domains,
                "attributes": attributes,
                "opset_versions": versions,
                "num_outputs": num_outputs,
                "edge_index": columns[:2],
                "edge_output": columns[2],
                "edge_input": columns[3],
                "parents": [-1] * len(order),
                "branches": [""] * len(order),
                **dict.fromkeys(("inputs", "outputs", "subgraphs", "formal_reads"), ()),
            },
            self.where,
        )

    def operator(self, name: Any, node: Any) -> tuple[str, str, int, str]:
        """The operator, domain, version and canonical attributes of a node."""
        features = node.get("features") if isinstance(node, dict) else None
        features = features if isinstance(features, dict) else {}
        operator = features.get("operator", node.get("operator") if isinstance(node, dict) else None)
        if not isinstance(operator, dict) or node.get("type", "operator") != "operator":
            raise SourceError(
                f"node {_quoted(name)} is not an operator; expected a standardised graph, as in the filter series."
            )
        op_type, domain = operator.get("op_type"), operator.get("domain")
        if not isinstance(op_type, str) or not isinstance(domain, str) or not op_type:
            raise SourceError(f"node {_quoted(name)} has no op_type and domain.")
        if max(len(op_type), len(domain)) > LONGEST_NAME or not f"{domain}{op_type}".isprintable():
            raise SourceError(f"node {_quoted(name)}: expected printable names of at most {LONGEST_NAME} characters.")
        domain = canonical_domain(domain)
        version = self.opsets.get(domain, 1)
        raw, completed = node.get("attributes"), features.get("attributes")
        raw, completed = (values if isinstance(values, dict) else {} for values in (raw, completed))
        text = official_attributes(op_type, domain, version, raw, completed, self.spend)
        self.spend(len(text))
        return op_type, domain, version, text

    def edges(
        self, adjacency: Mapping[Any, Any], index: Mapping[Any, int], multiple: bool
    ) -> list[tuple[int, int, int | None, int | None]]:
        """The source, target, output and input of every edge; None if not stated."""
        found: list[tuple[int, int, int | None, int | None]] = []
        for source, targets in adjacency.items():
            for target, between in _dict(targets).items():
                if source not in index or target not in index:
                    raise SourceError(f"an edge leads to {_quoted(target)}, which is not a node.")
                if len(found) + len(_dict(between)) * multiple >= MOST_EDGES:
                    raise SourceError(f"expected fewer than {MOST_EDGES:,} edges.")
                for edge in map(_dict, between.values() if multiple else (between,)):
                    ends = edge.get("connection", edge)
                    output, slot = (_slot(_dict(ends).get(key)) for key in ("emit_index", "trap_index"))
                    found.append((index[source], index[target], output, slot))
        return found


def _assign_inputs(edges: list[tuple[int, int, int | None, int | None]]) -> list[tuple[int, int, int, int]]:
    """Edges sorted by target and input; inputs that are not stated are the first free ones."""
    taken: dict[int, set[int]] = {}
    for _, target, _, slot in edges:
        if slot is not None:
            if slot in taken.setdefault(target, set()):
                raise SourceError(f"expected one edge for each input, found two for input {slot}.")
            taken[target].add(slot)
    free: dict[int, int] = {}
    placed = []
    for source, target, output, slot in sorted(edges, key=lambda edge: (edge[1], edge[0])):
        if slot is None:
            slot = free.get(target, 0)
            while slot in taken.get(target, ()):
                slot += 1
            free[target] = slot + 1
        placed.append((source, target, output or 0, slot))
    return sorted(placed, key=lambda edge: (edge[1], edge[3]))


def _slot(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < LARGEST_SLOT else None


def _dict(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise SourceError(f"expected the attributes of an edge, found {type(value).__name__}.")
    return value


def _quoted(name: Any) -> str:
    return quoted(name if isinstance(name, str | bytes) else str(name))
