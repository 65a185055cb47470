"""Rows of the dataset, streaming or not, as PyG graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import pyarrow as pa

from younger_hf.dataset.read.pyg_rows import GraphRows
from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

    from younger_hf.dataset.read.stream import GraphStream
    from younger_hf.graph.vocabulary import Signature


@overload
def to_pyg(dataset: Dataset | pa.Table, signature: Signature = "w_attrs") -> GraphRows: ...
@overload
def to_pyg(  # type: ignore[overload-cannot-match]  # datasets has no types
    dataset: IterableDataset, signature: Signature = "w_attrs"
) -> GraphStream: ...
def to_pyg(dataset: Dataset | IterableDataset | pa.Table, signature: Signature = "w_attrs") -> GraphRows | GraphStream:
    """Convert the rows of any config but a vocabulary to PyG graphs.

    Args:
        dataset: One split from `younger_hf.load(config, split)` or `datasets.load_dataset`,
            streaming or not, or an Arrow table.
        signature: Which classes become `x` in `architectures` and `prediction`, which hold both:
            `w_attrs` or `wo_attrs`.

    Returns:
        A sequence of graphs; for a streaming dataset an iterable of graphs. Both have `batches()`.

    Raises:
        DatasetError: If the rows are not graphs, or `dataset` is a dictionary of splits.
        MissingDependencyError: If torch_geometric is not installed.
    """
    if isinstance(dataset, pa.Table):
        return GraphRows(dataset, signature)
    import datasets  # imported here: it takes longer than the whole of younger_hf

    if isinstance(dataset, datasets.Dataset):
        return GraphRows(dataset.with_format("arrow")[:], signature)
    if isinstance(dataset, datasets.IterableDataset):
        from younger_hf.dataset.read.stream import GraphStream  # imports torch

        return GraphStream(dataset, signature)
    raise DatasetError(
        f"Expected the rows of one split, got {type(dataset).__name__}.", "Name the split: load(config, 'train')."
    )
