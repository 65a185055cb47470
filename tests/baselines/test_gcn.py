from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_geometric.loader import DataLoader

from tests.dataset.built import Built
from younger_hf import to_pyg
from younger_hf.baselines.config import TrainConfig, make_config
from younger_hf.baselines.inference import forward, make_model
from younger_hf.baselines.run_folder import count_parameters

Small = Callable[..., TrainConfig]


@pytest.mark.parametrize(
    ("task", "num_classes", "expected"),
    [  # tables 6 and 9 of the Younger paper
        ("operator", 4409, 7_301_433),
        ("operator", 185, 809_145),
        ("dataflow", 4594, 5_360_384),
        ("dataflow", 189, 849_664),
    ],
)
def test_gcn_has_exactly_the_parameters_of_the_paper(task: str, num_classes: int, expected: int) -> None:
    assert expected == count_parameters(make_model(num_classes, make_config(f"{task}_w_attrs", {})))


def test_parameters_that_are_not_trained_do_not_count(small: Small) -> None:
    model = make_model(10, small("operator"))
    model.embedding.weight.requires_grad_(False)
    assert count_parameters(make_model(10, small("operator"))) - 10 * 32 == count_parameters(model)


@pytest.mark.parametrize("task", ["operator", "dataflow"])
def test_renumbered_nodes_give_renumbered_outputs(built: Built, small: Small, task: str) -> None:
    config = small(task)
    torch.manual_seed(1)
    model = make_model(100, config).eval()
    for data in list(to_pyg(built.release.table(config.track, "train")))[:10]:
        order = torch.from_numpy(np.random.default_rng(0).permutation(data.num_nodes))
        position = torch.argsort(order)
        index = data.mask_index if task == "operator" else data.pair_index
        with torch.no_grad():
            expected = model(data.x, data.edge_index, index)
            shuffled = model(data.x[order], position[data.edge_index], position[index])
        torch.testing.assert_close(expected, shuffled, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("task", ["operator", "dataflow"])
def test_the_output_of_a_graph_does_not_depend_on_its_batch(built: Built, small: Small, task: str) -> None:
    config = small(task)
    torch.manual_seed(1)
    model = make_model(100, config).eval()
    graphs = list(to_pyg(built.release.table(config.track, "train")))[:20]
    (batch,) = DataLoader(graphs, batch_size=20)
    with torch.no_grad():
        expected = torch.cat([forward(model, graph, config) for graph in graphs])
        torch.testing.assert_close(expected, forward(model, batch, config), rtol=1e-4, atol=1e-5)


def test_operator_outputs_are_log_probabilities_of_every_class_at_the_masked_nodes(built: Built, small: Small) -> None:
    graph = to_pyg(built.release.table("operator_w_attrs", "train"))[0]
    output = make_model(77, small("operator")).eval()(graph.x, graph.edge_index, graph.mask_index)
    assert (len(graph.mask_index), 77) == tuple(output.shape)
    torch.testing.assert_close(torch.ones(len(graph.mask_index)), output.exp().sum(dim=-1))


def test_undirected_messages_pass_both_ways_and_directed_ones_forward_only(small: Small) -> None:
    """In a chain of two, the second operator influences the first only if edges are undirected."""
    from torch_geometric.data import Data

    for undirected, reaches_back in ((True, True), (False, False)):
        config = small("operator", undirected=undirected)
        torch.manual_seed(0)
        model = make_model(10, config).eval()
        edges = torch.tensor([[0], [1]])
        both = torch.tensor([0, 1])
        with torch.no_grad():
            base, last, first = (
                forward(model, Data(x=torch.tensor(x), edge_index=edges, mask_index=both, num_nodes=2), config)
                for x in ([2, 3], [2, 4], [5, 3])
            )
        assert reaches_back == (not torch.equal(base[0], last[0]))
        assert not torch.equal(base[1], first[1])


def test_dropout_is_for_training_only(built: Built, small: Small) -> None:
    config = small("operator", dropout=0.5)
    torch.manual_seed(0)
    model = make_model(100, config)
    graph = to_pyg(built.release.table(config.track, "train"))[0]
    with torch.no_grad():
        assert not torch.equal(forward(model.train(), graph, config), forward(model, graph, config))
        assert torch.equal(forward(model.eval(), graph, config), forward(model, graph, config))
