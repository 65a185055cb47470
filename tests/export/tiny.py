"""Small architectures with weights big enough to be lazy, and child processes for measuring."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import onnx
import torch
import transformers
from google.protobuf.message import Message

from younger_hf.export.lazy_weights import LazyWeights
from younger_hf.export.torchscript import OPSET, export_module
from younger_hf.sources.libraries.transformers import build
from younger_hf.sources.libraries.transformers_models.inputs import make_inputs

Recipe = Mapping[str, Any]


def recipe(model_type: str, auto_class: str, **overrides: Any) -> Recipe:
    """A recipe in the form that presets use."""
    return {
        "kind": "transformers",
        "model_type": model_type,
        "auto_class": auto_class,
        "overrides": overrides,
    }


_SIZES = {
    "vocab_size": 1000,
    "hidden_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 256,
}
_T5 = {"vocab_size": 1000, "d_model": 192, "d_kv": 48, "d_ff": 256, "num_layers": 2, "num_decoder_layers": 2}
_SWIN = {"image_size": 32, "patch_size": 2, "embed_dim": 96, "depths": [2, 2], "num_heads": [3, 6], "window_size": 4}
_RESNET = {"embedding_size": 32, "hidden_sizes": [64, 128], "depths": [2, 2], "layer_type": "basic", "image_size": 64}

TINY: Mapping[str, Recipe] = {
    "bert": recipe("bert", "AutoModel", **_SIZES),
    "albert": recipe("albert", "AutoModel", embedding_size=128, **_SIZES),
    "gpt2": recipe("gpt2", "AutoModelForCausalLM", vocab_size=1000, n_embd=192, n_layer=2, n_head=4),
    "llama": recipe("llama", "AutoModelForCausalLM", num_key_value_heads=2, max_position_embeddings=64, **_SIZES),
    "t5": recipe("t5", "AutoModelForSeq2SeqLM", num_heads=4, **_T5),
    "resnet": recipe("resnet", "AutoModelForImageClassification", **_RESNET),
    "mobilenet_v2": recipe("mobilenet_v2", "AutoModelForImageClassification", depth_multiplier=0.35, image_size=64),
    "swin": recipe("swin", "AutoModelForImageClassification", **_SWIN),
}


def export_transformers(model_recipe: Recipe) -> onnx.ModelProto:
    """The model that the TorchScript exporter writes for a recipe of the source `transformers`."""
    with LazyWeights():
        model = build(model_recipe)
    return export_module(model.module, model.inputs, model.extra, model.positional)


@cache
def exported(name: str) -> onnx.ModelProto:
    """The export of a tiny architecture, computed once; do not change it."""
    return export_transformers(TINY[name])


@cache
def real_module(name: str) -> torch.nn.Module:
    """The same architecture with real weights, initialised by the library."""
    model_recipe = TINY[name]
    config = transformers.CONFIG_MAPPING[model_recipe["model_type"]](**model_recipe["overrides"])
    torch.manual_seed(0)
    module: torch.nn.Module = getattr(transformers, model_recipe["auto_class"]).from_config(
        config, attn_implementation="eager"
    )
    return module.eval()


class ByPosition(torch.nn.Module):
    """A model of transformers in the form that the exporter needs: tensors in, tensors out."""

    def __init__(self, model: torch.nn.Module, names: list[str], options: Mapping[str, Any]) -> None:
        super().__init__()
        self.model, self.names, self.options = model, names, options

    def forward(self, *values: torch.Tensor) -> tuple[Any, ...]:
        return self.model(**dict(zip(self.names, values, strict=True)), **self.options, return_dict=False)


@cache
def plain_export(name: str) -> bytes:
    """The result of `torch.onnx.export` for real weights, with its own passes, inside the file."""
    module = real_module(name)
    inputs, options = make_inputs(module, module.config)
    wrapper, file = ByPosition(module, list(inputs), options).eval(), io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            wrapper,
            tuple(inputs.values()),
            file,
            dynamo=False,
            export_params=True,
            opset_version=OPSET,
            input_names=list(inputs),
        )
    return file.getvalue()


def messages(message: Message) -> Iterator[Message]:
    """A protobuf message and every message inside it."""
    yield message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from messages(inner)


def run_child(code: str, *arguments: str) -> str:
    """The output of a fresh Python process, which must succeed."""
    child = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    return child.stdout


PEAK = """
import os, resource
def peak():
    "Most memory this process has had at once, in MB."
    if not os.path.exists("/proc/self/status"):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
"""
"""Code for a child that defines `peak()`; on Linux, `ru_maxrss` is inherited from the test."""
