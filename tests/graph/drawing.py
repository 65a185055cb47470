"""A Dag as a drawing that a person can check by hand."""

from __future__ import annotations

from dataclasses import dataclass

from younger_hf import Dag


@dataclass(frozen=True)
class Drawing:
    """Nodes, data flows and inputs in a form short enough to write down.

    Attributes:
        nodes: Operator type of each node; `Neg < 3 body` lies in the sub-graph `body` of node 3.
        edges: (source, output, target, input) by target, then input.
        inputs: `2.1 graph_input x`: input 1 of node 2 is the graph input x; constants show values.
        outputs: `4.0 y`: the model's result y is output 0 of node 4.
    """

    nodes: list[str]
    edges: list[tuple[int, int, int, int]]
    inputs: list[str]
    outputs: list[str]


def draw(dag: Dag) -> Drawing:
    """The drawing of a Dag; names from an expanded function lose everything up to `_function_`."""
    marks = zip(dag.op_types, dag.parents.tolist(), dag.branches, strict=True)
    sources, targets = dag.edge_index.tolist()
    return Drawing(
        [op_type if parent < 0 else f"{op_type} < {parent} {branch}" for op_type, parent, branch in marks],
        list(zip(sources, dag.edge_output.tolist(), targets, dag.edge_input.tolist(), strict=True)),
        [
            f"{i.node}.{i.slot} {i.kind} {i.name.split('_function_')[-1]}"
            + (f" {list(i.values)}" if i.kind == "constant" else "")
            for i in dag.inputs
        ],
        [f"{o.node}.{o.slot} {o.name}" for o in dag.outputs],
    )
