"""Models of the Hugging Face Hub: ONNX files without weights, and configurations for libraries."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs.http_client import Client, Parameters, RefusedError
from younger_hf.sources.hubs.huggingface_config import fetch_config
from younger_hf.sources.hubs.huggingface_repo import FIELDS, LIBRARIES, candidates_of
from younger_hf.sources.hubs.remote_file import fetch_onnx
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Page, Query, Source

PAGE = 100
"""Repos per page."""
SORTS = ("likes", "downloads", "lastModified", "createdAt", "trendingScore")


def hub_client() -> Client:
    """Return a client of the Hub at `HF_ENDPOINT`, with the token that huggingface_hub finds.

    Raises:
        SourceError: If the environment forbids the use of the network.
    """
    from huggingface_hub import constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise SourceError("The Hugging Face Hub cannot be used, since HF_HUB_OFFLINE is set.", "unset HF_HUB_OFFLINE")
    endpoint = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    token = get_token()
    return Client(endpoint, {"Authorization": f"Bearer {token}"} if token else None)


def _candidates(query: Query) -> Iterator[Candidate]:
    return islice(chain.from_iterable(page.candidates for page in _pages(query, "")), query.limit)


def _pages(query: Query, cursor: str) -> Iterator[Page]:
    """Yield pages of candidates, repos with the most likes first.

    `options` may have `sort`, `author`, `page_size` and `trust_remote_code`. Each pair of a library
    and a task in the query is a listing of its own: a cursor is the number of the listing and the
    Hub's own cursor in it. If all names in `only` are names of repos, only these are requested.
    """
    with hub_client() as client:
        named = [name for name in query.only if "/" in name and not set(name) & set("*?[")]
        if query.only and len(named) == len(query.only):
            yield Page(tuple(_chosen(_repos(client, named), query, _libraries(query))), "")
            return
        listings = [(library, task) for library in _libraries(query) for task in query.tasks or ("",)]
        number, at = _position(cursor, len(listings))
        while number < len(listings):
            library, task = listings[number]
            entries, at = _page(client, _parameters(query, library, task), at)
            wanted = [entry for entry in entries if not _past(entry, query)]
            if len(wanted) < len(entries) or not at:
                number, at = number + 1, ""
            following = f"{number}:{at}" if number < len(listings) else ""
            yield Page(tuple(_chosen(wanted, query, (library,))), following)


def _chosen(entries: Iterable[Any], query: Query, libraries: tuple[str, ...]) -> Iterator[Candidate]:
    code = bool(query.options.get("trust_remote_code", False))
    found = (candidate for entry in entries for candidate in candidates_of(entry, libraries, remote_code=code))
    return select_candidates(found, replace(query, limit=None))


def _libraries(query: Query) -> tuple[str, ...]:
    unknown = set(query.libraries) - set(LIBRARIES)
    if unknown:
        raise SourceError(
            f"{', '.join(sorted(unknown))}: models of this library are not supported, expected some of: {', '.join(LIBRARIES)}."
        )
    return query.libraries or LIBRARIES


def _position(cursor: str, listings: int) -> tuple[int, str]:
    number, _, at = cursor.partition(":")
    if not (number or "0").isdecimal() or int(number or 0) > listings:
        raise SourceError(
            f"{cursor[:80]!r}: expected the cursor of a page of the same query.", "List from the beginning."
        )
    return int(number or 0), at


def _sort(query: Query) -> str:
    sort = str(query.options.get("sort", "lastModified" if query.since else "likes"))
    if sort not in SORTS:
        raise SourceError(f"{sort}: models cannot be sorted by this, expected one of: {', '.join(SORTS)}.")
    return sort


def _parameters(query: Query, library: str, task: str) -> Parameters:
    parameters = [("filter", library), ("pipeline_tag", task), ("search", query.search), ("sort", _sort(query))]
    parameters += [
        ("author", str(query.options.get("author", ""))),
        ("limit", str(query.options.get("page_size", PAGE))),
    ]
    return [(name, text) for name, text in parameters if text] + [("expand", field) for field in FIELDS]


def _past(entry: Any, query: Query) -> bool:
    """Return whether a repo, and thus all later ones in the sorted listing, is out of range.

    It is if it has too few likes or is too old.
    """
    sort, value = _sort(query), entry.get(_sort(query)) if isinstance(entry, Mapping) else None
    if sort == "likes":
        return isinstance(value, int) and value < query.min_likes
    return sort == "lastModified" and isinstance(value, str) and value < query.since


def _page(client: Client, parameters: Parameters, at: str) -> tuple[list[Any], str]:
    """Return the repos of a page, and the cursor of the next page.

    Only the cursor is taken from the address of the next page, so that it cannot lead to another
    server.
    """
    url = f"{client.origin}/api/models"
    asked = [*parameters, ("cursor", at)] if at else parameters
    entries, headers = client.json(url, asked)
    if not isinstance(entries, list):
        raise SourceError(f"{url}: expected a list of models, got {type(entries).__name__}.")
    following = ""
    for link in headers.get("Link", "").split(","):
        address, _, relation = link.partition(">")
        if 'rel="next"' in relation:
            following = dict(parse_qsl(urlsplit(address.strip().lstrip("<")).query)).get("cursor", "")
    if following and following == at:
        raise SourceError(f"{url}: the page after {urlencode({'cursor': at})[:80]} is the same page again.")
    return entries, following


def _repos(client: Client, names: list[str]) -> Iterator[Any]:
    for name in names:
        yield client.json(f"{client.origin}/api/models/{quote(name)}", [("expand", field) for field in FIELDS])[0]


def _fetch(candidate: Candidate, folder: Path) -> Mapping[str, Any]:
    recipe = candidate.recipe
    with hub_client() as client:
        address = f"{client.origin}/{quote(recipe['repo'])}/resolve/{quote(recipe['revision'] or 'main', safe='')}"
        try:
            if recipe["kind"] == "onnx":
                return {**recipe, **fetch_onnx(client, f"{address}/{quote(recipe['file'])}", folder)}
            return fetch_config(client, address, recipe, folder)
        except RefusedError as error:
            if error.gone:
                message = f"{recipe['repo']}: it was listed, but is not there at {recipe['revision'][:12] or 'main'}."
                raise SourceError(f"{message} {error.message}", error.hint) from error
            raise


SOURCE = Source(
    name="huggingface",
    about="The Hugging Face Hub: ONNX files, and configurations of transformers, timm, diffusers and sentence-transformers.",
    candidates=_candidates,
    pages=_pages,
    fetch=_fetch,
    packages=("huggingface_hub",),
)
