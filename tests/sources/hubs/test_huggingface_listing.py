"""Listing the Hugging Face Hub: metadata of repos, filters, cursors, and malformed entries."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download

from tests.sources.faulty_server import in_json
from tests.sources.hub_queries import BERT, LIGHT, Serve, listed, onnx_repos
from tests.sources.hub_server import Repo
from younger_hf import from_onnx
from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs.huggingface import SOURCE
from younger_hf.sources.source import Page, Query


def test_the_hubs_own_client_lists_reads_and_downloads_from_the_server(
    serve: Serve, large: Path, tmp_path: Path
) -> None:
    files: dict[str, bytes | Path] = {"onnx/model.onnx": large, "config.json": json.dumps(BERT).encode()}
    server = serve([Repo("org/large", files), *onnx_repos(5)])
    api = HfApi(server.address, token=False)
    assert 6 == len(list(api.list_models(filter="onnx", sort="likes")))
    assert ["org/large"] == [model.id for model in api.list_models(search="large")]
    assert server.repos["org/large"].sha == api.model_info("org/large").sha
    assert ["config.json", "onnx/model.onnx"] == api.list_repo_files("org/large")
    assert 120 << 20 < api.get_paths_info("org/large", "onnx/model.onnx")[0].size
    kept = hf_hub_download("org/large", "config.json", endpoint=server.address, cache_dir=tmp_path, token=False)
    assert BERT == json.loads(Path(kept).read_text())
    with HfFileSystem(endpoint=server.address, token=False, skip_instance_cache=True).open(
        "org/large/onnx/model.onnx"
    ) as f:
        assert from_onnx(large) == from_onnx(f)
    assert server.sent < 0.02 * large.stat().st_size


def test_a_listing_is_what_the_hubs_own_client_lists(serve: Serve) -> None:
    server = serve(onnx_repos(23))
    theirs = [model.id for model in HfApi(server.address, token=False).list_models(filter="onnx", sort="likes")]
    assert theirs == [found.model for found in listed(libraries=("onnx",), options={"page_size": 5})]


def test_a_candidate_has_the_metadata_of_its_repo(serve: Serve) -> None:
    card = {
        "license": "apache-2.0",
        "model-index": [
            {
                "name": "m",
                "results": [
                    {
                        "task": {"type": "image-classification"},
                        "dataset": {"type": "imagenet-1k", "name": "ImageNet"},
                        "metrics": [{"type": "accuracy", "value": 0.76}, {"type": "broken", "value": ["no", "number"]}],
                    },
                    "malformed",
                ],
            }
        ],
    }
    repo = Repo(
        "org/net", {"onnx/model.onnx": LIGHT}, likes=7, downloads=99, card=card, config={"model_type": "resnet"}
    )
    serve([repo])
    assert [
        Candidate(
            id="huggingface--org--net--onnx--model.onnx",
            hub="huggingface",
            model="org/net",
            task="image-classification",
            family="resnet",
            licence="Apache-2.0",
            recipe={"kind": "onnx", "repo": "org/net", "revision": repo.sha, "file": "onnx/model.onnx"},
            downloads=99,
            likes=7,
            revision=repo.sha,
            modified="2024-05-01T00:00:00.000Z",
            results=({"task": "image-classification", "dataset": "ImageNet", "metric": "accuracy", "value": 0.76},),
        )
    ] == listed(libraries=("onnx",))
    assert listed() == [Candidate.from_record(json.loads(json.dumps(c.to_record()))) for c in listed()]


def test_each_onnx_file_of_a_repo_is_a_candidate_with_its_variant(serve: Serve) -> None:
    names = (
        "model",
        "model_quantized",
        "model_q4f16",
        "model_fp16",
        "model_O3",
        "decoder_model_merged",
        "model_qint8_avx512",
    )
    serve(
        [Repo("org/net", {**{f"onnx/{name}.onnx": LIGHT for name in names}, "onnx/model.onnx_data": b"", "a.bin": b""})]
    )
    found = {Path(c.recipe["file"]).stem: c.variant for c in listed()}
    expected = {
        **{"model": "", "decoder_model_merged": "", "model_quantized": "quantized", "model_fp16": "fp16"},
        **{"model_q4f16": "int4-fp16", "model_O3": "ort-fused", "model_qint8_avx512": "int8"},
    }
    assert expected == found
    assert 7 == len({c.id for c in listed()})


def test_a_query_filters_by_task_library_search_date_and_likes(serve: Serve) -> None:
    config = {"config.json": json.dumps(BERT).encode()}
    repos = [
        Repo("org/old", config, "transformers", "fill-mask", likes=90, modified="2021-01-01T00:00:00.000Z"),
        Repo("org/new", config, "transformers", "fill-mask", likes=5, modified="2025-01-01T00:00:00.000Z"),
        Repo("org/view", config, "transformers", "image-classification", likes=50, modified="2024-01-01T00:00:00.000Z"),
        Repo("org/net", {"model.onnx": LIGHT}, likes=3, modified="2024-06-01T00:00:00.000Z"),
    ]
    server = serve(repos)

    def names(**query: Any) -> list[str]:
        return [candidate.model for candidate in listed(**query)]

    assert ["org/net", "org/old", "org/view", "org/new"] == names()
    assert ["org/old", "org/new"] == names(tasks=("fill-mask",))
    assert ["org/view", "org/old", "org/new"] == names(
        tasks=("image-classification", "fill-mask"), libraries=("transformers",)
    )
    assert ["org/net"] == names(libraries=("onnx",))
    assert ["org/view"] == names(search="vie")
    assert ["org/net", "org/new", "org/view"] == names(since="2023")
    assert ["org/old", "org/view"] == names(min_likes=50)
    assert ["org/new"] == names(only=("*/new",))
    assert ["org/net", "org/old"] == names(limit=2)
    before = len(server.log)
    assert ["org/view"] == names(only=("org/view",))
    assert ["/api/models/org/view"] == [request.path for request in server.log[before:]]
    with pytest.raises(SourceError, match="keras: models of this library are not supported"):
        names(libraries=("keras",))


def test_few_likes_end_a_listing_that_is_sorted_by_them(serve: Serve) -> None:
    server = serve([Repo(f"org/model{n:03}", {"model.onnx": LIGHT}, likes=n) for n in range(100)])
    assert 10 == len(listed(libraries=("onnx",), min_likes=90, options={"page_size": 8}))
    assert 2 == len(server.requests_to("^/api/models$"))


@pytest.mark.heavy
@pytest.mark.parametrize("broken_after", [1, 3, 7])
def test_a_listing_goes_on_from_a_stored_cursor_after_it_was_interrupted(
    serve: Serve, tmp_path: Path, broken_after: int
) -> None:
    repos = [*onnx_repos(23), *(Repo(f"org/t{n}", {"config.json": b"{}"}, "transformers", likes=n) for n in range(9))]
    server = serve(repos)
    query = Query(libraries=("onnx", "transformers"), options={"page_size": 4})
    undisturbed = [candidate.id for candidate in SOURCE.candidates(query)]
    server.log.clear()
    server.fail("^/api/models$", "reset", times=-1, after=broken_after)
    stored: Path = tmp_path / "cursor"
    pages: list[Page] = []

    def list_on(cursor: str) -> None:
        assert SOURCE.pages is not None
        for page in SOURCE.pages(query, cursor):
            pages.append(page)
            stored.write_text(page.cursor)

    with pytest.raises(SourceError, match="no answer in 4 tries"):
        list_on("")
    assert broken_after == len(pages)
    server.faults.clear()
    server.repos["org/newest"] = Repo("org/newest", {"model.onnx": LIGHT}, likes=1000)  # meanwhile on the first page
    list_on(stored.read_text())
    assert undisturbed == [candidate.id for page in pages for candidate in page.candidates]
    assert "" == pages[-1].cursor
    assert (
        len(pages)
        == 6 + 3
        == len([request for request in server.requests_to("^/api/models$") if request.status == 200])
    )


@pytest.mark.parametrize("cursor", ["x:", "99:abc", "-1:"])
def test_a_cursor_of_something_else_is_named(serve: Serve, cursor: str) -> None:
    serve(onnx_repos(1))
    assert SOURCE.pages is not None
    with pytest.raises(SourceError, match="expected the cursor of a page of the same query"):
        list(SOURCE.pages(Query(), cursor))


def test_malformed_entries_of_a_listing_cost_only_themselves(serve: Serve) -> None:
    server = serve(onnx_repos(3))
    entry = Repo("org/fine", {"model.onnx": LIGHT}).entry()
    server.extra = [
        *(None, 7, [], "text", {}, {"id": 5}, {"id": "../../etc/passwd"}, {"id": "org/../x", "siblings": 3}),
        {
            **entry,
            "siblings": [{"rfilename": 5}, None, {"rfilename": "a/../../b.onnx"}],
            "likes": "many",
            "cardData": 7,
        },
        {
            **entry,
            "id": "org/odd",
            "tags": 9,
            "config": [],
            "model-index": {"results": [{"metrics": 3}]},
            "lastModified": 4,
        },
    ]
    found = listed(libraries=("onnx",))
    assert ["org/fine", "org/odd", "org/model02", "org/model01", "org/model00"] == [c.model for c in found]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", candidate.id) for candidate in found)


def test_an_invalid_listing_is_reported(serve: Serve) -> None:
    server = serve([])
    server.routes.insert(0, lambda request: in_json({"error": "x"}))
    with pytest.raises(SourceError, match="expected a list of models, got dict"):
        listed()
