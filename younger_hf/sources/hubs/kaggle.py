"""Kaggle Models: ONNX files without weights, and descriptions of Keras models and SavedModels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from younger_hf.errors import MissingDependencyError, SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs.http_client import Client, RefusedError
from younger_hf.sources.hubs.kaggle_files import fetch_keras, fetch_onnx_file
from younger_hf.sources.hubs.onnx_variant import name_variant
from younger_hf.sources.identifier import identifier
from younger_hf.sources.licence import spdx
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Page, Query, Source

ENDPOINT = "KAGGLE_API_ENDPOINT"
"""Environment variable with the address of the API."""
FRAMEWORKS = {"onnx": "onnx", "keras": "keras", "tensorflow2": "tensorFlow2", "tensorflow1": "tensorFlow1"}
"""Supported framework -> its spelling in addresses."""
PAGE = 100
"""Models per page."""
MAX_FILE_PAGES = 20
"""Most pages of one model's list of files."""

_PREFIX = "modelframework"
"""Prefix of the frameworks in the newer API, without underscores."""


def kaggle_client() -> Client:
    """Return a client of Kaggle's public API, with the credentials that kagglehub finds.

    Raises:
        MissingDependencyError: If kagglehub is not installed.
    """
    try:
        from kagglehub.config import get_kaggle_credentials
    except ModuleNotFoundError as error:
        raise MissingDependencyError("kagglehub", "kaggle") from error
    found = get_kaggle_credentials()
    origin = os.environ.get(ENDPOINT, "").rstrip("/") or "https://www.kaggle.com"
    if found is not None and getattr(found, "api_key", None):
        return Client(origin, {"Authorization": f"Bearer {found.api_key}"})
    if found is not None and found.username and found.key:
        return Client(origin, auth=(found.username, found.key))
    return Client(origin)


def _candidates(query: Query) -> Iterator[Candidate]:
    return islice(chain.from_iterable(page.candidates for page in _pages(query, "")), query.limit)


def _pages(query: Query, cursor: str) -> Iterator[Page]:
    """Yield pages of candidates; a cursor is the API's page token.

    `options` may have `owner`, `sort` and `page_size`. `libraries` are frameworks: `onnx`, `keras`,
    `tensorflow1`, `tensorflow2`; all of them by default.
    """
    frameworks = _frameworks(query)
    options = query.options
    asked = {"sortBy": options.get("sort", "voteCount"), "pageSize": options.get("page_size", PAGE)}
    asked |= {"search": query.search, "owner": options.get("owner", "")}
    parameters = [(name, str(text)) for name, text in asked.items() if text]
    with kaggle_client() as client:
        url = f"{client.origin}/api/v1/models/list"
        while True:
            answer, _ = client.json(url, [*parameters, *([("pageToken", cursor)] if cursor else [])])
            models = answer.get("models") if isinstance(answer, Mapping) else None
            if not isinstance(models, list):
                raise SourceError(f"{url}: expected a page of models.")
            found = chain.from_iterable(_of_model(client, model, frameworks) for model in models)
            following = str(answer.get("nextPageToken") or "")
            if following and following == cursor:
                raise SourceError(f"{url}: the page after {cursor[:80]!r} is the same page again.")
            yield Page(tuple(select_candidates(found, replace(query, limit=None, search=""))), following)
            cursor = following
            if not cursor:
                return


def _frameworks(query: Query) -> tuple[str, ...]:
    unknown = set(query.libraries) - set(FRAMEWORKS)
    if unknown:
        raise SourceError(f"{', '.join(sorted(unknown))}: expected some of: {', '.join(FRAMEWORKS)}.")
    return query.libraries or tuple(FRAMEWORKS)


def _of_model(client: Client, model: Any, frameworks: tuple[str, ...]) -> Iterator[Candidate]:
    ref = model.get("ref") if isinstance(model, Mapping) else None
    if not isinstance(ref, str) or ref.count("/") != 1 or ".." in ref or model.get("isPrivate"):
        return
    instances = model.get("instances")
    if not instances:  # some listings lack them
        model = client.json(f"{client.origin}/api/v1/models/{quote(ref)}/get")[0]
        instances = model.get("instances") if isinstance(model, Mapping) else None
    for instance in instances if isinstance(instances, list) else []:
        framework, slug = _framework(instance), instance.get("slug") if isinstance(instance, Mapping) else None
        if framework not in frameworks or not isinstance(slug, str) or "/" in slug:
            continue
        place = f"{ref}/{FRAMEWORKS[framework]}/{slug}"
        number = instance.get("versionNumber")
        recipe = {"instance": place, "version": number if isinstance(number, int) else 1}
        names = (place, str(recipe["version"]))
        if framework != "onnx":
            yield _candidate(model, instance, ref, names, {"kind": "keras", **recipe}, "")
            continue
        try:
            files = [file for file in list_files(client, recipe) if file["name"].endswith(".onnx")]
        except RefusedError:  # one candidate, whose fetching then reports the reason
            files = [{"name": ""}]
        for file in files:
            one = {"kind": "onnx", **recipe, "file": file["name"], "bytes": file.get("size")}
            variant = name_variant(file["name"], slug)
            yield _candidate(model, instance, ref, (*names, file["name"] or "files"), one, variant)


def _framework(instance: Any) -> str:
    """Return the framework's name in lower case, whichever of the API's two spellings it has."""
    name = instance.get("framework") if isinstance(instance, Mapping) else None
    return str(name or "").lower().replace("_", "").removeprefix(_PREFIX)


def _candidate(
    model: Mapping[str, Any],
    instance: Mapping[str, Any],
    ref: str,
    names: tuple[str, ...],
    recipe: Mapping[str, Any],
    variant: str,
) -> Candidate:
    votes, modified = model.get("voteCount"), model.get("updateTime") or model.get("publishTime")
    return Candidate(
        id=identifier("kaggle", *names),
        hub="kaggle",
        model=f"{ref}/{names[0].split('/', 2)[2]}",
        task=_task(model),
        family=ref.split("/")[1],
        licence=spdx(instance.get("licenseName")),
        recipe=recipe,
        likes=votes if isinstance(votes, int) else None,
        revision=str(recipe["version"]),
        modified=modified if isinstance(modified, str) else "",
        variant=variant,
    )


def _task(model: Mapping[str, Any]) -> str:
    """Return the first of a model's tags that is a task, such as `image-classification`."""
    tags = model.get("tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, Mapping) and str(tag.get("fullPath", "")).startswith("task"):
            return str(tag.get("name", "")).lower().replace(" ", "-")
    return ""


def list_files(client: Client, recipe: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the `name` and `size` of each file of a version of a model instance."""
    url = f"{client.origin}/api/v1/models/{quote(recipe['instance'])}/{recipe['version']}/files"
    files: list[Mapping[str, Any]] = []
    token = ""
    for _ in range(MAX_FILE_PAGES):
        answer = client.json(url, [("pageToken", token)] if token else [])[0]
        listed = answer.get("files") if isinstance(answer, Mapping) else None
        listed = listed if isinstance(listed, list) else []
        files += [file for file in listed if isinstance(file, Mapping) and isinstance(file.get("name"), str)]
        token = str(answer.get("nextPageToken") or "") if isinstance(answer, Mapping) else ""
        if not token:
            break
    return files


def _fetch(candidate: Candidate, folder: Path) -> Mapping[str, Any]:
    recipe = candidate.recipe
    with kaggle_client() as client:
        base = f"{client.origin}/api/v1/models/{quote(recipe['instance'])}/{recipe['version']}/download"
        if recipe["kind"] == "onnx" and recipe["file"]:
            return {**recipe, **fetch_onnx_file(client, f"{base}/{quote(recipe['file'])}", folder)}
        names = [file["name"] for file in list_files(client, recipe)]
        if recipe["kind"] == "onnx":
            raise SourceError(f"{recipe['instance']}: its files could not be listed, but can be now.", "List again.")
        return {**recipe, **fetch_keras(client, base, names, folder)}


SOURCE = Source(
    name="kaggle",
    about="Kaggle Models: ONNX files, Keras models and SavedModels.",
    candidates=_candidates,
    pages=_pages,
    fetch=_fetch,
    packages=("kagglehub",),
    extra="kaggle",
)
