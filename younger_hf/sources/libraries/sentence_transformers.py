"""Sentence encoders as sentence-transformers builds them: text model, pooling, further modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.source import TorchModel

_ENCODERS = (
    # CamemBERT and XLM-RoBERTa are RoBERTa with another vocabulary
    *("albert", "bert", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "nomic_bert"),
    *("roberta", "xlm-roberta-xl", "eurobert"),
)
_DECODERS = ("gemma2", "gemma3_text", "gpt2", "gpt_neo", "llama", "mistral", "qwen2", "qwen3")

_HEADS = {
    # the heads of the library's own models and of the best-known families on hubs
    **dict.fromkeys(_ENCODERS, (("mean",), ("cls",), ("mean", "normalize"), ("cls", "normalize"), ("mean", "dense"))),
    **dict.fromkeys(_DECODERS, (("lasttoken", "normalize"), ("weightedmean",))),
    "t5": (("mean", "dense", "normalize"),),
}
"""Family -> heads: the pooling of the tokens, then the modules that follow."""


def _models() -> Iterator[Candidate]:
    from importlib.metadata import version

    for family, heads in _HEADS.items():
        for head in heads:
            yield library_model(
                "sentence_transformers",
                "--".join((family, *head)),
                {"model_type": family, "head": list(head)},
                task="sentence-similarity",
                family=family,
                licence="Apache-2.0",
                version=version("sentence-transformers"),
            )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    declare_torchvision_operators()
    import torch
    from sentence_transformers import models

    from younger_hf.sources.libraries.transformers import build

    family, (pooling, *following) = recipe["model_type"], recipe["head"]
    auto_class = "AutoModelForTextEncoding" if family == "t5" else "AutoModel"
    text = build({"kind": "transformers", "model_type": family, "auto_class": auto_class, "overrides": {}})
    width = text.module.config.hidden_size
    modules = {"dense": lambda: models.Dense(width, width), "normalize": models.Normalize}

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.text = text.module
            self.head = torch.nn.Sequential(models.Pooling(width, pooling), *(modules[name]() for name in following))

        def forward(self, **inputs: Any) -> Any:
            tokens = self.text(**inputs).last_hidden_state
            features = {"token_embeddings": tokens, "attention_mask": inputs["attention_mask"]}
            return self.head(features)["sentence_embedding"]

    return TorchModel(Sentence().eval(), text.inputs, text.extra, notes=text.notes)


SOURCE = library_source(
    "sentence_transformers",
    "sentence-transformers: text models of transformers with pooling and further modules.",
    _models,
    _build,
    packages=("sentence-transformers", "transformers", "torch"),
    preload=("torch", "transformers", "sentence_transformers"),
)
