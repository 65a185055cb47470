"""What a version of `datasets` makes of a dataset repo, as JSON: run by the Python of an environment that has nothing else.

python load_all.py SCRIPT REPO
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


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        configs = module_at(sys.argv[1])._NAMES
        found = {config: loaded(sys.argv[1], sys.argv[2], config) for config in configs}
    sys.stdout.write(json.dumps({"version": datasets.__version__, "configs": found}))
