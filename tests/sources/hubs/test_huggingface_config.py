"""Configurations on the Hugging Face Hub: kilobytes, no weight files, and code only on request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.hub_queries import BERT, Serve, fetched, listed
from tests.sources.hub_server import Repo
from younger_hf.errors import SourceError
from younger_hf.sources.source import TorchModel

WEIGHTS = b"\0" * (1 << 20)


def config_repos() -> list[Repo]:
    def files(**contents: Any) -> dict[str, bytes | Path]:
        named = {name.replace("__", "/").replace("_json", ".json"): value for name, value in contents.items()}
        texts = {
            name: value if isinstance(value, bytes) else json.dumps(value).encode() for name, value in named.items()
        }
        weights = {"model.safetensors": WEIGHTS, "pytorch_model.bin": WEIGHTS, "unet/model.safetensors": WEIGHTS}
        return {**texts, **weights, "README.md": b"# A model"}

    timm = {
        "architecture": "vit_tiny_patch16_224",
        "num_classes": 7,
        "model_args": {"img_size": 384, "checkpoint_path": "/etc/x"},
    }
    timm["pretrained_cfg"] = {"input_size": [3, 384, 384]}
    code = {**BERT, "auto_map": {"AutoModel": "modeling.Net"}}
    return [
        Repo("org/bert", files(config_json=BERT, preprocessor_config_json={}), "transformers", auto_class="AutoModel"),
        Repo("org/vit", files(config_json=timm), "timm"),
        Repo("org/unnamed", files(config_json=BERT), "", tags=("transformers",)),
        Repo("org/script", files(config_json=BERT), "transformers.js", tags=("transformers",)),  # another library's
        Repo(
            "org/code",
            {**files(config_json=code), "modeling.py": b"raise SystemExit"},
            "transformers",
            tags=("custom_code",),
        ),
        Repo(
            "org/diffusion",
            files(
                model_index_json={}, unet__config_json={"_class_name": "UNet2DConditionModel"}, text__config_json=BERT
            ),
            "diffusers",
        ),
        Repo(
            "org/sentence",
            {**files(modules_json=[], config_json=BERT), "1_Pooling/config.json": b"{}"},
            "sentence-transformers",
            tags=("transformers",),
        ),
    ]


@pytest.mark.heavy
def test_configurations_are_kilobytes_and_no_weight_file_is_requested(serve: Serve, tmp_path: Path) -> None:
    server = serve(config_repos())
    found = {c.id.removeprefix("huggingface--org--"): fetched(c, tmp_path / c.id) for c in listed()}
    assert len(found) == len(listed())
    kinds = {name: recipe["kind"] for name, recipe in found.items()}
    assert {
        "bert--config": "transformers",
        "code--config": "transformers",
        "unnamed--config": "transformers",
        "vit--config": "timm",
        "diffusion--unet--config": "diffusers",
        "diffusion--text--config": "transformers",
        "sentence--config": "sentence_transformers",
    } == kinds
    for recipe in found.values():
        assert json.loads(Path(recipe["config"]).read_text()) is not None
        assert 0 < recipe["notes"]["bytes_read"] < 4096
    assert (Path(found["sentence--config"]["config"]).parent / "1_Pooling" / "config.json").is_file()
    assert "vit_tiny_patch16_224" == found["vit--config"]["name"]
    assert {
        "img_size": 384,
        "num_classes": 7,
        "pretrained_cfg_overlay": {"input_size": [3, 384, 384]},
    } == found["vit--config"]["arguments"]
    heads = {name: recipe["auto_class"] for name, recipe in found.items() if "auto_class" in recipe}
    expected = {"bert--config": "AutoModel", "code--config": "AutoModelForMaskedLM"}
    expected["unnamed--config"] = "AutoModelForMaskedLM"
    assert {**expected, "diffusion--text--config": "AutoModelForMaskedLM"} == heads
    paths = {entry.path for entry in server.log if not entry.path.startswith("/api/models")}
    assert paths
    assert all(path.endswith(".json") for path in paths)


@pytest.mark.models
def test_a_timm_model_of_the_hub_is_built_as_its_authors_configured_it(serve: Serve, tmp_path: Path) -> None:
    from younger_hf.sources.libraries.timm import SOURCE as TIMM

    serve(config_repos())
    (candidate,) = listed(libraries=("timm",))
    assert TIMM.build is not None
    model = TIMM.build(fetched(candidate, tmp_path))
    assert isinstance(model, TorchModel)
    assert [(1, 3, 384, 384)] == [tuple(value.shape) for value in model.inputs.values()]
    assert 7 == model.module.num_classes


def test_code_of_a_repo_is_fetched_only_on_request(serve: Serve, tmp_path: Path) -> None:
    server = serve(config_repos())
    (without,) = listed(only=("org/code",))
    fetched(without, tmp_path / "without")
    assert [] == server.requests_to(r"\.py$")
    (trusting,) = listed(only=("org/code",), options={"trust_remote_code": True})
    recipe = fetched(trusting, tmp_path / "with")
    assert recipe["trust_remote_code"]
    assert (tmp_path / "with" / "modeling.py").is_file()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1]", "expected a JSON object"),
        (b"{", "expected JSON"),
        (b"\xff\xfe{}", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b'{"architecture": "hf-hub:org/other"}', "expected the name of a timm model"),
        (b" " * (40 << 20), "expected at most 4,194,304"),
    ],
)
def test_an_invalid_configuration_is_reported(serve: Serve, tmp_path: Path, content: bytes, message: str) -> None:
    server = serve([Repo("org/odd", {"config.json": content}, "timm")])
    (candidate,) = listed()
    with pytest.raises(SourceError, match=message) as caught:
        fetched(candidate, tmp_path)
    assert f"org/odd/resolve/{candidate.revision}/config.json" in caught.value.message
    assert server.sent < 20 << 20  # what the system buffers, at most


def test_offline_mode_sends_no_request_to_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match="HF_HUB_OFFLINE is set"):
        listed()
