"""The parts of the Hugging Face Hub's protocol that uploading and loading need, on 127.0.0.1.

Facts are from huggingface_hub 2.4 and https://huggingface.co/docs/hub/api. Large files use Git
LFS (HF_HUB_DISABLE_XET=1); Xet, which the real Hub prefers, is the client library's business.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from benchmarks.serving import running
from tests.sources.faulty_server import FaultyServer, Reply, Request, in_json

LARGE = (".parquet", ".sealed", ".png")
"""Files that are uploaded to a place of their own (Git LFS), and found there again."""


@dataclass
class Repo:
    """A dataset repo.

    Attributes:
        id: `owner/name`.
        private: Whether it is.
        commits: Commit -> path -> content, the newest last.
        tags: Tag -> commit.
    """

    id: str
    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"0" * 40: {}})
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """Its newest commit."""
        return list(self.commits)[-1]

    @property
    def files(self) -> dict[str, bytes]:
        """What the newest commit has."""
        return self.commits[self.head]

    def commit_of(self, revision: str) -> str | None:
        """The commit that a branch, tag or commit means."""
        commit = self.head if revision == "main" else self.tags.get(revision, revision)
        return commit if commit in self.commits else None


class DatasetHub(FaultyServer):
    """A Hub of dataset repos.

    Attributes:
        repos: By id.
        objects: Large files that were uploaded, by SHA-256.
    """

    def __init__(self) -> None:
        super().__init__()
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.routes += [_validate, self._create, self._api, self._large, self._resolve]

    def _create(self, request: Request) -> Reply | None:
        if request.path != "/api/repos/create":
            return None
        given = json.loads(request.body)
        name = f"{given['organization']}/{given['name']}"
        status = 409 if name in self.repos else 200
        self.repos.setdefault(name, Repo(name, given.get("visibility") == "private"))
        return in_json({"url": f"{self.address}/datasets/{name}", "name": name}, status)

    def _api(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/([a-z-]+)(?:/([^/]+)(?:/(.+))?)?)?", request.path)
        if found is None:
            return None
        repo = self.repos.get(found[1])
        if repo is None:
            return _nothing("RepoNotFound", 401)
        commit = repo.commit_of(found[3] or "main")
        if commit is None:
            return _nothing("RevisionNotFound")
        files = repo.commits[commit]
        match found[2]:
            case "refs":
                main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}
                tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in repo.tags.items()]
                return in_json({"branches": [main], "tags": tags, "converts": []})
            case "tree":
                return in_json(
                    list(_tree(files, found[4] or "", recursive="true" in request.query.get("recursive", [])))
                )
            case "paths-info":
                wanted = request.form.get("paths") or json.loads(request.body or b"{}").get("paths", [])
                return in_json([_file(name, files[name]) for name in wanted if name in files])
            case "preupload":
                modes = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(request.body)["files"]
                ]
                return in_json({"files": modes})
            case "commit":
                return self._commit(repo, request.body)
            case "tag":
                tag = json.loads(request.body)["tag"]
                if tag in repo.tags:
                    return Reply(409)
                repo.tags[tag] = commit
                return Reply(200)
        if found[2] not in (None, "revision"):
            return None
        info = {"id": repo.id, "sha": commit, "private": repo.private, "tags": [], "downloads": 0, "likes": 0}
        return in_json({**info, "siblings": [{"rfilename": name} for name in sorted(files)]})

    def _commit(self, repo: Repo, body: bytes) -> Reply:
        files = dict(repo.files)
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            match entry["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.objects[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        commit = hashlib.sha1(body + repo.head.encode()).hexdigest()
        repo.commits[commit] = files
        address = f"{self.address}/datasets/{repo.id}/commit/{commit}"
        return in_json({"success": True, "commitOid": commit, "commitUrl": address})

    def _large(self, request: Request) -> Reply | None:
        if request.path.endswith(".git/info/lfs/objects/batch"):
            wanted = json.loads(request.body)["objects"]
            objects = [{**entry, **self._actions(entry["oid"])} for entry in wanted]
            return in_json({"transfer": "basic", "objects": objects})
        found = re.fullmatch(r"/lfs/([0-9a-f]{64})", request.path)
        if found is None:
            return None
        if request.method == "PUT":
            if hashlib.sha256(request.body).hexdigest() != found[1]:
                return Reply(400)
            self.objects[found[1]] = request.body
            return Reply(200)
        return Reply(200, {"ETag": f'"{found[1]}"'}, self.objects[found[1]])

    def _actions(self, oid: str) -> dict[str, Any]:
        return {} if oid in self.objects else {"actions": {"upload": {"href": f"{self.address}/lfs/{oid}"}}}

    def _resolve(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", request.path)
        if found is None:
            return None
        repo = self.repos.get(found[1])
        commit = repo.commit_of(found[2]) if repo else None
        if repo is None or commit is None:
            return _nothing("RepoNotFound", 401) if repo is None else _nothing("RevisionNotFound")
        content = repo.commits[commit].get(found[3])
        if content is None:
            return _nothing("EntryNotFound")
        headers = {"X-Repo-Commit": commit, "ETag": f'"{_oid(content)}"'}
        if not found[3].endswith(LARGE):
            return Reply(200, headers, content)
        sha = hashlib.sha256(content).hexdigest()
        headers |= {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha}"'}
        elsewhere = self.address.replace("127.0.0.1", "localhost")  # the client asks another host for another thing
        return Reply(302, {**headers, "Location": f"{elsewhere}/lfs/{sha}"})


@contextmanager
def dataset_hub() -> Iterator[DatasetHub]:
    """A running Hub without repos."""
    server = DatasetHub()
    with running(server):
        yield server


def _validate(request: Request) -> Reply | None:
    """Of a card's metadata; the Hub says more."""
    if request.path != "/api/validate-yaml":
        return None
    head = yaml.safe_load(json.loads(request.body)["content"].split("---\n")[1])
    errors = [] if isinstance(head, dict) and head.get("license") else [{"message": '"license" is required'}]
    return in_json({"errors": errors, "warnings": []}, 400 if errors else 200)


def _nothing(code: str, status: int = 404) -> Reply:
    return Reply(status, {"X-Error-Code": code, "X-Error-Message": "Not found"}, b'{"error": "Not found"}')


def _oid(content: bytes) -> str:
    """As git names it."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _file(name: str, content: bytes) -> dict[str, Any]:
    oid = hashlib.sha256(content).hexdigest()
    large = {"lfs": {"oid": oid, "size": len(content), "pointerSize": 130}} if name.endswith(LARGE) else {}
    return {"type": "file", "path": name, "size": len(content), "oid": _oid(content), **large}


def _tree(files: dict[str, bytes], under: str, *, recursive: bool) -> Iterator[dict[str, Any]]:
    prefix = f"{under}/" if under else ""
    folders = set()
    for name in sorted(files):
        if not name.startswith(prefix):
            continue
        rest = name.removeprefix(prefix)
        if "/" in rest:
            folders.add(prefix + rest.split("/")[0])
        if "/" not in rest or recursive:
            yield _file(name, files[name])
    yield from ({"type": "directory", "path": name, "oid": "0" * 40} for name in sorted(folders))
