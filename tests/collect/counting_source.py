"""A source of small models that report over a socket whenever one is built."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import onnx

from tests.dataset.models import network
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query, Source


def _candidates(query: Query) -> Iterator[Candidate]:
    """`count` models, each built in `seconds`; every build is reported to the port `port`."""
    count = int(query.options["count"])
    recipe = {"kind": "counting", "port": int(query.options["port"]), "seconds": float(query.options["seconds"])}
    models = (
        Candidate(f"counting--{n:03}", "counting", str(n), "", "", "", {**recipe, "seed": n}) for n in range(count)
    )
    return select_candidates(models, query)


def _build(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    with socket.create_connection(("127.0.0.1", recipe["port"])) as teller:
        teller.sendall(str(recipe["seed"]).encode())
    time.sleep(recipe["seconds"])
    return network(recipe["seed"])


SOURCE = Source(name="counting", about="Models that say when they are built.", candidates=_candidates, build=_build)
