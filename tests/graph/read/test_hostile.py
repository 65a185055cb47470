"""Hostile files are read or refused by our own errors, in 2 s and 200 MB each.

`python -m benchmarks.fuzz` does the same with 100,000 damaged files, each in its own process.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from random import Random

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from tests.graph.examining import examine
from tests.graph.fuzzing import mutated, seeds
from tests.graph.hostile import BUILDERS, FOLDED, model, node
from younger_hf import from_onnx
from younger_hf.errors import ModelReadError
from younger_hf.graph.identity.wl import LARGEST_TEXT

REFUSED = {
    # builder -> text of its error
    "functions_that_call_the_next_one_twice": "local functions expand to more than",
    "functions_that_double_the_graph_they_are_given": "local functions expand to more than",
    "a_function_that_calls_itself": "local functions call themselves",
    "functions_that_call_each_other_in_a_circle": "local functions call themselves",
    "a_long_chain_of_functions": "more than 100 deep",
    "branches_in_branches_too_deep": "nested more than 64 deep|its fields do not parse",
    "attributes_without_end": "the attributes of a node of type 'Custom' take",
    "a_name_of_a_megabyte": r"the name 'm+\.\.\.' has 1,000,000 characters",
    "a_name_that_drives_a_terminal": r"reads the value 'no\\x1b\[2Jthing'",
}


@pytest.fixture(autouse=True)
def _loaded() -> None:
    """Modules that load on first use must not count as the cost of one file."""
    warnings.simplefilter("ignore")
    examine(seeds()[0])


@pytest.mark.heavy
@pytest.mark.parametrize("name", BUILDERS)
def test_a_hostile_file_is_cheap(name: str) -> None:
    data = BUILDERS[name]()
    examination = examine(data, also_as_file=True)
    assert examination.is_cheap, examination
    assert ("ModelReadError" if name in REFUSED else "read") == examination.outcome


@pytest.mark.heavy
@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_with_a_readable_message(name: str) -> None:
    with pytest.raises(ModelReadError, match=REFUSED[name]) as caught:
        from_onnx(BUILDERS[name]())
    assert len(str(caught.value)) < 400
    assert caught.value.message.isprintable()


@pytest.mark.heavy
@pytest.mark.parametrize("name", FOLDED)
def test_operators_over_hostile_constants_are_folded_away(name: str) -> None:
    assert ("Add",) == from_onnx(FOLDED[name]()).op_types


@pytest.mark.heavy
def test_a_file_without_weights_is_the_same_in_blocks_and_in_memory(tmp_path: Path) -> None:
    """Blocks end anywhere: in a name, in a shape, between two tensors."""
    tensors = [TensorProto(name=f"w{n}" + "e" * (n % 97), data_type=1, dims=[n, 2]) for n in range(30_000)]
    nodes = [node("Add", ["x", tensor.name], [f"y{n}"]) for n, tensor in enumerate(tensors[:1000])]
    data = model(nodes, tensors)
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert len(data) > 1 << 20  # files up to that size are read at once
    assert from_onnx(data) == from_onnx(io.BytesIO(data)) == from_onnx(path)


@pytest.mark.heavy
def test_the_hash_is_networkxs_even_when_computed_in_pieces() -> None:
    dag = from_onnx(BUILDERS["long_lists_in_the_neighbourhood_of_very_many_nodes"]())
    assert sum(map(len, dag.w_attrs)) + len(dag.w_attrs[0]) * dag.num_edges > LARGEST_TEXT
    graph = nx.DiGraph(dag.to_networkx())
    expected = nx.weisfeiler_lehman_graph_hash(graph, node_attr="w_attrs", iterations=3, digest_size=16)
    assert expected == dag.wl_hash("w_attrs")


@pytest.mark.heavy
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 62))
def test_damaged_models_are_read_or_refused_by_our_own_errors(seed: int) -> None:
    examination = examine(mutated(Random(seed), seeds()), also_as_file=True)
    assert examination.is_cheap, examination


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_hostile_files_that_are_damaged_are_cheap_too(data: st.DataObject) -> None:
    payload = bytearray(BUILDERS[data.draw(st.sampled_from(sorted(FOLDED)))]())
    for _ in range(data.draw(st.integers(1, 6))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    assert examine(bytes(payload)).is_cheap
