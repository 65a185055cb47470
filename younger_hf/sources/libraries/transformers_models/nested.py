"""Modules with nested arguments, such as key-value caches, as modules that take tensors."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten


class Flattened(nn.Module):
    """Calls a module by name with arguments composed of tensors.

    Attributes:
        tensors: Tensors in the example arguments, in the order of the signature; `forward` takes
            the same number.
    """

    def __init__(self, module: nn.Module, arguments: Mapping[str, Any]) -> None:
        """Flatten example arguments.

        Args:
            module: The module.
            arguments: Argument of its `forward` -> example: a tensor, a tuple of tensors, and so
                on.

        Raises:
            TypeError: If `forward` lacks an argument.
        """
        super().__init__()
        self.module = module
        names = [name for name in inspect.signature(module.forward).parameters if name in arguments]
        if len(names) < len(arguments):
            unknown = ", ".join(sorted(set(arguments) - set(names)))
            raise TypeError(f"{type(module).__name__} takes no argument {unknown}.")
        self._leaves, self._structure = tree_flatten({name: arguments[name] for name in names})
        self._places = [place for place, leaf in enumerate(self._leaves) if isinstance(leaf, Tensor)]
        self.tensors: tuple[Tensor, ...] = tuple(self._leaves[place] for place in self._places)

    def forward(self, *tensors: Tensor) -> Any:
        """Return the module's result for these tensors."""
        leaves = list(self._leaves)
        for place, tensor in zip(self._places, tensors, strict=True):
            leaves[place] = tensor
        return self.module(**tree_unflatten(leaves, self._structure))
