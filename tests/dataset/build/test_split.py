from __future__ import annotations

import random
from statistics import median

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.dataset.models import architectures, chain
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.groups import Grouping
from younger_hf.dataset.build.split import WINDOW, split
from younger_hf.dataset.partition import Split, keyed_order

ITEMS = architectures(*(chain(*["Relu"] * length) for length in range(1, 61)))


def grouping(numbers: list[int]) -> Grouping:
    return Grouping(tuple(numbers), 0.9, max(numbers.count(n) for n in numbers))


def parts_of(result: Split) -> dict[str, list[str]]:
    return {name: [a.graph_id for a in items] for name, items in vars(result).items()}


groups = st.lists(st.integers(0, 40), min_size=len(ITEMS), max_size=len(ITEMS))
secrets = st.text(max_size=12)


def test_keyed_order_is_hmac_sha256() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # RFC 4231, test case 2
    assert expected == keyed_order("Jefe", "what do ya want for nothing?").hex()


@given(
    secrets, secrets, st.lists(st.text("abc"), min_size=1, max_size=3), st.lists(st.text("abc"), min_size=1, max_size=3)
)
def test_keyed_order_tells_secrets_and_parts_apart(one: str, other: str, first: list[str], second: list[str]) -> None:
    padded = [secret.encode().rstrip(b"\0") for secret in (one, other)]  # HMAC pads its key with zeros
    same = padded[0] == padded[1] and first == second
    assert same == (keyed_order(one, *first) == keyed_order(other, *second))


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    keys = {keyed_order("s", *parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["a", "b", "c"], ["abc", ""])}
    assert 5 == len(keys)


@given(groups, secrets)
def test_parts_are_disjoint_and_hold_everything(numbers: list[int], secret: str) -> None:
    found = [graph_id for ids in parts_of(split(ITEMS, grouping(numbers), secret)).values() for graph_id in ids]
    assert sorted(a.graph_id for a in ITEMS) == sorted(found)


@given(groups, secrets)
def test_a_group_stays_whole(numbers: list[int], secret: str) -> None:
    number_of = {a.graph_id: number for a, number in zip(ITEMS, numbers, strict=True)}
    parts = parts_of(split(ITEMS, grouping(numbers), secret))
    of_parts = [{number_of[graph_id] for graph_id in ids} for ids in parts.values()]
    assert len(set(numbers)) == sum(map(len, of_parts))


@given(groups, secrets, st.randoms(use_true_random=False))
def test_the_order_of_the_architectures_and_the_numbers_of_groups_do_not_matter(
    numbers: list[int], secret: str, rng: random.Random
) -> None:
    pairs = list(zip(ITEMS, numbers, strict=True))
    rng.shuffle(pairs)
    renumbered = [1000 - number for _, number in pairs]
    shuffled = split([a for a, _ in pairs], grouping(renumbered), secret)
    assert split(ITEMS, grouping(numbers), secret) == shuffled


@settings(max_examples=30)
@given(secrets)
def test_each_window_of_ten_groups_has_one_in_validation_and_one_in_test(secret: str) -> None:
    result = split(ITEMS, grouping(list(range(len(ITEMS)))), secret)
    for name in ("validation", "test"):
        chosen = result.validation if name == "validation" else result.operator_test + result.dataflow_test
        assert list(range(len(ITEMS) // WINDOW)) == sorted((a.dag.num_nodes - 1) // WINDOW for a in chosen)
    assert (3, 3) == (len(result.operator_test), len(result.dataflow_test))
    assert result.train + result.validation == result.public


def test_groups_are_sorted_by_their_median_size() -> None:
    """Groups of sizes (1, 60) and (30, 31) lie in the middle; the first window has neither."""
    numbers = list(range(60))
    numbers[59] = 0
    numbers[30] = 29
    windows: dict[int, set[int]] = {}
    for secret in map(str, range(200)):
        for a in split(ITEMS, grouping(numbers), secret).validation:
            windows.setdefault(numbers[a.dag.num_nodes - 1], set()).add(secret)
    sizes = sorted(
        {n: median(i + 1 for i, m in enumerate(numbers) if m == n) for n in numbers}.items(), key=lambda x: x[1]
    )
    for start in range(0, len(sizes) - WINDOW, WINDOW):
        members = [number for number, _ in sizes[start : start + WINDOW]]
        assert 200 == sum(len(windows.get(number, ())) for number in members)


@given(st.integers(1, 4), secrets)
def test_a_last_window_of_less_than_half_goes_to_training(rest: int, secret: str) -> None:
    items = ITEMS[: WINDOW + rest]
    result = split(items, grouping(list(range(len(items)))), secret)
    assert {a.graph_id for a in items[WINDOW:]} <= {a.graph_id for a in result.train}
    assert 1 == len(result.validation)


@given(secrets, secrets)
def test_the_split_depends_on_the_secret(one: str, other: str) -> None:
    assume(one.encode().rstrip(b"\0") != other.encode().rstrip(b"\0"))
    numbers = list(range(len(ITEMS)))
    assert split(ITEMS, grouping(numbers), one) != split(ITEMS, grouping(numbers), other)


@pytest.mark.parametrize("part", ["train", "validation", "operator_test", "dataflow_test"])
def test_every_part_is_in_the_order_of_graph_ids(part: str) -> None:
    items: tuple[Architecture, ...] = getattr(split(ITEMS, grouping(list(range(60))), "s"), part)
    assert sorted(a.graph_id for a in items) == [a.graph_id for a in items]
