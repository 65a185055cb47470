"""Loading a dataset repo, from a local folder or the Hub, through `datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from younger_hf.dataset.read.release import MANIFEST, Release
from younger_hf.dataset.read.verify import CARD, verify
from younger_hf.dataset.schema import check_config, possible_splits_of, schema_of, signature_of
from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

DEFAULT_ROOT = "younger"


def load(
    config: str, split: str | None = None, *, root: str | Path | None = None, revision: str | None = None
) -> Dataset | DatasetDict:
    """Verify and load one config, as `datasets.load_dataset(root, config, split=split)` does.

    From the Hub, only the config's own files are fetched; later they load without a connection. They
    are never served for another commit, nor for another build in the same folder.

    Args:
        config: One of `younger_hf.dataset.schema.CONFIGS`, such as `operator_w_attrs`.
        split: `train`, `validation` or `test`; None for all.
        root: A local folder or the id of a Hub dataset repo (`ORG/NAME`); by default the folder
            `younger` in the working directory.
        revision: Branch, tag or commit on the Hub.

    Returns:
        A `Dataset`, or a `DatasetDict` of all splits.

    Raises:
        DatasetError: If the config, split or folder does not exist, a file's hash is not the one in
            the manifest, the Hub does not have the repo or revision, or it cannot be reached and
            nothing was fetched before.
    """
    check_config(config)
    if split is not None and split not in possible_splits_of(config):
        raise DatasetError(
            f"Config {config!r} has no split {split!r}; expected one of: {', '.join(possible_splits_of(config))}.",
            "Only scored tasks have test rows.",
        )
    place = str(root if root is not None else DEFAULT_ROOT)
    release = _verified(config, root, revision)
    import datasets  # imported here because it takes longer than all of younger_hf
    import yaml

    try:
        if _is_local(root):
            return datasets.load_dataset(place, config, split=split)
        # The card names the files of all configs, so those that were fetched are named here.
        files = {name: str(release.root / path) for name, path in release.files[config].items()}
        features = datasets.Features.from_arrow_schema(schema_of(config))
        return datasets.load_dataset("parquet", data_files=files, features=features, split=split)
    except (datasets.exceptions.DatasetsError, yaml.YAMLError, OSError, ValueError) as error:
        raise DatasetError(
            f"{place}: `datasets` cannot load the config {config!r}: {error}", "Build or download it again."
        ) from error


def num_classes(config: str, root: str | Path | None = None) -> int:
    """Return the number of node classes of a config, including UNK and MASK.

    Class ids run from 0 to this number minus 1.

    Args:
        config: A config that ends in `w_attrs` or `wo_attrs`, such as `operator_w_attrs`.
        root: As for `load`.

    Raises:
        DatasetError: If the config does not exist or holds both signatures, or as `load` does.
    """
    vocabulary = f"vocabulary_{signature_of(config)}"
    return _verified(vocabulary, root, None).rows[vocabulary]["train"]


def _is_local(root: str | Path | None) -> bool:
    return root is None or isinstance(root, Path) or Path(root).exists() or root.count("/") != 1


def _verified(config: str, root: str | Path | None, revision: str | None) -> Release:
    """Return the release that holds a config, after fetching the config's files if they are on the Hub."""
    place = str(root if root is not None else DEFAULT_ROOT)
    if not _is_local(root):
        return verify(_fetched(place, config, revision), config)
    if revision is not None:
        raise DatasetError(f"{place}: a local folder has no revisions, got revision {revision!r}.", "Leave it out.")
    return verify(Path(place), config)


def _fetched(repo: str, config: str, revision: str | None) -> Path:
    """Return the folder of huggingface_hub's cache that holds the newest available commit of a revision."""
    from huggingface_hub import errors, snapshot_download

    named = f"{repo} at {revision}" if revision else repo
    try:
        found = snapshot_download(
            repo, repo_type="dataset", revision=revision, allow_patterns=[CARD, MANIFEST, f"{config}/*"]
        )
    except errors.RevisionNotFoundError as error:
        raise DatasetError(f"{repo}: the Hub has no revision {revision!r}.", "Name a tag, branch or commit.") from error
    except errors.RepositoryNotFoundError as error:
        raise DatasetError(
            f"{repo}: this dataset repo is not on the Hub, or is private.", "Check the name, or `hf auth login`."
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise DatasetError(
            f"{named}: the Hub cannot be reached, and the config {config!r} has not been fetched from there before.",
            "Check the connection (HF_ENDPOINT, HF_HUB_OFFLINE), or name a local folder.",
        ) from error
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        raise DatasetError(
            f"{named}: the Hub does not serve it: {error}", "Check the name and the connection."
        ) from error
    return Path(found)
