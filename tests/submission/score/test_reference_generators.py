"""The generators that learn nothing, on a small release and on the published one.

What they keep of the training graphs is tested.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.submission.conftest import make_release
from younger_hf.dataset.read.release import open_release
from younger_hf.errors import DatasetError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.metrics import generation_metrics
from younger_hf.submission import reference_predictions, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.generation_scores import graphs_of, vocabulary_of
from younger_hf.submission.score.reference_generators import training_graphs

PUBLISHED = Path(__file__).parents[3] / "younger"
TRACK = "generation_wo_attrs"
NAMES = ["random", "bootstrap"]


@pytest.fixture(scope="module", params=["small", "published"])
def release(request, complete_board):
    return complete_board.release if request.param == "small" else open_release(PUBLISHED)


@pytest.fixture(scope="module")
def rows_of(release):
    """The rows of a generator, made once."""
    made = {name: list(reference_predictions(name, release, TRACK)) for name in NAMES}
    return made.__getitem__


def sizes(graphs):
    return Counter((len(nodes), edges.shape[1]) for nodes, edges in graphs)


def is_acyclic(num_nodes, edges):
    left = np.bincount(edges[1], minlength=num_nodes)
    ready = np.flatnonzero(left == 0).tolist()
    seen = 0
    while ready:
        node = ready.pop()
        seen += 1
        for target in edges[1][edges[0] == node]:
            left[target] -= 1
            if left[target] == 0:
                ready.append(int(target))
    return seen == num_nodes


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_valid_graphs_are_generated(release, rows_of, tmp_path, name):
    rows = rows_of(name)
    assert 1000 == len(rows)
    path = write_predictions(tmp_path, TRACK, rows)
    assert () == validate(path, None, release, track=TRACK).problems


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_generated_graphs_are_acyclic(rows_of, name):
    assert all(is_acyclic(len(nodes), edges) for nodes, edges in rows_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_graphs_depend_on_the_seed_alone(release, rows_of, name):
    def same(seed):
        pairs = zip(rows_of(name), reference_predictions(name, release, TRACK, seed), strict=True)
        return all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in pairs)

    assert (True, False) == (same(0), same(1))


@pytest.mark.parametrize("name", NAMES)
def test_nodes_and_edges_are_as_many_as_in_training_graphs(release, rows_of, name):
    training = sizes((graph.node_feat, graph.edge_index) for graph in training_graphs(release, TRACK))
    made = sizes(rows_of(name))
    assert set(made) <= set(training)
    for size, count in made.items():
        mean = 1000 * training[size] / training.total()
        assert abs(count - mean) < 6 * np.sqrt(mean) + 1, size


def test_random_classes_have_the_shares_of_the_training_nodes(release, rows_of):
    training = np.bincount(np.concatenate([graph.node_feat for graph in training_graphs(release, TRACK)]))
    made = np.bincount(np.concatenate([nodes for nodes, _ in rows_of("random")]), minlength=len(training))
    mean = made.sum() * training / training.sum()
    assert len(training) == len(made)
    assert (np.abs(made - mean) < 6 * np.sqrt(mean) + 1).all()
    assert 0 == made[:FIRST_CLASS].sum()


def test_random_edges_are_of_no_class_of_nodes_and_no_number(rows_of):
    forward = [float((edges[0] < edges[1]).mean()) for _, edges in rows_of("random") if edges.size]
    # in a random order of the nodes half of the edges go to a node with a higher number
    assert 0.5 == pytest.approx(np.mean(forward), abs=0.05)


def test_random_edges_are_uniform_over_the_pairs_of_an_order(tmp_path):
    # all training graphs have three nodes and one edge: six directed pairs, each as likely
    board = make_release(tmp_path, complete=True, items=(5, 6))
    counts = Counter()
    graphs = [graph for graph in training_graphs(board.release, TRACK) if len(graph.node_feat) == 5]
    assert graphs
    for nodes, edges in reference_predictions("random", board.release, TRACK):
        if len(nodes) == 5:
            counts.update(zip(*edges.tolist(), strict=True))
    assert 5 * 4 == len(counts)
    mean = counts.total() / len(counts)
    assert max(abs(count - mean) for count in counts.values()) < 6 * np.sqrt(mean)


@pytest.mark.heavy
def test_every_bootstrap_graph_is_a_training_graph_with_its_nodes_renumbered(release, rows_of):
    rows = rows_of("bootstrap")
    train = graphs_of(release, TRACK, "train")
    metrics = generation_metrics(
        Graphs.of(rows), graphs_of(release, TRACK, "validation"), train, vocabulary_of(release, TRACK)
    )
    assert (0.0, 1.0) == (metrics["novel"], metrics["acyclic"])
    originals = {(g.node_feat.tobytes(), g.edge_index.tobytes()) for g in train}
    large = [row for row in rows if len(row[0]) > 10]
    same = [row for row in large if (row[0].astype(np.int64).tobytes(), row[1].astype(np.int64).tobytes()) in originals]
    assert len(same) < 0.02 * len(large)


@pytest.mark.heavy
def test_bootstrap_graphs_repeat_and_random_ones_hardly(release, rows_of):
    train = graphs_of(release, TRACK, "train")
    vocabulary, reference = vocabulary_of(release, TRACK), graphs_of(release, TRACK, "validation")
    unique = {
        name: generation_metrics(Graphs.of(rows_of(name)), reference, train, vocabulary)["unique"] for name in NAMES
    }
    # drawn n times from n graphs, 1 - 1/e of them are seen; fewer of a thousand draws if there are
    # fewer, or if some are alike
    assert unique["bootstrap"] <= len(train) / 1000
    assert unique["bootstrap"] < unique["random"]


def test_graphs_that_could_not_be_submitted_are_never_drawn(complete_board):
    release = complete_board.release
    every, some = graphs_of(release, TRACK, "train"), training_graphs(release, TRACK)
    assert (30, 29) == (len(every), len(some))  # the first has a node of no class
    assert min(graph.node_feat.min() for graph in every) == 0
    assert min(graph.node_feat.min() for graph in some) >= FIRST_CLASS


def test_without_training_graphs_nothing_is_drawn(tmp_path):
    release = make_release(tmp_path, complete=True, graphs={"train": 1, "validation": 2, "test": 2}).release
    with pytest.raises(DatasetError, match="the training split of generation_wo_attrs has no graphs to draw from"):
        reference_predictions("random", release, TRACK)
