"""Loading a dataset repo, from a local folder or the Hub, through `datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from younger_hf.dataset.read.release import MANIFEST
from younger_hf.dataset.read.verify import CARD, verify
from younger_hf.dataset.schema import possible_splits_of, schema_of, task_of
from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

DEFAULT_ROOT = "younger"


def load(
    config: str, split: str | None = None, *, root: str | Path | None = None, revision: str | None = None
) -> Dataset | DatasetDict:
    """Load one config of the dataset, as `datasets.load_dataset(root, config, split=split)` does, after verifying its files.

    From the Hub only the config's own files are fetched. Once fetched they are there without a connection; they are never served for
    another commit, nor for another build in the same folder.

    Args:
        config: One of `younger_hf.dataset.schema.CONFIGS`, as `operator_w_attrs`.
        split: `train`, `validation` or `test`; None for all.
        root: A local folder or the id of a Hub dataset repo (`ORG/NAME`); by default the folder `younger` here.
        revision: Branch, tag or commit on the Hub.

    Returns:
        A `Dataset`, or a `DatasetDict` of all splits.

    Raises:
        DatasetError: If the config, split or folder does not exist, a file is not the one that the manifest names by its hash, or the
            Hub has no such repo or revision, or cannot be reached and nothing was fetched before.
    """
    task_of(config)
    if split is not None and split not in possible_splits_of(config):
        raise DatasetError(
            f"Config {config!r} has no split {split!r}; expected one of: {', '.join(possible_splits_of(config))}.",
            "Only scored tasks have test rows.",
        )
    place = str(root if root is not None else DEFAULT_ROOT)
    local = root is None or isinstance(root, Path) or Path(place).exists() or place.count("/") != 1
    if local and revision is not None:
        raise DatasetError(f"{place}: a local folder has no revisions, got revision {revision!r}.", "Leave it out.")
    folder = Path(place) if local else _fetched(place, config, revision)
    release = verify(folder, config)
    import datasets  # imported here: it takes longer than the whole of younger_hf
    import yaml

    try:
        if local:
            return datasets.load_dataset(str(folder), config, split=split)
        files = {
            name: str(folder / path) for name, path in release.files[config].items()
        }  # the card names all configs' files
        features = datasets.Features.from_arrow_schema(schema_of(config))
        return datasets.load_dataset("parquet", data_files=files, features=features, split=split)
    except (datasets.exceptions.DatasetsError, yaml.YAMLError, OSError, ValueError) as error:
        raise DatasetError(
            f"{place}: `datasets` cannot load the config {config!r}: {error}", "Build or download it again."
        ) from error


def _fetched(repo: str, config: str, revision: str | None) -> Path:
    """The folder of huggingface_hub's cache with the commit that a revision is now, or was when the Hub was last reached."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    named = f"{repo} at {revision}" if revision else repo
    try:
        found = snapshot_download(
            repo, repo_type="dataset", revision=revision, allow_patterns=[CARD, MANIFEST, f"{config}/*"]
        )
    except RevisionNotFoundError as error:
        raise DatasetError(f"{repo}: the Hub has no revision {revision!r}.", "Name a tag, branch or commit.") from error
    except RepositoryNotFoundError as error:
        raise DatasetError(
            f"{repo}: the Hub has no such dataset repo, or it is private.", "Check the name, or `hf auth login`."
        ) from error
    except LocalEntryNotFoundError as error:
        raise DatasetError(
            f"{named}: the Hub cannot be reached, and the config {config!r} was not fetched from there before.",
            "Check the connection (HF_ENDPOINT, HF_HUB_OFFLINE), or name a local folder.",
        ) from error
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise DatasetError(
            f"{named}: the Hub does not give it: {error}", "Check the name and the connection."
        ) from error
    return Path(found)
