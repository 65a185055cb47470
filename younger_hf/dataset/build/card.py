"""The dataset card: YAML for `datasets`, and a page for people.

Both are filled in from the files that were written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from younger_hf.dataset.build.figures import top_operators, write_figures
from younger_hf.dataset.read.release import DataFile, Release
from younger_hf.dataset.read.verify import CARD
from younger_hf.task_types import PUBLIC_SPLITS, SPLITS
from younger_hf.dataset.schema import schema_of
from younger_hf.files import write_text

_PUBLIC_SECRET = (
    "This build used the default secret, which is public: its test rows are for trying things out, not for competition."
)
_HIDDEN_SECRET = "Which architectures are tested was decided with a secret of the host."  # noqa: S105 - a sentence


def write_card(release: Release) -> Path:
    """Write `README.md` and its figures into a dataset repo.

    They are derived from the repo's data files and manifest alone.

    Args:
        release: The repo, its data files written.

    Returns:
        The card's path.
    """
    write_figures(release)
    path = release.root / CARD
    write_text(path, card_of(release))
    return path


def card_of(release: Release) -> str:
    """The text of a dataset repo's card."""
    texts = files("loading_script")
    record = release.record
    protocol = record.get("protocol", "grouped")
    architectures = pa.concat_tables([release.table("architectures", split) for split in PUBLIC_SPLITS])
    counts: Mapping[str, int | float] = record.get("statistics", {})
    body = Template((texts / "card.md").read_text(encoding="utf-8")).substitute(
        version=release.version,
        protocol=protocol,
        content_hash=release.content_hash,
        rows=_markdown(["config", *SPLITS], map(_config_row, release.rows.items())),
        statistics=_markdown(["of the build", "count"], ((name.replace("_", " "), n) for name, n in counts.items())),
        versions=", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items()),
        sizes=_sizes_table(architectures),
        operators=_markdown(["operator", "count"], ((name, f"{n:,}") for name, n in top_operators(release))),
        method=(texts / f"protocol_{protocol}.md").read_text(encoding="utf-8").strip(),
        sources=_sources_table(architectures),
        secrecy=_PUBLIC_SECRET if record.get("public_secret", True) else _HIDDEN_SECRET,
    )
    return f"---\n{_yaml(release)}---\n\n{body}"


def _yaml(release: Release) -> str:
    """The card's head.

    Each config carries version and content hash: without them `datasets` would serve its cache of
    an older build in the same folder.
    """
    configs, infos = [], []
    for config, splits in release.configs.items():
        by_split = [(split, splits[split]) for split in SPLITS if split in splits]
        configs.append(
            {
                "config_name": config,
                "version": release.version,
                "description": release.content_hash,
                "data_files": [{"split": split, "path": file.path} for split, file in by_split],
            }
        )
        infos.append(_info(release, config, by_split))
    head = {
        "pretty_name": "Younger",
        "license": "other",
        "task_categories": ["graph-ml"],
        "tags": ["onnx", "neural-architecture", "graph"],
        "configs": configs,
        "dataset_info": infos,
    }
    return str(yaml.safe_dump(head, sort_keys=False, width=200))


def _info(release: Release, config: str, by_split: Sequence[tuple[str, DataFile]]) -> dict[str, Any]:
    sizes = {split: release.table(config, split).nbytes for split, _ in by_split}
    return {
        "config_name": config,
        "features": [_feature(field) for field in schema_of(config)],
        "splits": [
            {"name": split, "num_bytes": sizes[split], "num_examples": file.rows} for split, file in by_split
        ],
        "download_size": sum(file.bytes for _, file in by_split),
        "dataset_size": sum(sizes.values()),
    }


def _feature(field: pa.Field) -> dict[str, Any]:
    """A column in the card's YAML, in the form that every version of `datasets` reads."""
    return {"name": field.name, **_feature_type(field.type)}


def _feature_type(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        if pa.types.is_struct(kind.value_type):
            return {"list": [_feature(child) for child in kind.value_type]}
        inner = _feature_type(kind.value_type)
        return {"sequence": inner["dtype"] if set(inner) == {"dtype"} else inner}
    return {"dtype": str(kind)}


def _config_row(item: tuple[str, Mapping[str, int]]) -> list[object]:
    config, splits = item
    return [f"`{config}`", *(splits.get(split, "") for split in SPLITS)]


def _sizes_table(architectures: pa.Table) -> str:
    columns = {
        "operators": architectures["num_nodes"].to_pylist(),
        "data flows": [len(row[0]) for row in architectures["edge_index"].to_pylist()],
        "depth": architectures["depth"].to_pylist(),
        "parameters": architectures["num_parameters"].to_pylist(),
    }
    quantiles = {"minimum": 0, "median": 50, "90%": 90, "maximum": 100}
    rows = (
        [name, *(f"{int(np.percentile(values, q)):,}" for q in quantiles.values()), f"{np.mean(values):,.1f}"]
        for name, values in columns.items()
        if values
    )
    return _markdown(["train and validation", *quantiles, "mean"], rows)


def _sources_table(architectures: pa.Table) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    families: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sources in architectures["sources"].to_pylist():
        origins = [(source["hub"], source["licence"] or "not stated") for source in sources]
        counts.update(set(origins))
        for origin, source in zip(origins, sources, strict=True):
            families[origin].add(source["family"].casefold())
    return _markdown(
        ["hub", "licence", "architectures (train and validation)", "families"],
        ([*origin, counts[origin], len(families[origin] - {""})] for origin in sorted(counts)),
    )


def _markdown(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines.extend(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
    return "\n".join(lines)
