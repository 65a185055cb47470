"""The dataset card: YAML that `datasets` reads, and a page that people read, filled in from what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from younger_hf.dataset.build.figures import top_operators, write_figures
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import PUBLIC_SPLITS, SPLITS, schema_of
from younger_hf.dataset.read.verify import CARD
from younger_hf.dataset.build.write_files import PARTIAL


def write_card(release: Release) -> Path:
    """Write `README.md` and its figures into a dataset repo, from its data files and its manifest alone.

    Args:
        release: The repo, its data files written.

    Returns:
        The card's path.
    """
    write_figures(release)
    path = release.root / CARD
    partial = path.with_suffix(PARTIAL)
    partial.write_text(card_of(release), encoding="utf-8")
    partial.replace(path)
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
        rows=_rows_table(release),
        statistics=_markdown(
            ["of the build", "count"], ((name.replace("_", " "), value) for name, value in counts.items())
        ),
        versions=", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items()),
        sizes=_sizes_table(architectures),
        operators=_operators_table(release),
        method=(texts / f"protocol_{protocol}.md").read_text(encoding="utf-8").strip(),
        sources=_sources_table(architectures),
        secrecy="This build used the default secret, which is public: its test rows are for trying things out, not for competition."
        if record.get("public_secret", True)
        else "Which architectures are tested was decided with a secret of the host.",
    )
    return f"---\n{_yaml(release)}---\n\n{body}"


def _yaml(release: Release) -> str:
    """Each config carries version and content hash: `datasets` would otherwise serve its cache of an older build in the same folder."""
    version = release.version
    configs = [
        {
            "config_name": config,
            "version": version,
            "description": release.content_hash,
            "data_files": [{"split": split, "path": path} for split, path in _by_split(paths)],
        }
        for config, paths in release.files.items()
    ]
    infos = []
    for config in release.files:
        splits = [
            {
                "name": split,
                "num_bytes": release.table(config, split).nbytes,
                "num_examples": release.rows[config][split],
            }
            for split, _ in _by_split(release.files[config])
        ]
        infos.append(
            {
                "config_name": config,
                "features": [_feature(field) for field in schema_of(config)],
                "splits": splits,
                "download_size": sum((release.root / path).stat().st_size for path in release.files[config].values()),
                "dataset_size": sum(int(split["num_bytes"]) for split in splits),
            }
        )
    head = {
        "pretty_name": "Younger",
        "license": "other",
        "task_categories": ["graph-ml"],
        "tags": ["onnx", "neural-architecture", "graph"],
        "configs": configs,
        "dataset_info": infos,
    }
    return str(yaml.safe_dump(head, sort_keys=False, width=200))


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


def _by_split(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(split, values[split]) for split in SPLITS if split in values]


def _rows_table(release: Release) -> str:
    rows = ([f"`{config}`", *(splits.get(split, "") for split in SPLITS)] for config, splits in release.rows.items())
    return _markdown(["config", *SPLITS], rows)


def _sizes_table(architectures: pa.Table) -> str:
    edges = [len(row[0]) for row in architectures["edge_index"].to_pylist()]
    columns = {
        "operators": architectures["num_nodes"].to_pylist(),
        "data flows": edges,
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


def _operators_table(release: Release) -> str:
    return _markdown(["operator", "count"], ([name, f"{count:,}"] for name, count in top_operators(release)))


def _sources_table(architectures: pa.Table) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    families: dict[tuple[str, str], set[str]] = {}
    for sources in architectures["sources"].to_pylist():
        counts.update({(source["hub"], source["licence"] or "not stated") for source in sources})
        for source in sources:
            families.setdefault((source["hub"], source["licence"] or "not stated"), set()).add(
                source["family"].casefold()
            )
    return _markdown(
        ["hub", "licence", "architectures (train and validation)", "families"],
        ([*key, counts[key], len(families[key] - {""})] for key in sorted(counts)),
    )


def _markdown(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines.extend(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
    return "\n".join(lines)
