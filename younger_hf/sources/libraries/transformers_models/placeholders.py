"""Text with one placeholder token per feature of an image, sound or video in a multimodal model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from younger_hf.sources.libraries.transformers_models.configuration import parts
from younger_hf.sources.libraries.transformers_models.subject import Subject

_TYPES = {"image": 1, "video": 2, "audio": 3}
"""Kind of placeholder -> its number in `mm_token_type_ids`."""
_WORD = 3
"""Replaces words that happen to be placeholders."""
_AROUND = 8
"""Words before the placeholders."""

Provide = Callable[[str], Tensor | None]
"""Input -> its example, None without one."""


def insert_placeholders(subject: Subject, inputs: Mapping[str, Tensor], provide: Provide) -> dict[str, Tensor]:
    """Insert placeholders into the text if features of an image or a sound replace them.

    Args:
        subject: The model.
        inputs: Its inputs, with plain text.
        provide: Makes examples of other inputs that the features need.
    """
    done = dict(inputs)
    if "input_ids" not in done or done["input_ids"].ndim != 2:
        return done
    words = done["input_ids"].clone()
    for kind in _TYPES:
        token = _token(subject.config, kind)
        words[words == (-1 if token is None else token)] = _WORD
    done["input_ids"] = words
    ids, types = [done["input_ids"][:, :_AROUND]], [torch.zeros(1, _AROUND, dtype=torch.long)]
    for kind, number in _TYPES.items():
        token = _token(subject.config, kind)
        count = _features(subject, kind, done, provide) if token is not None else 0
        if token is not None and count:
            ids.append(torch.full((1, count), token))
            types.append(torch.full((1, count), number))
    if len(ids) == 1:
        return done
    ids.append(done["input_ids"][:, _AROUND:])
    types.append(torch.zeros_like(ids[-1]))
    done["input_ids"] = torch.cat(ids, 1)
    if "attention_mask" in done:
        done["attention_mask"] = torch.ones_like(done["input_ids"])
    if "mm_token_type_ids" in subject.names:
        done["mm_token_type_ids"] = torch.cat(types, 1)
    return done


def _token(config: Any, kind: str) -> int | None:
    """Return the placeholder of a kind; one outside the default vocabulary is moved to its end."""
    text = config.get_text_config(decoder=True) if hasattr(config, "get_text_config") else config
    vocabulary = getattr(text, "vocab_size", None)
    for _, part in parts(config):
        for name in (f"{kind}_token_id", f"{kind}_token_index"):
            token = getattr(part, name, None) if name in {*vars(part), *part.attribute_map} else None
            if not isinstance(token, int):
                continue
            if isinstance(vocabulary, int) and token >= vocabulary:
                token = vocabulary - _TYPES[kind]
                setattr(part, name, token)
            return token
    return None


def _features(subject: Subject, kind: str, inputs: dict[str, Tensor], provide: Provide) -> int:
    """Return the number of features (one per token) that the model computes from an input.

    Return 0 if it computes none.
    """
    function, named = _function(subject.module, f"get_{kind}_features", inputs)
    if function is None:
        return 0
    for parameter, value in named.items():
        example = provide(parameter) if value.default is value.empty and parameter in subject.names else None
        if parameter not in inputs and example is not None:
            inputs[parameter] = example
    given = {parameter: inputs[parameter] for parameter in named if parameter in inputs}
    width = int(subject.module.get_input_embeddings().weight.shape[-1])
    with torch.no_grad(), _ShapesOnly():  # type: ignore[no-untyped-call]
        result = function(**given, return_dict=True)
    found = getattr(result, "pooler_output", None)
    return sum(tensor.numel() for tensor in _tensors(result if found is None else found)) // width


def _function(module: Any, name: str, inputs: Mapping[str, Tensor]) -> tuple[Any, Mapping[str, inspect.Parameter]]:
    """Return the outermost module's method that computes features of an input, and its inputs."""
    for owner in module.modules():
        function = getattr(owner, name, None)
        named = inspect.signature(function).parameters if callable(function) else {}
        if any(parameter in inputs for parameter in named):
            return function, named
    return None, {}


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


class _ShapesOnly(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Products, convolutions and softmax return zeros of the right shape, at no cost."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, on shapes alone if it is costly."""
        kwargs = kwargs or {}
        if func.overloadpacket.__name__ in _COSTLY and all(
            a.is_floating_point() for a in args[:2] if isinstance(a, Tensor)
        ):
            shaped = func(*(a.to("meta") if isinstance(a, Tensor) else a for a in args), **kwargs)
            if func.overloadpacket.__name__ in _LARGE:
                return torch.zeros(1, dtype=shaped.dtype).expand(shaped.shape)
            return torch.zeros(shaped.shape, dtype=shaped.dtype)
        return func(*args, **kwargs)


_LARGE = frozenset({"bmm", "baddbmm", "_softmax"})
"""Operators of attention: results grow quadratically with the sequence and are not written to."""
_COSTLY = _LARGE | {"mm", "addmm", "convolution", "_convolution", "gelu"}
