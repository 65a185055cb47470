"""Named sets of models that can be built without a network."""

from __future__ import annotations

from collections.abc import Callable

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.files.onnx_package import light_models

_TEXT_ENCODERS = (
    *("albert", "bert", "canine", "convbert", "deberta-v2", "distilbert", "electra", "ibert", "mpnet", "nystromformer"),
    *("roberta", "roformer", "squeezebert", "xlm", "yoso"),
)
_TEXT_DECODERS = ("bloom", "gpt2", "gpt_neo", "llama", "mpt", "opt", "phi", "qwen2")
_IMAGE_CLASSIFIERS = (
    *("beit", "bit", "convnext", "convnextv2", "cvt", "dinov2", "focalnet", "hgnet_v2", "hiera", "levit"),
    *("mobilenet_v1", "mobilenet_v2", "mobilevit", "poolformer", "pvt_v2", "regnet", "resnet", "segformer"),
    *("swiftformer", "swin", "textnet", "vit"),
)

_TRANSFORMERS: tuple[tuple[str, str, str], ...] = (
    # model_type, class, task
    *((name, "AutoModel", "feature-extraction") for name in _TEXT_ENCODERS),
    ("bert", "AutoModelForQuestionAnswering", "question-answering"),
    ("distilbert", "AutoModelForSequenceClassification", "text-classification"),
    *((name, "AutoModelForCausalLM", "text-generation") for name in _TEXT_DECODERS),
    *((name, "AutoModelForSeq2SeqLM", "text2text-generation") for name in ("bart", "t5")),
    *((name, "AutoModelForImageClassification", "image-classification") for name in _IMAGE_CLASSIFIERS),
    ("dpt", "AutoModelForDepthEstimation", "depth-estimation"),
    ("glpn", "AutoModelForDepthEstimation", "depth-estimation"),
    ("wav2vec2", "AutoModel", "feature-extraction"),
    ("whisper", "AutoModelForSpeechSeq2Seq", "automatic-speech-recognition"),
    ("clip", "AutoModel", "zero-shot-image-classification"),
    ("siglip", "AutoModel", "zero-shot-image-classification"),
)


def preset(name: str) -> tuple[Candidate, ...]:
    """Return the candidates of a preset, ordered by id.

    `mini` holds the `light_*` models of the onnx package and well-known families of `transformers`
    in their default configurations.

    Raises:
        SourceError: If the preset does not exist.
    """
    if name not in _PRESETS:
        raise SourceError(f"Unknown preset {name!r}; expected one of: {', '.join(_PRESETS)}.")
    return tuple(sorted(_PRESETS[name](), key=lambda candidate: candidate.id))


def _mini() -> list[Candidate]:
    return [*light_models(), *(_transformers(*row) for row in _TRANSFORMERS)]


def _transformers(model_type: str, auto_class: str, task: str) -> Candidate:
    recipe = {"kind": "transformers", "model_type": model_type, "auto_class": auto_class, "overrides": {}}
    name = f"{model_type}--{auto_class}"
    return Candidate(f"transformers--{name}", "transformers", name, task, model_type, "Apache-2.0", recipe)


_PRESETS: dict[str, Callable[[], list[Candidate]]] = {"mini": _mini}
