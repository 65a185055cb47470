"""A module that takes nested arguments as one that takes tensors: caches of keys and values are tuples of tuples."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten


class Flattened(nn.Module):
    """Calls a module by name with arguments that it puts together from tensors.

    Attributes:
        tensors: Those in the example arguments, in the order of the signature; `forward` takes as many.
    """

    def __init__(self, module: nn.Module, given: Mapping[str, Any]) -> None:
        """Take example arguments apart.

        Args:
            module: The module.
            given: Argument of its `forward` -> example: a tensor, a tuple of such, and so on.

        Raises:
            TypeError: If `forward` has no argument of one of the names.
        """
        super().__init__()
        self.module = module
        names = [name for name in inspect.signature(module.forward).parameters if name in given]
        if len(names) < len(given):
            unknown = ", ".join(sorted(set(given) - set(names)))
            raise TypeError(f"{type(module).__name__} takes no argument {unknown}.")
        self._leaves, self._structure = tree_flatten({name: given[name] for name in names})
        self._places = [place for place, leaf in enumerate(self._leaves) if isinstance(leaf, Tensor)]
        self.tensors: tuple[Tensor, ...] = tuple(self._leaves[place] for place in self._places)

    def forward(self, *tensors: Tensor) -> Any:
        """What the module gives for these tensors."""
        leaves = list(self._leaves)
        for place, tensor in zip(self._places, tensors, strict=True):
            leaves[place] = tensor
        return self.module(**tree_unflatten(leaves, self._structure))
