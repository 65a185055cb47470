"""Finds a way to complete every operator of a graph: the first proposals first, back to what led to a failure when one does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from younger_hf.errors import RebuildError
from younger_hf.graph.identity.canonical_form import canonical_numbers
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.rebuild.completion.candidates import Place, Proposal
from younger_hf.graph.rebuild.completion.channel_planning import plan_channels
from younger_hf.graph.rebuild.completion.completed_operator import Operator
from younger_hf.graph.rebuild.completion.infer_outputs import follow
from younger_hf.graph.rebuild.completion.operator_rules import proposals
from younger_hf.graph.rebuild.completion.rank_planning import wanted_ranks
from younger_hf.graph.rebuild.completion.tensor_values import Value

STEPS = 12
"""Proposals that are tried for each node, on average, before a graph is given up."""

NEAREST = 12
"""Operators after a node whose other inputs are looked at for the shape that it should have."""


class Search:
    """A graph whose operators are completed one by one, sources first.

    Attributes:
        operators: The operator of each node, [N].
        order: The nodes, sources first, [N].
        chosen: How each node is completed, [N].
        outputs: What each node gives, [N].
    """

    def __init__(self, graph: Graph, operators: Sequence[Operator]) -> None:
        """Read off the graph what the proposals are told.

        Raises:
            RebuildError: If the graph has a cycle.
        """
        self.operators = operators
        count = len(operators)
        self.sources: list[list[int]] = [[] for _ in range(count)]
        self.targets: list[list[int]] = [[] for _ in range(count)]
        # What is found must not depend on how the nodes are numbered.
        numbers = canonical_numbers(graph.node_feat, graph.edge_index).tolist()
        edges = set(zip(*graph.edge_index.tolist(), strict=True))
        for source, target in sorted(edges, key=lambda edge: (numbers[edge[0]], numbers[edge[1]])):
            self.sources[target].append(source)
            self.targets[source].append(target)
        self.order = _sources_first(self.sources, self.targets, numbers)
        self.position = {node: position for position, node in enumerate(self.order)}
        self.ancestors = _reachable(self.order, self.sources, self.position)
        self.descendants = _reachable(self.order[::-1], self.targets, self.position)
        fan_out = [len(targets) for targets in self.targets]
        self.reads, self.gives = wanted_ranks(operators, self.order, self.targets)
        self.channels = plan_channels(operators, self.order, self.sources, fan_out)
        self.chosen: list[Proposal | None] = [None] * count
        self.outputs: list[tuple[Value, ...]] = [()] * count
        self._left: list[Iterator[Proposal] | None] = [None] * count

    def run(self, image: tuple[int, int]) -> None:
        """Complete every operator.

        Args:
            image: Height and width of the model's image inputs.

        Raises:
            RebuildError: If no way was found; it names the operator that none was found for.
        """
        self._image = image
        self._steps = STEPS * len(self.order) + 2000
        for node in self.order:
            self._forget(node)
        position = 0
        while position < len(self.order):
            node = self.order[position]
            if self.chosen[node] is None and not self._advance(node):
                position = self._back(node)
            else:
                position += 1

    def _advance(self, node: int) -> bool:
        """Take the node's next proposal that fits."""
        left = self._left[node]
        if left is None:
            left = self._left[node] = proposals(self._place(node))
        operator = self.operators[node]
        self._refusal = "It has no way to read what leads to it."
        for proposal in left:
            self._steps -= 1
            if self._steps < 0:
                raise RebuildError(f"Node {node} ({operator.op_type}): no way to complete the graph was found in time.")
            try:
                self.outputs[node] = follow(node, operator, proposal, self._num_outputs(node))
            except RebuildError as error:
                self._refusal = error.message
                continue
            self.chosen[node] = proposal
            return True
        return False

    def _back(self, failed: int) -> int:
        """Change the latest choice that led to a failure; from its position the search goes on."""
        reason = f"Node {failed} ({self.operators[failed].op_type}): {self._refusal}"
        self._forget(failed)
        suspects = self.ancestors[failed]
        while suspects:
            position = suspects.bit_length() - 1
            suspects ^= 1 << position
            node = self.order[position]
            self.chosen[node] = None
            if self._advance(node):
                later = self.descendants[node]
                while later:
                    place = later.bit_length() - 1
                    later ^= 1 << place
                    self._forget(self.order[place])
                return position
            self._left[node] = None
            suspects |= self.ancestors[node]
        raise RebuildError(reason)

    def _forget(self, node: int) -> None:
        self.chosen[node], self._left[node], self.outputs[node] = None, None, ()

    def _num_outputs(self, node: int) -> int:
        operator = self.operators[node]
        if operator.op_type != "Split":
            return max(1, operator.schema.min_output)
        sizes = operator.get("split")
        return len(sizes) if isinstance(sizes, list) and sizes else max(2, len(self.targets[node]))

    def _place(self, node: int) -> Place:
        edges = tuple(self._edge(source, node) for source in self.sources[node])
        return Place(
            node,
            self.operators[node],
            edges,
            self.reads[node],
            self.gives[node],
            self.channels[node],
            len(self.targets[node]),
            self._image,
            Lazily(lambda: self._before(node)),
            tuple((self.operators[target], self.gives[target]) for target in self.targets[node]),
            Lazily(lambda: self._beside(node)),
        )

    def _before(self, node: int) -> Iterator[tuple[int, ...]]:
        """Shapes of the values before a node, the latest first."""
        for position in range(self.position[node] - 1, -1, -1):
            outputs = self.outputs[self.order[position]]
            if outputs:
                yield outputs[0].shape

    def _beside(self, node: int) -> Iterator[tuple[int, ...]]:
        """Shapes that the nearest operators after a node read from operators that do not depend on it."""
        # What decides about a shape is read by the operator that takes it, and its output by those that matter.
        takes = (target for target in self.targets[node] if self.operators[target].op_type in _TAKES_SHAPE)
        seen = dict.fromkeys((node, *takes))
        for current in islice(_growing(seen), NEAREST):
            for target in self.targets[current]:
                if target in seen or not _keeps_size(self.operators[target]):
                    continue
                seen.setdefault(target)
                for source in self.sources[target]:
                    if source not in seen and self.outputs[source]:
                        yield self.outputs[source][0].shape

    def _edge(self, source: int, target: int) -> Value:
        """The output that a node reads: of a Split each reader has its own, of any other operator all read the first."""
        outputs = self.outputs[source]
        if self.operators[source].op_type != "Split":
            return outputs[0]
        return outputs[self.targets[source].index(target) % len(outputs)]


class Lazily(Sequence[tuple[int, ...]]):
    """Shapes that are looked up when the first of them is asked for: most proposals need none."""

    def __init__(self, look_up: Callable[[], Iterator[tuple[int, ...]]]) -> None:
        self._look_up = look_up

    @cached_property
    def _found(self) -> tuple[tuple[int, ...], ...]:
        return tuple(dict.fromkeys(self._look_up()))

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: int) -> tuple[int, ...]:  # type: ignore[override]  # no slices: they are not needed
        return self._found[index]


_TAKES_SHAPE = frozenset(("Resize", "Upsample", "Reshape", "Expand"))
_RESIZING = frozenset(
    (
        *("MaxPool", "AveragePool", "LpPool", "ConvTranspose", "Resize", "Upsample", "Reshape", "Flatten", "Gemm"),
        *("MatMul", "Transpose", "Gather", "Slice", "Shape", "Expand", "Squeeze", "Unsqueeze", "Split", "Pad", "Tile"),
        *("DepthToSpace", "SpaceToDepth"),
    )
)


def _keeps_size(operator: Operator) -> bool:
    """Whether images keep their height and width."""
    if operator.op_type == "Conv":
        return set(operator.get("strides") or [1]) == {1}
    return operator.op_type not in _RESIZING and not operator.op_type.startswith(("Global", "Reduce"))


def _growing(nodes: dict[int, None]) -> Iterator[int]:
    """The keys of a dictionary in order, those that are added meanwhile as well."""
    taken = 0
    while taken < len(nodes):
        yield from list(islice(nodes, taken, taken + 1))
        taken += 1


def _sources_first(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], numbers: Sequence[int]
) -> list[int]:
    """The nodes so that each comes right after what leads to it, the shorter way first.

    Chains stay together, so that going back loses little; and what passes a block by is known when the block is completed.
    """
    depths = _depths(sources, targets)

    def place(node: int) -> tuple[int, int]:
        return depths[node], numbers[node]

    order: dict[int, None] = {}
    waiting = sorted((node for node, each in enumerate(targets) if not each), key=place, reverse=True)
    while waiting:
        node = waiting[-1]
        missing = [source for source in sources[node] if source not in order]
        if missing and node not in order:
            waiting.extend(sorted(missing, key=place, reverse=True))
        else:
            order.setdefault(node)
            waiting.pop()
    return list(order)


def _depths(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[int]:
    """Edges on the longest path to each node.

    Raises:
        RebuildError: If there is a cycle.
    """
    depths = [0] * len(sources)
    missing = [len(each) for each in sources]
    ready = [node for node, count in enumerate(missing) if not count]
    for node in ready:
        for target in targets[node]:
            depths[target] = max(depths[target], depths[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    if len(ready) < len(sources):
        raise RebuildError("The graph has a cycle, expected none.")
    return depths


def _reachable(order: Sequence[int], neighbours: Sequence[Sequence[int]], position: Mapping[int, int]) -> list[int]:
    """The nodes that are reached from each, as a number with the bits at their positions set.

    Args:
        order: The nodes, those that are reached first.
        neighbours: What is reached from each in one step.
        position: Position of each node among all, sources first.
    """
    reached = [0] * len(order)
    for node in order:
        for other in neighbours[node]:
            reached[node] |= reached[other] | 1 << position[other]
    return reached
