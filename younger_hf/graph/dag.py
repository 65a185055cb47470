"""The Dag: a neural-network architecture as a directed acyclic graph of operators."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from younger_hf.arrays import Int32Array
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash
from younger_hf.graph.operators.signatures import signature
from younger_hf.graph.vocabulary import Signature, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx
    import pyarrow
    from torch_geometric.data import Data

    from younger_hf.graph.views.summary import DagSizes, DagSummary


InputKind = Literal["graph_input", "parameter", "constant"]


class NodeInput(NamedTuple):
    """An input of a node that no other node produces.

    Attributes:
        node: Index of the node that reads it.
        slot: Position among the node's inputs, from 0. The results of a flattened sub-graph follow
            the inputs.
        kind: `graph_input`, `parameter` (a tensor whose values are never recorded) or `constant`
            (an integer tensor of at most 64 elements).
        name: Name of the value in the model; inputs of the same kind and name are the same value.
        dtype: ONNX element type in lower case (`float`, `int64`), possibly inside `seq(...)` or
            `optional(...)`; `""` if not declared.
        shape: Dimensions, -1 where dynamic; None if not declared.
        values: Elements of a `constant` in row-major order, else empty.
    """

    node: int
    slot: int
    kind: InputKind
    name: str
    dtype: str
    shape: tuple[int, ...] | None
    values: tuple[int, ...] = ()


class GraphOutput(NamedTuple):
    """A result of the model: output `slot` of `node`, its type declared as in `NodeInput`."""

    node: int
    slot: int
    name: str
    dtype: str
    shape: tuple[int, ...] | None


class SubGraph(NamedTuple):
    """A flattened sub-graph: the nodes with this node as parent and this attribute as branch.

    Attributes:
        node: Index of the control-flow node.
        attribute: Its attribute that held the sub-graph (`then_branch`, `body`).
        formals: Name, element type and shape (as in `NodeInput`) of each formal input.
        first_result: Slot of the control-flow node for the sub-graph's first result; the others
            follow.
        num_results: Number of results.
    """

    node: int
    attribute: str
    formals: tuple[tuple[str, str, tuple[int, ...] | None], ...]
    first_result: int
    num_results: int


class FormalRead(NamedTuple):
    """Input `slot` of `node` reads formal input `position` of `subgraphs[subgraph]`."""

    node: int
    slot: int
    subgraph: int
    position: int


@dataclass(frozen=True, eq=False)
class Dag:
    """An architecture: one node per operator, in topological order, one edge per data flow.

    Attributes:
        op_types: Operator type of each node, length N.
        domains: Operator-set domain of each node (`""` is the default one), length N.
        attributes: Canonical attributes of each node as JSON, schema defaults filled in, length N.
        opset_versions: Operator-set version of each node, int32 [N].
        num_outputs: Number of outputs of each node, int32 [N].
        edge_index: Source and target node of each edge, int32 [2, E], ordered by target, then by
            input position.
        edge_output: Output position at the source, int32 [E].
        edge_input: Input position at the target, int32 [E].
        parents: For a node of a flattened sub-graph the index of its control-flow node, else -1;
            int32 [N].
        branches: For such a node the attribute that held the sub-graph (`then_branch`, `body`),
            else `""`; length N.
        inputs: Inputs that are not edges, ordered by node and slot.
        outputs: The model's results.
        subgraphs: The flattened sub-graphs, an outer one before those inside it.
        formal_reads: Inputs that are formal inputs of a sub-graph. The graph shows the value with
            which the formal input begins, if any, as an edge or an item of `inputs`.
    """

    op_types: tuple[str, ...]
    domains: tuple[str, ...]
    attributes: tuple[str, ...]
    opset_versions: Int32Array
    num_outputs: Int32Array
    edge_index: Int32Array
    edge_output: Int32Array
    edge_input: Int32Array
    parents: Int32Array
    branches: tuple[str, ...]
    inputs: tuple[NodeInput, ...]
    outputs: tuple[GraphOutput, ...]
    subgraphs: tuple[SubGraph, ...] = ()
    formal_reads: tuple[FormalRead, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dag):
            return NotImplemented
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)

    def __hash__(self) -> int:
        return hash((self.op_types, self.edge_index.tobytes()))

    def __repr__(self) -> str:
        return f"Dag(num_nodes={self.num_nodes}, num_edges={self.num_edges}, wl_hash={self.wl_hash('w_attrs')!r})"

    @property
    def num_nodes(self) -> int:
        """Number of operators."""
        return len(self.op_types)

    @property
    def num_edges(self) -> int:
        """Number of data flows, parallel edges (`Mul(x, x)`) included."""
        return int(self.edge_index.shape[1])

    @cached_property
    def w_attrs(self) -> tuple[str, ...]:
        """Canonical signature of each node with its attributes, length N."""
        return tuple(map(signature, self.domains, self.op_types, self.attributes))

    @cached_property
    def wo_attrs(self) -> tuple[str, ...]:
        """Canonical signature of each node without attributes, length N."""
        return tuple(map(signature, self.domains, self.op_types))

    def signatures(self, kind: Signature) -> tuple[str, ...]:
        """Return `w_attrs` or `wo_attrs` by name.

        Raises:
            ValueError: If `kind` is neither.
        """
        if kind not in ("w_attrs", "wo_attrs"):
            raise ValueError(f"signature must be 'w_attrs' or 'wo_attrs', got {kind!r}")
        return self.w_attrs if kind == "w_attrs" else self.wo_attrs

    def wl_hash(self, kind: Signature) -> str:
        """Return the Weisfeiler-Lehman hash over a signature, which is equal for isomorphic Dags.

        Returns:
            32 hex digits, those of `networkx.weisfeiler_lehman_graph_hash(G, node_attr=kind,
            iterations=3, digest_size=16)` for the simple digraph (parallel edges once).
        """
        return weisfeiler_lehman_hash(self.edge_index, self.signatures(kind))

    @cached_property
    def levels(self) -> Int32Array:
        """Number of edges on the longest path that ends in each node, int32 [N]."""
        levels = [0] * self.num_nodes
        for source, target in self.edge_index.T.tolist():  # edges are ordered by target, nodes are topologically sorted
            levels[target] = max(levels[target], levels[source] + 1)
        return np.array(levels, dtype=np.int32)

    def sizes(self) -> DagSizes:
        """Return nodes, edges, depth, parameters and operator histogram."""
        return _view("summary").sizes(self)  # type: ignore[no-any-return]

    def summary(self, dynamic_size: int = 1) -> DagSummary:
        """Return the sizes and the cost of one forward pass, from inferred shapes.

        Args:
            dynamic_size: Size assumed for dynamic dimensions of the inputs (batch, sequence), >= 1.
        """
        return _view("summary").summarise(self, dynamic_size)  # type: ignore[no-any-return]

    def to_networkx(self) -> networkx.MultiDiGraph[int]:
        """Return a MultiDiGraph.

        Nodes have op_type, domain, attributes, w_attrs and wo_attrs, edges have output and input.
        """
        return _view("networkx").dag_to_networkx(self)  # type: ignore[no-any-return]

    def to_pyg(self, vocabulary: Vocabulary) -> Data:
        """Return a PyG `Data` with `x` = class ids int64 [N] and `edge_index` int64 [2, E].

        Raises:
            MissingDependencyError: If torch_geometric is not installed.
        """
        return _view("pyg").dag_to_pyg(self, vocabulary)

    def to_dict(self) -> dict[str, Any]:
        """Return the Dag as JSON-able values, which `Dag.from_dict` reads."""
        return _view("record").dag_to_record(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Dag:
        """Return the Dag from the result of `to_dict`, also after JSON.

        Raises:
            DatasetError: If a field is missing or invalid.
        """
        return _view("record").dag_from_record(values)  # type: ignore[no-any-return]

    def to_arrow(self) -> pyarrow.Table:
        """Return the Dag as an Arrow table of one row, which `Dag.from_arrow` reads."""
        return _view("arrow").dags_to_table([self])

    @classmethod
    def from_arrow(cls, table: pyarrow.Table, row: int = 0) -> Dag:
        """Return the Dag in one row of such a table.

        Raises:
            DatasetError: If the row or a column is missing, or the row is damaged.
        """
        return _view("arrow").dag_of_row(table, row)  # type: ignore[no-any-return]


def _view(name: str) -> Any:
    """Import a module of `views` on first use, since these modules import this one.

    Views also need libraries that reading a model does not (networkx, pyarrow, torch).
    """
    return import_module(f"younger_hf.graph.views.{name}")
