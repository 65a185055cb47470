"""Complete every operator of a graph.

The most likely candidates come first; a failure backtracks to the choice that led to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from younger_hf.errors import RebuildError
from younger_hf.graph.identity.canonical_form import canonical_numbers
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.rebuild.completion.candidates import Candidate, OperatorContext
from younger_hf.graph.rebuild.completion.channel_planning import plan_channels
from younger_hf.graph.rebuild.completion.completed_operator import Operator
from younger_hf.graph.rebuild.completion.infer_outputs import infer_outputs
from younger_hf.graph.rebuild.completion.operator_rules import candidates_for
from younger_hf.graph.rebuild.completion.rank_planning import plan_ranks
from younger_hf.graph.rebuild.completion.tensor_values import Value

STEPS = 12
"""Average number of candidates tried per node before a graph is given up."""

NEAREST = 12
"""Operators after a node whose other inputs are examined for the shape that it should have."""


class Search:
    """A graph whose operators are completed one by one in topological order.

    Attributes:
        operators: The operator of each node, [N].
        order: The nodes in topological order, [N].
        chosen: How each node is completed, [N].
        outputs: The outputs of each node, [N].
    """

    def __init__(self, graph: Graph, operators: Sequence[Operator]) -> None:
        """Plan ranks and channels.

        Raises:
            RebuildError: If the graph has a cycle.
        """
        self.operators = operators
        count = len(operators)
        self.sources: list[list[int]] = [[] for _ in range(count)]
        self.targets: list[list[int]] = [[] for _ in range(count)]
        # The result must not depend on the numbering of the nodes.
        numbers = canonical_numbers(graph.node_feat, graph.edge_index).tolist()
        edges = set(zip(*graph.edge_index.tolist(), strict=True))
        for source, target in sorted(edges, key=lambda edge: (numbers[edge[0]], numbers[edge[1]])):
            self.sources[target].append(source)
            self.targets[source].append(target)
        self.order = _topological_order(self.sources, self.targets, numbers)
        self.position = {node: position for position, node in enumerate(self.order)}
        self.ancestors = _reachable(self.order, self.sources, self.position)
        self.descendants = _reachable(self.order[::-1], self.targets, self.position)
        fan_out = [len(targets) for targets in self.targets]
        self.input_ranks, self.output_ranks = plan_ranks(operators, self.order, self.targets)
        self.channels = plan_channels(operators, self.order, self.sources, fan_out)
        self.chosen: list[Candidate | None] = [None] * count
        self.outputs: list[tuple[Value, ...]] = [()] * count
        self._remaining: list[Iterator[Candidate] | None] = [None] * count

    def run(self, image: tuple[int, int]) -> None:
        """Complete every operator.

        Args:
            image: Height and width of the model's image inputs.

        Raises:
            RebuildError: If no completion was found; it names the operator where the search failed.
        """
        self._image = image
        self._steps = STEPS * len(self.order) + 2000
        for node in self.order:
            self._reset(node)
        position = 0
        while position < len(self.order):
            node = self.order[position]
            if self.chosen[node] is None and not self._advance(node):
                position = self._backtrack(node)
            else:
                position += 1

    def _advance(self, node: int) -> bool:
        """Take the node's next candidate that fits; return False if none fits."""
        remaining = self._remaining[node]
        if remaining is None:
            remaining = self._remaining[node] = candidates_for(self._context(node))
        operator = self.operators[node]
        self._refusal = "It cannot read its inputs in any known way."
        for candidate in remaining:
            self._steps -= 1
            if self._steps < 0:
                raise RebuildError(f"Node {node} ({operator.op_type}): no completion was found within the step limit.")
            try:
                self.outputs[node] = infer_outputs(node, operator, candidate, self._num_outputs(node))
            except RebuildError as error:
                self._refusal = error.message
                continue
            self.chosen[node] = candidate
            return True
        return False

    def _backtrack(self, failed: int) -> int:
        """Change the latest choice that led to a failure.

        Return the position from which to continue.
        """
        reason = f"Node {failed} ({self.operators[failed].op_type}): {self._refusal}"
        self._reset(failed)
        suspects = self.ancestors[failed]
        while suspects:
            position = suspects.bit_length() - 1
            suspects ^= 1 << position
            node = self.order[position]
            self.chosen[node] = None
            if self._advance(node):
                later = self.descendants[node]
                while later:
                    last = later.bit_length() - 1
                    later ^= 1 << last
                    self._reset(self.order[last])
                return position
            self._remaining[node] = None
            suspects |= self.ancestors[node]
        raise RebuildError(reason)

    def _reset(self, node: int) -> None:
        self.chosen[node], self._remaining[node], self.outputs[node] = None, None, ()

    def _num_outputs(self, node: int) -> int:
        operator = self.operators[node]
        if operator.op_type != "Split":
            return max(1, operator.schema.min_output)
        sizes = operator.get("split")
        return len(sizes) if isinstance(sizes, list) and sizes else max(2, len(self.targets[node]))

    def _context(self, node: int) -> OperatorContext:
        return OperatorContext(
            operator=self.operators[node],
            edges=tuple(self._edge(source, node) for source in self.sources[node]),
            input_rank=self.input_ranks[node],
            output_rank=self.output_ranks[node],
            channels=self.channels[node],
            fan_out=len(self.targets[node]),
            image=self._image,
            earlier_shapes=LazyShapes(lambda: self._earlier_shapes(node)),
            readers=tuple((self.operators[target], self.output_ranks[target]) for target in self.targets[node]),
            sibling_shapes=LazyShapes(lambda: self._sibling_shapes(node)),
        )

    def _earlier_shapes(self, node: int) -> Iterator[tuple[int, ...]]:
        """Yield the shapes of the values before a node, the latest first."""
        for position in range(self.position[node] - 1, -1, -1):
            outputs = self.outputs[self.order[position]]
            if outputs:
                yield outputs[0].shape

    def _sibling_shapes(self, node: int) -> Iterator[tuple[int, ...]]:
        """Yield the shapes that the nearest operators after a node read beside it."""
        # For a node that computes a shape, the operators after the one that takes the shape matter.
        takes = (target for target in self.targets[node] if self.operators[target].op_type in _TAKES_SHAPE)
        seen = dict.fromkeys((node, *takes))
        for current in islice(_iterate_growing(seen), NEAREST):
            for target in self.targets[current]:
                if target in seen or not _preserves_image_size(self.operators[target]):
                    continue
                seen.setdefault(target)
                for source in self.sources[target]:
                    if source not in seen and self.outputs[source]:
                        yield self.outputs[source][0].shape

    def _edge(self, source: int, target: int) -> Value:
        """The output that a node reads.

        Each reader of a Split has its own, all others read the first.
        """
        outputs = self.outputs[source]
        if self.operators[source].op_type != "Split":
            return outputs[0]
        return outputs[self.targets[source].index(target) % len(outputs)]


class LazyShapes(Sequence[tuple[int, ...]]):
    """Distinct shapes that are computed on first use: most candidates do not need them."""

    def __init__(self, compute: Callable[[], Iterator[tuple[int, ...]]]) -> None:
        self._compute = compute

    @cached_property
    def _shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(dict.fromkeys(self._compute()))

    def __len__(self) -> int:
        return len(self._shapes)

    def __getitem__(self, index: int) -> tuple[int, ...]:  # type: ignore[override]  # slices are not needed
        return self._shapes[index]


_TAKES_SHAPE = frozenset(("Resize", "Upsample", "Reshape", "Expand"))
_RESIZING = frozenset(
    (
        *("MaxPool", "AveragePool", "LpPool", "ConvTranspose", "Resize", "Upsample", "Reshape", "Flatten", "Gemm"),
        *("MatMul", "Transpose", "Gather", "Slice", "Shape", "Expand", "Squeeze", "Unsqueeze", "Split", "Pad", "Tile"),
        *("DepthToSpace", "SpaceToDepth"),
    )
)


def _preserves_image_size(operator: Operator) -> bool:
    """Whether an operator preserves the height and width of images."""
    if operator.op_type == "Conv":
        return set(operator.get("strides") or [1]) == {1}
    return operator.op_type not in _RESIZING and not operator.op_type.startswith(("Global", "Reduce"))


def _iterate_growing(nodes: dict[int, None]) -> Iterator[int]:
    """Yield the keys of a dictionary in order, including those added during the iteration."""
    position = 0
    while position < len(nodes):
        yield next(islice(nodes, position, None))
        position += 1


def _topological_order(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], numbers: Sequence[int]
) -> list[int]:
    """Order the nodes such that each directly follows its ancestors, shorter paths first.

    Chains stay together, which keeps backtracking short, and the shape of a skip connection is
    known before the block that it bypasses is completed.

    Raises:
        RebuildError: If there is a cycle.
    """
    depths = _depths(sources)

    def key(node: int) -> tuple[int, int]:
        return depths[node], numbers[node]

    order: dict[int, None] = {}
    waiting = sorted((node for node, readers in enumerate(targets) if not readers), key=key, reverse=True)
    while waiting:
        node = waiting[-1]
        missing = [source for source in sources[node] if source not in order]
        if missing and node not in order:
            waiting.extend(sorted(missing, key=key, reverse=True))
        else:
            order.setdefault(node)
            waiting.pop()
    return list(order)


def _depths(sources: Sequence[Sequence[int]]) -> list[int]:
    """Number of edges on the longest path to each node."""
    depths = [0] * len(sources)
    try:
        for node in TopologicalSorter(dict(enumerate(sources))).static_order():
            depths[node] = max((depths[source] + 1 for source in sources[node]), default=0)
    except CycleError as error:
        raise RebuildError("The graph has a cycle, expected an acyclic one.") from error
    return depths


def _reachable(order: Sequence[int], neighbours: Sequence[Sequence[int]], position: Mapping[int, int]) -> list[int]:
    """Find the nodes reachable from each node, as an integer with the bits at their positions set.

    Args:
        order: The nodes, each after those that can be reached from it.
        neighbours: The nodes that can be reached from each in one step.
        position: Position of each node in topological order.
    """
    reached = [0] * len(order)
    for node in order:
        for other in neighbours[node]:
            reached[node] |= reached[other] | 1 << position[other]
    return reached
