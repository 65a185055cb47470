"""Pickles are read as data: plain values and graphs are returned, everything else is refused."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.official.official_models import PROTOCOLS, checked_pickle
from younger_hf.errors import SourceError
from younger_hf.sources.official import pickle_reader
from younger_hf.sources.official.graph_reader import read_graph
from younger_hf.sources.official.pickle_reader import LARGEST, Record, read_pickle

KEYS = st.one_of(st.text(max_size=5), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none(), st.binary(max_size=5))
PLAIN = st.recursive(
    st.one_of(KEYS, st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(KEYS, inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=30,
)


class Reduced:
    """An object whose pickle calls something."""

    def __init__(self, *how: Any) -> None:
        self.how = how

    def __reduce__(self) -> Any:
        return self.how


class Stateful:
    """An object whose pickle mentions this class."""

    def __init__(self) -> None:
        self.attribute = 1


@pytest.mark.heavy
@settings(deadline=None)
@given(value=PLAIN, protocol=st.sampled_from(PROTOCOLS))
def test_plain_values_come_back(value: Any, protocol: int) -> None:
    assert value == read_pickle(pickle.dumps(value, protocol), "it")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_collections_come_back_as_dicts_and_lists(protocol: int) -> None:
    ordered = collections.OrderedDict([("b", 1), ("a", 2)])
    grouped = collections.defaultdict(dict, {"x": {}})
    value = [ordered, grouped, {3}, frozenset({"y"}), set(), b"\xff\0", b"", "x" * 300, b"y" * 300, list(range(2000))]
    expected = [
        {"b": 1, "a": 2},
        {"x": {}},
        {3},
        {"y"},
        set(),
        b"\xff\0",
        b"",
        "x" * 300,
        b"y" * 300,
        list(range(2000)),
    ]
    assert expected == read_pickle(pickle.dumps(value, protocol), "it")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_graphs_come_back_as_records_even_with_cached_views(kind: type[nx.Graph], protocol: int) -> None:
    graph = kind([("a", "b"), ("b", 7)])
    for view in ("nodes", "edges", "adj", "degree", "succ", "pred", "in_edges", "out_edges", "in_degree", "out_degree"):
        getattr(graph, view, None)
    found = read_pickle(pickle.dumps(graph, protocol), "it")
    assert isinstance(found, Record)
    assert f"{kind.__module__}.{kind.__name__}" == found.name
    assert {"a": {}, "b": {}, 7: {}} == found.state["_node"]
    assert dict(graph._adj) == found.state["_adj"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("what", "name"),
    [
        (Reduced(os.system, ("touch SENTINEL",)), "posix.system"),
        (Reduced(eval, ("open('SENTINEL', 'w')",)), "builtins.eval"),
        (Reduced(exec, ("open('SENTINEL', 'w')",)), "builtins.exec"),
        (Reduced(open, ("SENTINEL", "w")), "io.open"),
        (Reduced(getattr, (Reduced(__import__, ("os",)), "system")), "builtins.getattr"),
        (Reduced(nx.path_graph, (10**9,)), "networkx.generators.classic.path_graph"),
        (Reduced(nx.write_gml, (nx.Graph(), "SENTINEL")), "networkx.readwrite.gml.write_gml"),
        (np.ones(3), "numpy"),
        (np.float64(1), "numpy"),
        (nx.subgraph(nx.path_graph(3), [0, 1]), "networkx.classes."),
        (Reduced(nx.Graph().add_node, ("x",)), "builtins.getattr"),
        (Stateful(), "Stateful"),
        (os.getcwd, "posix.getcwd"),
        (range(3), "range"),
        (1j, "builtins.complex"),
        (Path("x"), "pathlib.PosixPath"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_other_name_is_refused_and_nothing_happens(
    what: Any, name: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inner = {"graph": what}
    for payload in (pickle.dumps(inner, protocol), checked_pickle(inner, protocol)):
        with pytest.raises(SourceError, match="refused the name") as caught:
            read_graph(payload, "sample-0.pkl")
        assert name in caught.value.message
        assert caught.value.message.startswith("sample-0.pkl: ")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (
            b"\x80\x02c__builtin__\ngetattr\n(c__builtin__\n__import__\n(X\x02\0\0\0ostRX",
            "refused the name 'builtins.getattr'",
        ),
        (b"\x80\x02cos\nsystem\n(X\x05\0\0\0touchtR.", "refused the name 'os.system'"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "refused the name 'os.system'"),
        (b"\x80\x04cbuiltins\neval\n.", "refused the name 'builtins.eval'"),
        (
            b"\x80\x04cnetworkx.classes.digraph\nDiGraph.__init__\n.",
            "refused the name 'networkx.classes.digraph.DiGraph.__init__'",
        ),
        (b"\x80\x04cnetworkx.classes\ndigraph.DiGraph\n.", None),
        (b"(S'touch'\nios\nsystem\n.", "refused the opcode STRING"),
        (b"(ios\nsystem\n.", "refused the opcode INST"),
        (b"\x80\x04Pname\n.", "refused the opcode PERSID"),
        (b"\x80\x04K\x01Q.", "refused the opcode BINPERSID"),
        (b"\x80\x04\x82\x01.", "refused the opcode EXT1"),
        (b"\x80\x05\x97.", "refused the opcode NEXT_BUFFER"),
        (b"\x80\x04\x92.", "refused the opcode NEWOBJ_EX"),
        (b"\x80\x04K\x01K\x02R.", "an object has no class"),
        (b"\x80\x04cbuiltins\nlist\nX\x04\0\0\0abcd\x85R.", "builtins.list is created with elements"),
        (b"\x80\x04cbuiltins\nint\nK\x01\x85R.", "builtins.int has arguments that it never has in a graph"),
        (
            b"\x80\x04cnetworkx.classes.digraph\nDiGraph\nK\x01\x85R.",
            "a graph has arguments",
        ),
        (b"\x80\x04cbuiltins\nlist\n}b.", "a state for a value that cannot have one"),
        (b"\x80\x04]}b.", "a state for a value that cannot have one"),
        (b"\x80\x04cnetworkx.classes.digraph\nDiGraph\n)\x81]b.", "a state that is not a dictionary"),
        (b"\x80\x04}]K\x01s.", "a key is a list"),
        (b"\x80\x04}(K\x01K\x02K\x03u.", "items for a value that is not a dictionary"),
        (b"\x80\x04}K\x01a.", "elements for a value that is not a list"),
        (b"\x80\x04\x8a\xff" + b"\x7f" * 255 + b".", "refused a number of"),
        (b"\x80\x04]r\xff\xff\xff\xff.", None),
        (b"\x89PNG\r\n", "refused the opcode PERSID"),
        (b"<html>", "the pickle is damaged"),
        (b"", "the pickle is damaged"),
        (b"\x80\x04", "the pickle is damaged"),
        (b"\x80\x04.", "the pickle is damaged"),
        (b"\x80\x04h\x07.", "the pickle is damaged"),
        (b"\x80\x04t.", "the pickle is damaged"),
        (b"\x80\x04\x86.", "the pickle is damaged"),
        (b"\x80\x04cbuiltins", "the pickle is damaged"),
        (b"\x80\x04\x8c\x02\xff\xff.", "the pickle is damaged"),
        (b"\x80\x04\x8c\x09short", "expected 9 bytes"),
        (b"\x80\x04B" + struct.pack("<I", 1 << 30) + b"short", "expected 1073741824 bytes"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"short", "expected 4611686018427387904 bytes"),
        (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 30) + b"short", "expected 1073741824 bytes"),
        (b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"K\x01.", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unexpected_bytes_are_reported_in_little_memory(payload: bytes, message: str | None) -> None:
    tracemalloc.start()
    try:
        if message is None:  # what is only odd is data
            read_pickle(payload, "it")
        else:
            with pytest.raises(SourceError) as caught:
                read_pickle(payload, "it")
            assert message in caught.value.message
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_cut_pickle_is_damaged_wherever_it_is_cut() -> None:
    payload = checked_pickle(nx.DiGraph([("a", "b")]))
    for end in range(len(payload)):
        with pytest.raises(SourceError, match="damaged"):
            read_graph(payload[:end], "it")


@settings(deadline=None, max_examples=300)
@given(data=st.data(), protocol=st.sampled_from(PROTOCOLS))
def test_changed_bytes_yield_data_or_one_clear_error(data: st.DataObject, protocol: int) -> None:
    payload = bytearray(pickle.dumps(nx.DiGraph([("a", "b"), ("b", 1)], name="x"), protocol))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    message = "it: "
    with suppress(SourceError):  # some changes give another graph
        try:
            read_graph(bytes(payload), "it")
        except SourceError as error:
            message = error.message
            raise
    assert message.startswith("it: ")


@pytest.mark.heavy
def test_nested_and_shared_containers_cost_what_they_take_in_the_file() -> None:
    """Many lists in lists; two to the 60 leaves in sixty shared ones; a list in itself."""
    deep = b"\x80\x04" + b"]" * 200_000 + b"a" * 199_999 + b"."
    laughs = b"\x80\x04K\x01\x94" + b"".join(b"h%ch%c\x86\x94" % (i, i) for i in range(60)) + b"."
    itself = b"\x80\x04]\x94h\x00a."
    for payload in (deep, laughs, itself):
        tracemalloc.start()
        started = perf_counter()
        with pytest.raises(SourceError, match=r"it: .*expected "):
            read_graph(payload, "it")
        assert perf_counter() - started < 20
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
        tracemalloc.stop()


def test_more_opcodes_or_bytes_than_any_graph_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_reader, "MOST_OPCODES", 1000)
    assert [] == read_pickle(b"\x80\x04" + b"N0" * 498 + b"].", "it")
    with pytest.raises(SourceError, match="more than 1,000 opcodes"):
        read_pickle(b"\x80\x04" + b"N0" * 600 + b"].", "it")
    with pytest.raises(SourceError, match="268,435,457 bytes, expected at most 268,435,456"):
        read_pickle(bytes(LARGEST + 1), "it")


def test_a_wrong_checksum_is_reported() -> None:
    payload = checked_pickle(nx.DiGraph([("a", "b")]))
    with pytest.raises(SourceError, match="the checksum does not match"):
        read_graph(payload.replace(b"_node", b"_nope"), "it")
