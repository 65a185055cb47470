"""A local server for the part of Kaggle's API that lists models and reads their files.

Addresses and fields are those of kagglesdk 0.1 (`kagglesdk/models/types/model_api_service.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.serving import running
from tests.sources.faulty_server import FaultyServer, Reply, Request, in_json


@dataclass
class Instance:
    """A model in one framework.

    Attributes:
        framework: As the API spells it.
        slug: Its name.
        files: Path -> content, or a file that has it.
    """

    framework: str
    slug: str
    files: dict[str, bytes | Path] = field(default_factory=dict)

    def entry(self) -> dict[str, Any]:
        """The entry of the instance in the API."""
        licence = {"licenseName": "Apache 2.0", "versionNumber": 3}
        return {"id": 1, "slug": self.slug, "framework": self.framework, **licence}


class Kaggle(FaultyServer):
    """Kaggle.

    Attributes:
        models: `owner/name` -> its instances.
        brief: Whether lists come without instances.
    """

    def __init__(self, models: dict[str, list[Instance]]) -> None:
        super().__init__()
        self.models = models
        self.brief = False
        self.routes += [self._list, self._get, self._files, self._download, self._storage]

    def _entry(self, ref: str, *, brief: bool) -> dict[str, Any]:
        tags = [{"name": "Images", "fullPath": "data type > image"}]
        tags += [{"name": "Image Classification", "fullPath": "task > computer vision > image classification"}]
        instances = {} if brief else {"instances": [instance.entry() for instance in self.models[ref]]}
        return {"ref": ref, "tags": tags, "voteCount": 5, "updateTime": "2024-05-01T00:00:00Z", **instances}

    def _list(self, request: Request) -> Reply | None:
        if request.path != "/api/v1/models/list":
            return None
        one = {name: values[0] for name, values in request.query.items()}
        refs = sorted(ref for ref in self.models if one.get("search", "") in ref)
        start, size = int(one.get("pageToken", 0)), int(one.get("pageSize", 20))
        page = [self._entry(ref, brief=self.brief) for ref in refs[start : start + size]]
        following = str(start + size) if start + size < len(refs) else ""
        return in_json({"models": page, "nextPageToken": following, "totalResults": len(refs)})

    def _get(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/get", request.path)
        return in_json(self._entry(found[1], brief=False)) if found else None

    def _instance(self, ref: str, framework: str, slug: str) -> Instance:
        plain = {"tensorFlow2": "TENSOR_FLOW_2"}.get(framework, framework)
        return next(i for i in self.models[ref] if plain.lower() in i.framework.lower() and i.slug == slug)

    def _files(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/([^/]+)/([^/]+)/3/files", request.path)
        if found is None:
            return None
        names = sorted(self._instance(found[1], found[2], found[3]).files)
        start = int(request.query.get("pageToken", ["0"])[0])
        following = str(start + 2) if start + 2 < len(names) else ""
        page = [{"name": name, "size": 1} for name in names[start : start + 2]]
        return in_json({"files": page, "nextPageToken": following})

    def _download(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/([^/]+)/([^/]+)/3/download/(.+)", request.path)
        if found is None or found[4] not in self._instance(found[1], found[2], found[3]).files:
            return None
        place = quote("/".join(found.groups()))
        elsewhere = self.address.replace("127.0.0.1", "localhost")
        return Reply(302, {"Location": f"{elsewhere}/storage/{place}"})

    def _storage(self, request: Request) -> Reply | None:
        found = re.fullmatch(r"/storage/([^/]+/[^/]+)/([^/]+)/([^/]+)/(.+)", request.path)
        return Reply(200, {}, self._instance(found[1], found[2], found[3]).files[found[4]]) if found else None


@contextmanager
def kaggle(models: dict[str, list[Instance]]) -> Iterator[Kaggle]:
    """A running Kaggle."""
    server = Kaggle(models)
    with running(server):
        yield server
