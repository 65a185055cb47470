"""A local server for the part of the Hugging Face Hub's protocol that lists repos and reads files.

Facts are from huggingface_hub 2.4 and https://huggingface.co/docs/hub/api.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.serving import running
from tests.sources.faulty_server import FaultyServer, Reply, Request, in_json

LARGE = (".onnx", ".safetensors", ".bin", ".h5")
"""Suffixes of files in Git LFS; requests for them are redirected."""
_BRIEF = ("likes", "downloads", "tags", "pipeline_tag", "library_name", "private", "createdAt")


@dataclass
class Repo:
    """A model repo.

    Attributes:
        id: `owner/name`.
        files: Path -> content, or a file that has it.
        library: Library that loads it.
        task: Its pipeline tag.
        likes: Number of likes.
        downloads: Number of downloads.
        modified: When it was last changed.
        card: Its card's metadata.
        config: The Hub's summary of its configuration.
        tags: More tags.
        gated: Whether its files are for those who accepted its terms.
        vanished: Whether it is listed, but no longer there.
        auto_class: The class of transformers that loads it.
    """

    id: str
    files: dict[str, bytes | Path] = field(default_factory=dict)
    library: str = "onnx"
    task: str = "image-classification"
    likes: int = 0
    downloads: int = 0
    modified: str = "2024-05-01T00:00:00.000Z"
    card: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    gated: bool = False
    vanished: bool = False
    auto_class: str = ""

    @property
    def sha(self) -> str:
        """The newest commit."""
        return hashlib.sha1(self.id.encode()).hexdigest()

    def entry(self) -> dict[str, Any]:
        """The entry of the repo in the API."""
        return {
            "_id": self.sha[:24],
            "id": self.id,
            "modelId": self.id,
            "sha": self.sha,
            "likes": self.likes,
            "downloads": self.downloads,
            "lastModified": self.modified,
            "createdAt": "2023-01-01T00:00:00.000Z",
            "pipeline_tag": self.task,
            "library_name": self.library,
            "tags": [self.library, self.task, *self.tags],
            "cardData": self.card,
            "config": self.config,
            "model-index": self.card.get("model-index"),
            "transformersInfo": {"auto_model": self.auto_class} if self.auto_class else None,
            "gated": "manual" if self.gated else False,
            "private": False,
            "disabled": False,
            "siblings": [{"rfilename": name} for name in sorted(self.files)],
        }


class Hub(FaultyServer):
    """A Hub.

    Attributes:
        repos: By id.
        extra: Additional, possibly malformed entries on the first page of any listing.
    """

    def __init__(self, repos: list[Repo]) -> None:
        super().__init__()
        self.repos = {repo.id: repo for repo in repos}
        self.extra: list[Any] = []
        self.signature = 0
        self.expire = self._expire
        self.routes += [self._list, self._repo, self._resolve, self._cdn]

    def _expire(self) -> None:
        self.signature += 1

    def _list(self, request: Request) -> Reply | None:
        if request.path != "/api/models":
            return None
        query = request.query
        one = {name: values[0] for name, values in query.items()}
        found = [repo for repo in self.repos.values() if _matches(repo.entry(), query, one)]
        sort = one.get("sort", "trendingScore")
        found.sort(key=lambda repo: (repo.entry().get(sort, 0), repo.id), reverse=True)
        if "cursor" in one:
            value, name = json.loads(base64.b64decode(one["cursor"]))
            found = [repo for repo in found if (repo.entry().get(sort, 0), repo.id) < (value, name)]
        size = int(one.get("limit", 1000))
        fields = query.get("expand") or (*_BRIEF, *(("sha", "siblings", "lastModified") if "full" in one else ()))
        page = [
            {k: v for k, v in repo.entry().items() if k in ("_id", "id", "modelId", *fields)} for repo in found[:size]
        ]
        headers = {}
        if len(found) > size:
            last = found[size - 1]
            cursor = base64.b64encode(json.dumps([last.entry().get(sort, 0), last.id]).encode()).decode()
            following = urlencode({**query, "cursor": cursor}, doseq=True)
            headers["Link"] = f'<{self.address}/api/models?{following}>; rel="next"'
        extra = [] if "cursor" in one else self.extra
        return in_json([*extra, *page], **headers)

    def _repo(self, request: Request) -> Reply | None:
        found = re.fullmatch(
            r"/api/models/([^/]+/[^/]+)(?:/(revision|tree|paths-info)/([^/]+)(?:/(.+))?)?", request.path
        )
        if found is None:
            return None
        repo = self.repos.get(found[1])
        if repo is None or repo.vanished:
            return _nothing("RepoNotFound", 401)  # which the Hub says to those who are not logged in
        if found[3] not in (None, "main", repo.sha):
            return _nothing("RevisionNotFound")
        if found[2] == "tree":
            return in_json(list(_tree(repo, found[4] or "", recursive="true" in request.query.get("recursive", []))))
        if found[2] == "paths-info":
            return in_json([_file(repo, name) for name in request.form.get("paths", []) if name in repo.files])
        return in_json(repo.entry())

    def _resolve(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", request.path)
        if found is None:
            return None
        repo = self.repos.get(found[1])
        if repo is None or repo.vanished:
            return _nothing("RepoNotFound", 401)
        if repo.gated:
            return Reply(403, {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {repo.id} is restricted."})
        if found[2] not in ("main", repo.sha):
            return _nothing("RevisionNotFound")
        name = found[3]
        if name not in repo.files:
            return _nothing("EntryNotFound")
        headers = {"X-Repo-Commit": repo.sha, "ETag": f'"{_oid(name)}"'}
        if not name.endswith(LARGE):
            return Reply(200, headers, repo.files[name])
        headers |= {"X-Linked-Size": str(_file(repo, name)["size"]), "X-Linked-ETag": f'"{_oid(name)}"'}
        elsewhere = self.address.replace("127.0.0.1", "localhost")  # another host for whoever minds where tokens go
        headers["Location"] = f"{elsewhere}/cdn/{repo.id}/{quote(name)}?signature={self.signature}"
        return Reply(302, headers)

    def _cdn(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", request.path)
        if found is None:
            return None
        if request.query["signature"] != [str(self.signature)]:
            return Reply(403)
        return Reply(200, {"ETag": f'"{_oid(found[2])}"'}, self.repos[found[1]].files[found[2]])


@contextmanager
def hub(repos: list[Repo]) -> Iterator[Hub]:
    """A running Hub."""
    server = Hub(repos)
    with running(server):
        yield server


def _matches(entry: dict[str, Any], query: dict[str, list[str]], one: dict[str, str]) -> bool:
    return (
        all(tag in entry["tags"] for tag in query.get("filter", []))
        and one.get("pipeline_tag", entry["pipeline_tag"]) == entry["pipeline_tag"]
        and one.get("search", "").lower() in entry["id"].lower()
        and one.get("author", entry["id"].split("/")[0]) == entry["id"].split("/")[0]
    )


def _nothing(code: str, status: int = 404) -> Reply:
    return Reply(status, {"X-Error-Code": code, "X-Error-Message": "Not found"}, b'{"error": "Not found"}')


def _oid(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _file(repo: Repo, name: str) -> dict[str, Any]:
    content = repo.files[name]
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    large = {"lfs": {"oid": _oid(name), "size": size, "pointerSize": 130}} if name.endswith(LARGE) else {}
    return {"type": "file", "path": name, "size": size, "oid": _oid(name)[:40], **large}


def _tree(repo: Repo, under: str, *, recursive: bool) -> Iterator[dict[str, Any]]:
    prefix = f"{under}/" if under else ""
    folders = set()
    for name in sorted(repo.files):
        rest = name.removeprefix(prefix)
        if not name.startswith(prefix):
            continue
        if "/" in rest and not recursive:
            folders.add(prefix + rest.split("/")[0])
        else:
            yield _file(repo, name)
    yield from ({"type": "directory", "path": name, "oid": "0" * 40} for name in sorted(folders))
