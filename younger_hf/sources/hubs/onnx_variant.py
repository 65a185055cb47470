"""Changes made to a model after its export, derived from the name of its ONNX file."""

from __future__ import annotations

import re

_ANYWHERE: tuple[tuple[str, str], ...] = (
    # pattern of one word of a name -> variant
    (r"q?u?int8|q8|8bit|w8a8", "int8"),
    (r"q?u?int4|q4f?\d*|bnb4|4bit|nf4|w4a\d+", "int4"),
    (r"q?u?int2|q[12]f?\d*|2bit", "int2"),
    (r"fp8|float8|e4m3\w*|e5m2\w*", "fp8"),
    (r"awq|gptq|rtn|hqq|quantized|quantised|quant", "quantized"),
    (r"qdq", "qdq"),
    (r"fp16|float16|half|q\df16", "fp16"),
    (r"bf16|bfloat16", "bf16"),
)
_IN_FILES = (r"optimized|optimised|opt|o[1-4]|fused|ort", "ort-fused")
"""Patterns for file names only, since OPT and O1 are also names of models."""


def name_variant(file: str, repo: str = "") -> str:
    """Return whether names call a model quantised, of half precision or fused by onnxruntime.

    Args:
        file: Path of the file.
        repo: Name of its repo.

    Returns:
        The words of the variant joined by `-`, `""` for a plain export.

    Example:
        >>> name_variant("onnx/model.onnx")
        ''
        >>> names = ("onnx/model_q4f16.onnx", "model_O2.onnx", "resnet50-12-qdq.onnx")
        >>> [name_variant(name) for name in names]
        ['int4-fp16', 'ort-fused', 'qdq']
    """
    in_file = _words(file.removesuffix(".onnx"))
    found = [variant for pattern, variant in _ANYWHERE if any(re.fullmatch(pattern, w) for w in in_file | _words(repo))]
    if {"int8", "int4", "int2", "fp8"} & set(found) and "quantized" in found:
        found.remove("quantized")
    if any(re.fullmatch(_IN_FILES[0], word) for word in in_file):
        found.append(_IN_FILES[1])
    return "-".join(found)


def _words(name: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", name.lower()) if word}
