"""Loading a dataset repo, from a local folder or the Hub, through `datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from younger_hf.dataset.release import open_release
from younger_hf.dataset.schema import splits_of, task_of
from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

DEFAULT_ROOT = "younger"


def load(
    config: str, split: str | None = None, *, root: str | Path | None = None, revision: str | None = None
) -> Dataset | DatasetDict:
    """Load one config of the dataset, as `datasets.load_dataset(root, config, split=split)` does, after checking that it is there.

    Args:
        config: One of `younger_hf.dataset.schema.CONFIGS`, as `operator_w_attrs`.
        split: `train`, `validation` or `test`; None for all.
        root: A local folder or the id of a Hub dataset repo (`ORG/NAME`); by default the folder `younger` here.
        revision: Branch, tag or commit on the Hub.

    Returns:
        A `Dataset`, or a `DatasetDict` of all splits.

    Raises:
        DatasetError: If the config, split or folder does not exist, a file is damaged or not as long as the manifest
            says, or the Hub cannot be reached.
    """
    task_of(config)
    if split is not None and split not in splits_of(config):
        raise DatasetError(
            f"Config {config!r} has no split {split!r}; expected one of: {', '.join(splits_of(config))}.",
            "Only scored tasks have test rows.",
        )
    place = str(root if root is not None else DEFAULT_ROOT)
    local = root is None or isinstance(root, Path) or Path(place).exists() or place.count("/") != 1
    if local:
        if revision is not None:
            raise DatasetError(f"{place}: a local folder has no revisions, got revision {revision!r}.", "Leave it out.")
        check_repo(Path(place), config)
    import datasets  # imported here: it takes longer than the whole of younger_hf
    import yaml

    try:
        return datasets.load_dataset(place, config, split=split, revision=revision)
    except (datasets.exceptions.DatasetsError, yaml.YAMLError, OSError, ValueError) as error:
        raise DatasetError(
            f"{place}: `datasets` cannot load the config {config!r}: {error}",
            "Build or download it again." if local else "Check the name and the connection, or name a local folder.",
        ) from error


def check_repo(root: Path, config: str) -> None:
    """Do nothing if a dataset repo and one of its configs are whole.

    Raises:
        DatasetError: If a file is missing or damaged, has not as many rows as the manifest says, or the card is that of another build.
    """
    release = open_release(root)
    release.check_config(config)
    for split, rows in release.rows[config].items():
        found = release.table(config, split).num_rows
        if found != rows:
            raise DatasetError(
                f"{root / release.files[config][split]}: expected {rows} rows as the manifest says, found {found}.",
                "Build or download it again.",
            )
    card = root / "README.md"
    if not card.is_file():
        raise DatasetError(
            f"{root}: the card README.md is missing, which `datasets` reads the configs from.",
            "Build or download it again.",
        )
    if release.content_hash not in card.read_text(encoding="utf-8", errors="replace"):
        raise DatasetError(
            f"{card}: expected the card of {release.content_hash}, found that of another build.",
            "Build or download it again.",
        )
