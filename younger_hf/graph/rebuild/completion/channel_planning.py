"""How many channels each operator of a made-up model gives, so that groups divide them and sums agree.

A generated graph says nothing of sizes: a convolution may have any number of output channels. What restricts them is read off the graph
before anything is made up: operands of an elementwise operator agree, groups divide, a concatenation is the sum of its parts, a split
shares equally. The smallest numbers that obey are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import gcd, lcm

from younger_hf.graph.rebuild.completion.completed_operator import Operator

BASE = 8
"""Channels where nothing restricts them."""
IMAGE_CHANNELS = 3
"""Channels of the model's image inputs."""
MOST = 1 << 14
"""Most channels that are given; a graph that needs more is left as it is and will not run."""

_ELEMENTWISE = frozenset(
    (
        *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Where", "PRelu", "Mod", "And", "Or", "Xor"),
        *("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"),
    )
)
_RESHAPING = frozenset(("Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze"))
_FREE = frozenset(("Shape", "Slice", "Gather", "Expand", "Range", "ConstantOfShape", "NonZero", "TopK", "Size"))


@dataclass
class Channels:
    """Numbers of channels as unknowns, and what is required of them.

    Attributes:
        parents: Union-find over the unknowns.
        multiples: What divides each unknown's number, at its representative.
        sums: An unknown, and those that it is the sum of.
        shares: An unknown, one that is a share of it, and how many shares it has.
        images: Unknowns that are the second axis of an image and not the last axis of something flat.
        given: Numbers that are known unless something divides them.
    """

    parents: list[int] = field(default_factory=list)
    multiples: list[int] = field(default_factory=list)
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    shares: list[tuple[int, int, int]] = field(default_factory=list)
    images: set[int] = field(default_factory=set)
    given: dict[int, int] = field(default_factory=dict)

    def new(self, multiple: int = 1, *, image: bool = False) -> int:
        """Another unknown."""
        self.parents.append(len(self.parents))
        self.multiples.append(multiple)
        if image:
            self.images.add(len(self.parents) - 1)
        return len(self.parents) - 1

    def root(self, unknown: int) -> int:
        """The representative of an unknown."""
        while self.parents[unknown] != unknown:
            self.parents[unknown] = self.parents[self.parents[unknown]]
            unknown = self.parents[unknown]
        return unknown

    def divide(self, unknown: int, divisor: int) -> None:
        """Require that a number divides it."""
        root = self.root(unknown)
        self.multiples[root] = lcm(self.multiples[root], max(1, divisor))

    def unite(self, first: int, second: int) -> None:
        """Require that two are equal."""
        one, other = self.root(first), self.root(second)
        if one != other:
            self.parents[other] = one
            self.divide(one, self.multiples[other])

    def solve(self) -> list[int]:
        """The smallest numbers that obey, as far as a few rounds find them."""
        values = {root: self._smallest(root) for root in {self.root(u) for u in range(len(self.parents))}}
        values.update((self.root(u), size) for u, size in self.given.items() if self.multiples[self.root(u)] == 1)
        for _ in range(24):
            if not (self._share(values) | self._add(values)):
                break
        return [min(values[self.root(unknown)], MOST) for unknown in range(len(self.parents))]

    def _smallest(self, root: int) -> int:
        multiple = min(self.multiples[root], MOST)
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
                for part in parts:  # enough, and simple: each part is divided
                    root = self.root(part)
                    self.divide(root, self.multiples[one])
                    values[root] = max(values[root], self._smallest(root))
                    values[root] += -values[root] % self.multiples[root]
                total = sum(values[self.root(part)] for part in parts)
                changed = True
            if values[one] != total <= MOST:
                values[one] = total
                changed = True
        return changed


def plan_channels(
    operators: Sequence[Operator], order: Sequence[int], sources: Sequence[Sequence[int]], fan_out: Sequence[int]
) -> list[int]:
    """Channels that each operator should give: of an image on its second axis, of anything else on its last.

    Args:
        operators: The operator of each node, [N].
        order: The nodes, sources first, [N].
        sources: What each node reads from, [N].
        fan_out: How many nodes read from each, [N].
    """
    channels = Channels()
    given = [0] * len(operators)
    image = channels.new(image=True)
    channels.given[image] = IMAGE_CHANNELS
    for node in order:
        known = [given[source] for source in sources[node]]
        given[node] = _constrain(channels, operators[node], known, image, fan_out[node])
    solved = channels.solve()
    return [solved[unknown] for unknown in given]


def _constrain(channels: Channels, operator: Operator, known: Sequence[int], image: int, fan_out: int) -> int:
    """What an operator requires of the channels it reads, and the unknown that it gives."""
    kind = operator.op_type
    first = known[0] if known else image
    if kind in ("Conv", "ConvTranspose"):
        group = _group(operator)
        if known:
            channels.divide(first, group)
        return channels.new(group, image=True)
    if kind in ("Gemm", "MatMul"):
        return known[1] if kind == "MatMul" and len(known) == 2 else channels.new()
    if kind in _ELEMENTWISE and known:
        for other in known[1:]:
            channels.unite(first, other)
        return next((unknown for unknown in known if unknown in channels.images), first)
    if kind == "Concat" and known:
        return _concat(channels, operator, known)
    if kind == "Split" and known:
        return _split(channels, operator, first, fan_out)
    if kind in ("DepthToSpace", "SpaceToDepth") and known:
        squared = int(operator.get("blocksize", 1)) ** 2
        other = channels.new(image=True)
        channels.shares.append((first, other, squared) if kind == "DepthToSpace" else (other, first, squared))
        return other
    if kind in _FREE or not known:
        return channels.new(image=first in channels.images)
    if kind in _RESHAPING:
        # The number survives where a head flattens an image and where one is restored; that it is the second axis does not.
        other = channels.new()
        channels.unite(first, other)
        return other
    return first


def _group(operator: Operator) -> int:
    value = operator.get("group", 1)
    return value if isinstance(value, int) and value > 0 else 1


def _concat(channels: Channels, operator: Operator, known: Sequence[int]) -> int:
    axis = operator.get("axis", 1)
    image = all(unknown in channels.images for unknown in known)
    if axis in ((1, -3) if image else (-1,)):
        whole = channels.new(image=image)
        channels.sums.append((whole, tuple(known)))
        return whole
    for other in known[1:]:
        channels.unite(known[0], other)
    return known[0]


def _split(channels: Channels, operator: Operator, whole: int, fan_out: int) -> int:
    image = whole in channels.images
    axis = operator.get("axis", 0) if operator.says_attributes else 1  # as `reshaping.split` chooses it
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
