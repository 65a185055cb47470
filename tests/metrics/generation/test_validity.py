"""Validity of graphs: cycles, classes, attributes and inputs.

ONNX's own schemas and checker agree with it.
"""

from __future__ import annotations

import doctest
import json
from itertools import pairwise

import networkx as nx
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from onnx import helper

from tests.metrics.random_graphs import digraph, released_graphs, released_vocabulary, sets
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.operators.node_protos import attribute_proto
from younger_hf.graph.operators.schema_versions import (
    INVALID,
    UNLIMITED,
    explain_misfit,
    most_inputs,
    possible_types,
    schema_versions,
)
from younger_hf.graph.operators.signatures import canonical_attributes, parse_signature, signature
from younger_hf.graph.vocabulary import Vocabulary
from younger_hf.metrics.generation import validity as module
from younger_hf.metrics.generation.validity import explain, validity


def of(*signatures):
    return Vocabulary("w_attrs", signatures)


def most(text):
    return int(most_inputs(of(text))[2])


def canonical(op_type, opset, domain="", **attributes):
    """The w_attrs signature of a node of a model."""
    node = helper.make_node(op_type, [], [], domain=domain, **attributes)
    return signature(domain, op_type, canonical_attributes(node, opset))


@pytest.mark.heavy
@settings(max_examples=200, deadline=None)
@given(sets())
def test_acyclic_agrees_with_networkx_and_a_reported_cycle_exists(case):
    vocabulary = Vocabulary("wo_attrs", ('["","Sum"]',) * 3)
    checked = validity(Graphs.of(case), vocabulary)
    assert [nx.is_directed_acyclic_graph(digraph(row)) for row in case] == checked.acyclic.tolist()
    assert all(checked.schema)
    for row, valid, graph in zip(case, checked.valid, Graphs.of(case), strict=True):
        sentences = explain(graph, vocabulary)
        assert (0 if valid else 1) == len(sentences)
        for sentence in sentences:
            nodes = list(map(int, sentence.removeprefix("Data flows in a cycle: ").removesuffix(".").split(" -> ")))
            assert nodes[0] == nodes[-1]
            assert set(pairwise(nodes)) <= set(digraph(row).edges)


@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_every_training_architecture_is_valid(kind):
    vocabulary = released_vocabulary(kind)
    train, validation = released_graphs(kind, "train"), released_graphs(kind, "validation")
    assert validity(train, vocabulary).valid.all()
    # what training has not seen is UNK in validation, and no operator
    known = [bool((graph.node_feat > 1).all()) for graph in validation]
    checked = validity(validation, vocabulary)
    assert known == checked.schema.tolist()
    assert checked.acyclic.all()


@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_every_class_of_the_release_fits_a_schema(kind):
    limits = most_inputs(released_vocabulary(kind))
    assert [INVALID, INVALID] == limits[:2].tolist()
    assert (limits[2:] > INVALID).all()


@pytest.mark.heavy
def test_explanations_are_there_for_exactly_the_graphs_that_are_not_valid():
    vocabulary, graphs = released_vocabulary("w_attrs"), released_graphs("w_attrs", "validation")
    assert validity(graphs, vocabulary).valid.tolist() == [not explain(graph, vocabulary) for graph in graphs]


def test_invalid_classes_are_named():
    vocabulary = of('["","Relu",{}]', '["com.microsoft","FusedMatMul",{}]', '["","Convolution",{}]')
    graphs = Graphs.of([([2, class_id], [[0], [1]]) for class_id in (2, 0, 1, 3, 4, 5, 2**31 - 1)])
    assert [True, *[False] * 6] == validity(graphs, vocabulary).schema.tolist()
    assert [
        [],
        ["Node 1: class 0 is UNK, not an operator."],
        ["Node 1: class 1 is MASK, not an operator."],
        ["Node 1 (com.microsoft.FusedMatMul): ONNX has no operator com.microsoft.FusedMatMul."],
        ["Node 1 (Convolution): ONNX has no operator Convolution."],
        ["Node 1: expected a class id below 5, got 5."],
        ["Node 1: expected a class id below 5, got 2,147,483,647."],
    ] == [explain(graph, vocabulary) for graph in graphs]


def test_repeated_inputs_count_once_and_all_are_optional():
    vocabulary = Vocabulary("wo_attrs", ('["","Relu"]', '["","Add"]', '["","Concat"]', '["","RandomNormal"]'))
    into_last = [
        (2, 0, True), (2, 1, True), (2, 2, False), (3, 0, True), (3, 2, True), (3, 3, False), (4, 9, True), (5, 0, True), (5, 1, False)
    ]  # fmt: skip
    cases = [([*[2] * flows, last], [list(range(flows)), [flows] * flows]) for last, flows, _ in into_last]
    assert [fits for _, _, fits in into_last] == validity(Graphs.of(cases), vocabulary).schema.tolist()
    repeated = Graphs.of([([2, 2], [[0, 0, 0], [1, 1, 1]])])
    assert validity(repeated, vocabulary).valid.all()
    assert ["Node 3 (Add): expected at most 2 data flows into it, got 3."] == explain(
        Graphs.of([cases[5]])[0], vocabulary
    )


def test_outputs_of_a_subgraph_are_not_inputs_of_the_schema():
    assert (
        UNLIMITED
        == most('["","If"]')
        == most('["","If",{"else_branch":{"type":"graph"},"then_branch":{"type":"graph"}}]')
    )
    assert INVALID == most('["","If",{"else_branch":{"type":"graph"}}]')


def test_the_attributes_choose_the_version_that_sets_the_number_of_inputs():
    # axes are an attribute up to opset 17 and an input from 18 on
    assert 1 == most(canonical("ReduceMean", 13, axes=[-1]))
    assert 1 == most(canonical("ReduceMean", 13))
    assert 2 == most(canonical("ReduceMean", 18))
    assert 2 == most('["","ReduceMean"]')
    assert 1 == most(canonical("Clip", 6, min=0.0, max=6.0))
    assert 3 == most(canonical("Clip", 13))
    # Upsample is deprecated from opset 10 on, and was valid before
    assert 2 == most(canonical("Upsample", 9, mode="nearest"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('["","Relu",{"axis":1}]', "unknown attribute 'axis'"),
        ('["","Softmax",{"axis":1.0}]', "attribute 'axis' should be of type int"),
        ('["","Softmax",{"axis":true}]', "attribute 'axis' should be of type int"),
        ('["","Softmax",{"axis":null}]', "attribute 'axis' should be of type int"),
        ('["","LeakyRelu",{"alpha":1}]', "attribute 'alpha' should be of type float"),
        ('["","DepthToSpace",{}]', "attribute 'blocksize' is missing"),
        ('["","Transpose",{"perm":[0,1.5]}]', "attribute 'perm' should be of type ints"),
        ('["","Transpose",{"perm":{"type":"floats","length":80}}]', "attribute 'perm' should be of type ints"),
        ('["","Cast",{"to":[1]}]', "attribute 'to' should be of type int"),
        ('["","ConstantOfShape",{"value":[1]}]', "attribute 'value' should be of type tensor"),
    ],
)
def test_attributes_that_do_not_fit_are_named(text, wrong):
    assert INVALID == most(text)
    assert explain_misfit(text).endswith(wrong) or f"{wrong};" in explain_misfit(text)


@pytest.mark.parametrize(
    "text",
    [
        '["","Transpose",{}]',
        '["","Transpose",{"perm":[]}]',
        '["","Transpose",{"perm":{"type":"ints","length":80}}]',
        '["","LeakyRelu",{"alpha":{"type":"float","value":"inf"}}]',
        '["","ConstantOfShape",{"value":{"type":"tensor","dtype":"float","shape":[1]}}]',
        '["ai.onnx.ml","Scaler",{"offset":{"type":"floats"},"scale":{"type":"floats"}}]',
    ],
)
def test_values_that_are_not_kept_fit_by_their_type(text):
    assert most(text) > INVALID
    assert "" == explain_misfit(text)


def test_the_kinds_of_canonical_values():
    kinds = {
        "ints": [1, 2],
        "floats": [1.5, {"type": "float", "value": "nan"}],
        "strings": ["a", {"type": "bytes", "value": "ff"}],
    }
    for kind, value in kinds.items():
        assert {kind} == possible_types(value)
    assert {"ints", "floats", "strings"} == possible_types([])
    for value in ([1, 2.0], [[1]], [True], None, True, {}, {"type": 3}):
        assert set() == possible_types(value)


def test_classes_of_the_release_fit_where_the_checker_of_onnx_agrees():
    """Attributes: each class is a valid node of the newest version that it fits.

    `onnx.checker` accepts it.
    """
    checked = 0
    for text in released_vocabulary("w_attrs").classes[::7]:
        domain, op_type, written = parse_signature(text)
        attributes = json.loads(written)
        if any(isinstance(value, dict) for value in attributes.values()):
            continue
        version = [each for each in schema_versions(domain, op_type) if not differs(each, attributes)][-1]
        schema = onnx.defs.get_schema(op_type, version.since, domain)
        protos = [attribute_proto(op_type, name, value, schema) for name, value in attributes.items()]
        node = helper.make_node(
            op_type, ["x"] * max(schema.min_input, 1), ["y"] * max(schema.min_output, 1), domain=domain
        )
        node.attribute.extend(protos)
        context = onnx.checker.C.CheckerContext()
        context.ir_version = 8
        context.opset_imports = {domain: version.since}
        onnx.checker.check_node(node, context)
        checked += 1
    assert checked > 200


def differs(version, attributes):
    """Whether attributes are not all that a version of a schema wants, and no others."""
    return (
        not set(attributes) <= set(version.types)
        or not version.required <= set(attributes)
        or any(version.types[name] not in possible_types(value) for name, value in attributes.items())
    )


@pytest.mark.parametrize("text", ["Relu", "[]", '[""]', '["",5]', '["","Relu",[]]', '{"a":1}', "7"])
def test_a_vocabulary_of_other_than_signatures_is_named(text):
    with pytest.raises(MetricError, match="vocabulary: expected signatures as"):
        validity(Graphs.of([([2], [[], []])]), of(text))


def test_the_table_of_a_vocabulary_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        most_inputs(of('["","Relu",{}]'))[0] = 5


def test_the_example_is_true():
    result = doctest.testmod(module)
    assert 0 == result.failed
    assert result.attempted > 0


def test_a_long_chain_is_quick():
    size = 5000
    chain = Graphs.of([([2] * size, np.stack([np.arange(size - 1), np.arange(1, size)]))])
    assert validity(chain, Vocabulary("wo_attrs", ('["","Relu"]',))).valid.all()
