"""Plan the channels of every operator such that groups divide them and operands agree.

A generated graph does not specify sizes, so a convolution may have any number of output channels.
What restricts them is read off the graph beforehand: operands of an elementwise operator agree,
groups divide their channels, a concatenation has the sum of its parts, and a split divides equally.
The smallest numbers that satisfy these constraints are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd, lcm

from younger_hf.graph.rebuild.completion.completed_operator import Operator

BASE = 8
"""Number of channels where nothing restricts it."""
IMAGE_CHANNELS = 3
"""Channels of the model's image inputs."""
MAX_CHANNELS = 1 << 14
"""Maximum number of channels; a graph that needs more will not run."""

_ELEMENTWISE = (
    *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Where", "PRelu", "Mod", "And", "Or", "Xor"),
    *("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"),
)
_FREE = frozenset(("Shape", "Slice", "Gather", "Expand", "Range", "ConstantOfShape", "NonZero", "TopK", "Size"))


@dataclass
class Channels:
    """Numbers of channels as unknowns, and the constraints on them.

    Attributes:
        parents: Union-find forest over the unknowns.
        multiples: Divisor of each unknown, at its representative.
        sums: An unknown, and those that it is the sum of.
        shares: An unknown, an equal share of it, and the number of shares.
        images: Unknowns on the second axis of an image, as opposed to the last axis of anything
            else.
        preset: Numbers that are fixed unless a divisor is required.
    """

    parents: list[int] = field(default_factory=list)
    multiples: list[int] = field(default_factory=list)
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    shares: list[tuple[int, int, int]] = field(default_factory=list)
    images: set[int] = field(default_factory=set)
    preset: dict[int, int] = field(default_factory=dict)

    def new(self, multiple: int = 1, *, image: bool = False) -> int:
        """Add an unknown."""
        self.parents.append(len(self.parents))
        self.multiples.append(multiple)
        if image:
            self.images.add(len(self.parents) - 1)
        return len(self.parents) - 1

    def root(self, unknown: int) -> int:
        """Find the representative of an unknown."""
        while self.parents[unknown] != unknown:
            self.parents[unknown] = self.parents[self.parents[unknown]]
            unknown = self.parents[unknown]
        return unknown

    def divide(self, unknown: int, divisor: int) -> None:
        """Require that a number divides an unknown."""
        root = self.root(unknown)
        self.multiples[root] = lcm(self.multiples[root], max(1, divisor))

    def unite(self, first: int, second: int) -> None:
        """Require that two unknowns are equal."""
        one, other = self.root(first), self.root(second)
        if one != other:
            self.parents[other] = one
            self.divide(one, self.multiples[other])

    def solve(self) -> list[int]:
        """Find the smallest numbers that satisfy the constraints, in a few rounds."""
        values = {root: self._smallest(root) for root in {self.root(u) for u in range(len(self.parents))}}
        values.update((self.root(u), size) for u, size in self.preset.items() if self.multiples[self.root(u)] == 1)
        for _ in range(24):
            if not (self._share(values) | self._add(values)):
                break
        return [min(values[self.root(unknown)], MAX_CHANNELS) for unknown in range(len(self.parents))]

    def _smallest(self, root: int) -> int:
        multiple = min(self.multiples[root], MAX_CHANNELS)
        return multiple * -(-BASE // multiple)

    def _share(self, values: dict[int, int]) -> bool:
        changed = False
        for whole, part, count in self.shares:
            one, other = self.root(whole), self.root(part)
            if values[one] == count * values[other]:
                continue
            changed = True
            if values[one] % count == 0 and (values[one] // count) % self.multiples[other] == 0:
                values[other] = values[one] // count
            else:
                self.divide(one, count * self.multiples[other])
                values[one] = max(values[one] - values[one] % self.multiples[one], self._smallest(one))
        return changed

    def _add(self, values: dict[int, int]) -> bool:
        changed = False
        for whole, parts in self.sums:
            one = self.root(whole)
            total = sum(values[self.root(part)] for part in parts)
            if total % self.multiples[one]:
                for part in parts:  # sufficient and simple: divide each part
                    root = self.root(part)
                    self.divide(root, self.multiples[one])
                    values[root] = max(values[root], self._smallest(root))
                    values[root] += -values[root] % self.multiples[root]
                total = sum(values[self.root(part)] for part in parts)
                changed = True
            if values[one] != total <= MAX_CHANNELS:
                values[one] = total
                changed = True
        return changed


def plan_channels(
    operators: Sequence[Operator], order: Sequence[int], sources: Sequence[Sequence[int]], fan_out: Sequence[int]
) -> list[int]:
    """Plan the length of each output's channel axis, the second of an image, else the last.

    Args:
        operators: The operator of each node, [N].
        order: The nodes in topological order, [N].
        sources: The nodes that each node reads from, [N].
        fan_out: How many nodes read from each, [N].
    """
    channels = Channels()
    outputs = [0] * len(operators)
    image = channels.new(image=True)
    channels.preset[image] = IMAGE_CHANNELS
    for node in order:
        known = [outputs[source] for source in sources[node]]
        outputs[node] = _constrain(channels, operators[node], known, image, fan_out[node])
    solved = channels.solve()
    return [solved[unknown] for unknown in outputs]


def _constrain(channels: Channels, operator: Operator, known: Sequence[int], image: int, fan_out: int) -> int:
    """Record an operator's constraints; return the unknown of its output's channels."""
    kind = operator.op_type
    first = known[0] if known else image
    if kind in ("Conv", "ConvTranspose"):
        group = _group(operator)
        if known:
            channels.divide(first, group)
        return channels.new(group, image=True)
    if kind in ("Gemm", "MatMul"):
        return known[1] if kind == "MatMul" and len(known) == 2 else channels.new()
    if kind in _FREE or not known:
        return channels.new(image=first in channels.images)
    rule = _RULES.get(kind)
    return first if rule is None else rule(channels, operator, known, fan_out)


def _agree(channels: Channels, operator: Operator, known: Sequence[int], fan_out: int) -> int:
    for other in known[1:]:
        channels.unite(known[0], other)
    return next((unknown for unknown in known if unknown in channels.images), known[0])


def _rearrange(channels: Channels, operator: Operator, known: Sequence[int], fan_out: int) -> int:
    squared = int(operator.get("blocksize", 1)) ** 2
    other = channels.new(image=True)
    to_space = operator.op_type == "DepthToSpace"
    channels.shares.append((known[0], other, squared) if to_space else (other, known[0], squared))
    return other


def _reshape(channels: Channels, operator: Operator, known: Sequence[int], fan_out: int) -> int:
    # The number survives when an image is flattened or restored, but not that it is on the second
    # axis.
    other = channels.new()
    channels.unite(known[0], other)
    return other


def _group(operator: Operator) -> int:
    value = operator.get("group", 1)
    return value if isinstance(value, int) and value > 0 else 1


def _concat(channels: Channels, operator: Operator, known: Sequence[int], fan_out: int) -> int:
    axis = operator.get("axis", 1)
    image = all(unknown in channels.images for unknown in known)
    if axis in ((1, -3) if image else (-1,)):
        whole = channels.new(image=image)
        channels.sums.append((whole, tuple(known)))
        return whole
    for other in known[1:]:
        channels.unite(known[0], other)
    return known[0]


def _split(channels: Channels, operator: Operator, known: Sequence[int], fan_out: int) -> int:
    whole = known[0]
    image = whole in channels.images
    axis = operator.get("axis", 0) if operator.has_attributes else 1  # as `reshaping_rules.split` chooses it
    if axis not in ((1, -3) if image else (-1, 2)):
        return whole
    sizes = operator.get("split")
    if isinstance(sizes, list) and sizes:
        channels.divide(whole, sum(sizes))
        part = channels.new(gcd(*sizes), image=image)
        channels.shares.append((whole, part, len(sizes)))
        return part
    part = channels.new(image=image)
    channels.shares.append((whole, part, max(2, fan_out)))
    return part


_RULES: Mapping[str, Callable[[Channels, Operator, Sequence[int], int], int]] = {
    # operator -> its constraints on the channels it reads; returns the unknown of its output
    **dict.fromkeys(_ELEMENTWISE, _agree),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _rearrange),
    **dict.fromkeys(("Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
    "Concat": _concat,
    "Split": _split,
}
