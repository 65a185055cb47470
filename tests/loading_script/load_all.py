"""Describe as JSON how a version of `datasets` reads a dataset repo.

python load_all.py SCRIPT REPO          # digests of all rows, by every way to load
python load_all.py SCRIPT REPO --ends   # of large repos: how many rows, and the first and last one
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import sys
from typing import Any

import datasets


def digest(rows: Any) -> str:
    """Of all rows, in their order."""
    return hashlib.sha256(json.dumps(list(rows), sort_keys=True).encode()).hexdigest()


def module_at(path: str) -> Any:
    """A Python file as a module."""
    spec = importlib.util.spec_from_file_location("younger", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = sys.modules["younger"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loaded(script: str, repo: str, config: str) -> dict[str, dict[str, str]]:
    """Way -> split -> digest of its rows."""
    builder = module_at(script).Younger(config_name=config, data_dir=repo)
    builder.download_and_prepare()
    ways = {
        "load_dataset": datasets.load_dataset(repo, config),
        "load_dataset, streaming": datasets.load_dataset(repo, config, streaming=True),
        "script": builder.as_dataset(),
        "script, streaming": builder.as_streaming_dataset(),
    }
    if datasets.__version__ < "4":
        ways["load_dataset(script)"] = datasets.load_dataset(script, config, data_dir=repo, trust_remote_code=True)
    return {way: {split: digest(rows) for split, rows in splits.items()} for way, splits in ways.items()}


def ends(script: str, repo: str, config: str) -> dict[str, dict[str, Any]]:
    """Way of loading -> split -> number of rows, and digests of the first and last row.

    Only the first row when streaming.
    """
    whole, stream = datasets.load_dataset(repo, config), datasets.load_dataset(repo, config, streaming=True)
    return {
        "load_dataset": {s: [len(rows), digest([rows[0]]), digest([rows[len(rows) - 1]])] for s, rows in whole.items()},
        "load_dataset, streaming": {split: digest([next(iter(rows))]) for split, rows in stream.items()},
    }


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        configs = module_at(sys.argv[1])._NAMES
        look = ends if "--ends" in sys.argv else loaded
        found = {config: look(sys.argv[1], sys.argv[2], config) for config in configs}
    sys.stdout.write(json.dumps({"version": datasets.__version__, "configs": found}))
