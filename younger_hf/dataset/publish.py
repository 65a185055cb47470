"""Publishing a dataset repo on the Hub: a plan, one commit, then the version's tag.

Answers go into a private repo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.dataset.read.release import MANIFEST, Answers, Release
from younger_hf.dataset.read.verify import CARD, verify
from younger_hf.dataset.schema import UNKNOWN_LABEL
from younger_hf.errors import DatasetError
from younger_hf.files import first_line
from younger_hf.task_types import GRAPH_ID
from younger_hf.tasks import task_of

_OF_THE_HUB = (".gitattributes",)
"""Files that the Hub itself adds to a repo."""
_CONNECTION = "Check the connection (HF_ENDPOINT, HF_HUB_OFFLINE) and run the same command again."
_LOGIN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write there; HF_ENDPOINT names another Hub."


@dataclass(frozen=True)
class Publication:
    """The changes that publishing a release makes.

    Attributes:
        repo: Name of the dataset repo on the Hub, `ORG/NAME`.
        tag: The version's tag.
        new: Whether the repo must be created.
        added: New files, sorted.
        changed: Files whose content differs, sorted.
        deleted: Files that the release no longer has, sorted.
        tagged: Whether the tag exists already; then nothing is left to do.
    """

    repo: str
    tag: str
    new: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    tagged: bool

    @property
    def files(self) -> tuple[str, ...]:
        """All files to upload."""
        return (*self.added, *self.changed)


def plan_publication(release: Release, repo: str) -> Publication:
    """Check a release, and compare it with the repo on the Hub.

    Raises:
        DatasetError: If the release is damaged or shows an answer, the version was published with
            other content, or the Hub cannot be reached.
    """
    for config in release.files:
        verify(release.root, config)
    _check_hidden(release)
    api = _api()
    local = {path: release.root / path for path in _files(release)}
    tag = f"v{release.version}"
    with _hub_errors(repo):
        new = not api.repo_exists(repo, repo_type="dataset")
        remote = {} if new else _remote(api, repo)
        tagged = not new and any(ref.name == tag for ref in api.list_repo_refs(repo, repo_type="dataset").tags)
    publication = Publication(
        repo=repo,
        tag=tag,
        new=new,
        added=tuple(sorted(set(local) - set(remote))),
        changed=tuple(sorted(path for path in set(local) & set(remote) if not _is_same(local[path], remote[path]))),
        deleted=tuple(sorted(set(remote) - set(local) - set(_OF_THE_HUB))),
        tagged=tagged,
    )
    if tagged and (publication.files or publication.deleted):
        raise DatasetError(
            f"{repo}: the version {release.version} was published before, with other content.",
            "Build with another --release.",
        )
    return publication


def publish(release: Release, publication: Publication, *, private: bool = False) -> str:
    """Upload what a plan names in one commit, and tag it; after a failure the same call continues.

    Args:
        release: The release that was planned.
        publication: The plan.
        private: Whether a new repo is private.

    Returns:
        Address of the repo on the Hub.

    Raises:
        DatasetError: If the Hub refuses or cannot be reached; the tag is set last, so a version is
            never incomplete.
    """
    api = _api()
    repo = publication.repo
    with _hub_errors(repo):
        address = api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        if publication.files or publication.deleted:
            api.upload_folder(
                repo_id=repo,
                repo_type="dataset",
                folder_path=release.root,
                allow_patterns=list(_files(release)),
                delete_patterns=list(publication.deleted) or None,
                commit_message=f"Version {release.version}",
                commit_description=release.content_hash,
            )
        if not publication.tagged:
            api.create_tag(repo, tag=publication.tag, tag_message=release.content_hash, repo_type="dataset")
    return str(address)


def publish_answers(answers: Answers, repo: str) -> str:
    """Upload hidden answers to a private dataset repo.

    Returns:
        Its address on the Hub.

    Raises:
        DatasetError: If the repo is public, or the Hub refuses or cannot be reached.
    """
    api = _api()
    with _hub_errors(repo):
        address = api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        if not api.repo_info(repo, repo_type="dataset").private:
            raise DatasetError(
                f"{repo}: answers are uploaded to a private repo only; this one is public.", "Name another one."
            )
        api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=answers.root,
            allow_patterns=["*.parquet", "*.sealed", MANIFEST],
            commit_message=f"Answers of {answers.content_hash}",
        )
    return str(address)


def _files(release: Release) -> Iterator[str]:
    """Paths of all files of a release; nothing else in its folder is published."""
    yield from (CARD, MANIFEST)
    for splits in release.configs.values():
        yield from (file.path for file in splits.values())
    yield from sorted(
        path.relative_to(release.root).as_posix() for path in release.root.glob("figures/*.png") if path.is_file()
    )


def _check_hidden(release: Release) -> None:
    """Raise DatasetError if a test row shows an answer."""
    for config, splits in release.configs.items():
        if "test" not in splits:
            continue
        label = task_of(config).label_column
        for row in release.table(config, "test", [GRAPH_ID, label]).to_pylist():
            hidden = {UNKNOWN_LABEL} if isinstance(row[label], list) else {None}
            if not hidden.issuperset(row[label] if isinstance(row[label], list) else [row[label]]):
                raise DatasetError(
                    f"{release.root / splits['test'].path}: row {row[GRAPH_ID]} shows its answer; "
                    f"expected only {hidden} in {label}.",
                    "Build the dataset again.",
                )


def _remote(api: Any, repo: str) -> Mapping[str, Any]:
    tree = api.list_repo_tree(repo, repo_type="dataset", recursive=True)
    return {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}


def _is_same(path: Path, remote: Any) -> bool:
    """Whether a file has the content of one on the Hub, by the hash that the Hub reports."""
    if remote.size != path.stat().st_size:
        return False
    content = path.read_bytes()
    if remote.lfs is not None:
        return bool(remote.lfs.sha256 == hashlib.sha256(content).hexdigest())
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)  # as git names it
    return bool(remote.blob_id == blob.hexdigest())


def _api() -> Any:
    import huggingface_hub  # imported here: it takes longer than the whole of younger_hf

    return huggingface_hub.HfApi(library_name="younger-hf")


@contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise DatasetError(f"{repo}: expected ORG/NAME ({error}).") from error
    except errors.HfHubHTTPError as error:
        raise DatasetError(f"{repo}: the Hub refuses ({first_line(error)}).", _LOGIN) from error
    # errors.HTTPError is that of the HTTP library of the installed huggingface_hub; RuntimeErrors
    # are of large files.
    except (errors.HTTPError, OSError, ValueError, RuntimeError) as error:  # type: ignore[attr-defined]
        raise DatasetError(f"{repo}: the Hub cannot be reached ({first_line(error)}).", _CONNECTION) from error
