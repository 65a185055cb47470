"""The few kilobytes of a repo that define how its model is built: `config.json` and the like.

Weights are never read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from younger_hf.errors import SourceError
from younger_hf.sources.hubs.http_client import Client

MAX_FILE = 4 << 20
"""Largest file in bytes; the labels of 21,000 classes take two megabytes."""
MAX_CODE_FILES = 32
"""Most files of a repo's own code, where it is wanted."""

_KIN = ("preprocessor_config.json", "processor_config.json", "generation_config.json")
_SENTENCE = ("config.json", "sentence_bert_config.json", "config_sentence_transformers.json", *_KIN)
_MODULE = re.compile(r"\d+_\w+/config\.json", re.ASCII)
_PART = re.compile(r"(\w+)/config\.json", re.ASCII)
_CODE = re.compile(r"\w+\.py", re.ASCII)
_HEAD = re.compile(r"For([A-Z]\w{1,40})$", re.ASCII)
_TIMM_NAME = re.compile(r"\w+(\.\w+)?", re.ASCII)
_NOT_ARCHITECTURE = frozenset(
    {
        *("checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "pretrained_model_args"),
        *("cache_dir", "device", "dtype", "scriptable", "exportable", "no_jit"),
    }
)
"""Arguments of `timm.create_model` that load files or set how a model runs, not its design."""


def config_files(library: str, files: Sequence[str], *, remote_code: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield the models that a repo configures.

    Args:
        library: The library that loads the repo.
        files: Names of the files in the repo.
        remote_code: Whether the repo's own code is wanted too.

    Yields:
        For each model its part of the repo, `""` for all of it, and the files to fetch, the
        configuration first.
    """
    there = set(files)
    if library == "diffusers" and "model_index.json" in there:
        for file in files:
            if part := _PART.fullmatch(file):
                yield part[1], [file, "model_index.json"]
    elif library == "sentence-transformers" and "modules.json" in there:
        kin = [name for name in _SENTENCE if name in there]
        yield "", ["modules.json", *kin, *(name for name in files if _MODULE.fullmatch(name))]
    elif "config.json" in there:
        kin = [name for name in _KIN if name in there] if library == "transformers" else []
        code = [name for name in files if _CODE.fullmatch(name)][:MAX_CODE_FILES] if remote_code else []
        yield "", ["config.json", *kin, *code]


def fetch_config(client: Client, address: str, recipe: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Fetch the files of a recipe, and return the recipe for the library's own source.

    Args:
        client: Client of the Hub.
        address: Address of the repo's files.
        recipe: A recipe of `candidates_of`.
        folder: Folder for the files, which keep their names in the repo.

    Returns:
        The recipe: `kind`, `config` (path of the configuration), `bytes_read` in its notes; for
        timm also `name` and `arguments`, for transformers `auto_class`. A part of a diffusers repo
        that is a model of transformers has that kind.

    Raises:
        SourceError: If a file cannot be fetched, is too long, or is not a JSON object or list.
    """
    before = client.bytes_read
    values: dict[str, Any] = {}
    for name in recipe["files"]:
        content = _fetch(client, f"{address}/{name}", is_json=name.endswith(".json"))
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        values[name] = json.loads(content) if name.endswith(".json") else None
    first = recipe["files"][0]
    shape = list if first == "modules.json" else dict
    if not isinstance(values[first], shape):
        raise SourceError(f"{address}/{first}: expected {_SHAPES[first == 'modules.json']}.")
    config = values[first]
    found = {**recipe, "config": str(folder / first), "notes": {"bytes_read": client.bytes_read - before}}
    if recipe["kind"] == "timm":
        found |= _timm(config, f"{address}/{first}")
    elif recipe["kind"] == "diffusers" and "_class_name" not in config and isinstance(config.get("model_type"), str):
        found["kind"] = "transformers"
    if found["kind"] == "transformers":
        found.setdefault("auto_class", auto_class(config))
    return found


def auto_class(config: Mapping[str, Any]) -> str:
    """Return the auto class of transformers that builds the architecture of a configuration.

    Example:
        >>> names = ("BertForMaskedLM", "GPT2LMHeadModel", "ViTModel")
        >>> [auto_class({"architectures": [name]}) for name in names]
        ['AutoModelForMaskedLM', 'AutoModelForCausalLM', 'AutoModel']
    """
    named = config.get("architectures")
    name = named[0] if isinstance(named, list) and named and isinstance(named[0], str) else ""
    head = _HEAD.search(name)
    if name.endswith("LMHeadModel"):
        return "AutoModelForCausalLM"
    if head is None:
        return "AutoModel"
    if head[1] != "ConditionalGeneration":
        return f"AutoModelFor{head[1]}"
    if "vision_config" in config:
        return "AutoModelForImageTextToText"
    return "AutoModelForSpeechSeq2Seq" if "num_mel_bins" in config else "AutoModelForSeq2SeqLM"


_SHAPES = ("a JSON object", "a JSON list")


def _fetch(client: Client, url: str, *, is_json: bool) -> bytes:
    data = client.get(url, lambda _, content: content, limit=MAX_FILE)
    if is_json:
        try:
            json.loads(data)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
            raise SourceError(f"{url}: expected JSON ({error}).") from error
    return data


def _timm(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the arguments of `timm.create_model` for a configuration of the Hub."""
    architecture = config.get("architecture")
    if not isinstance(architecture, str) or not _TIMM_NAME.fullmatch(architecture):
        raise SourceError(
            f"{name}: expected the name of a timm model as `architecture`, got {str(architecture)[:80]!r}."
        )
    settings = config.get("model_args")
    settings = settings if isinstance(settings, dict) else {}
    arguments = {key: value for key, value in settings.items() if key not in _NOT_ARCHITECTURE}
    pretrained = config.get("pretrained_cfg")
    settings = pretrained if isinstance(pretrained, dict) else config  # up to timm 0.8 they stood at the top level
    classes = config.get("num_classes", settings.get("num_classes"))
    if isinstance(classes, int) and not isinstance(classes, bool) and 0 <= classes <= 1_000_000:
        arguments.setdefault("num_classes", classes)
    size = settings.get("input_size")
    if isinstance(size, list) and len(size) == 3 and all(isinstance(n, int) and 0 < n <= 8192 for n in size):
        size = [arguments.get("in_chans") or size[0], *size[1:]]
        arguments["pretrained_cfg_overlay"] = {"input_size": size}  # determines the example input
    return {"name": architecture, "arguments": arguments}
