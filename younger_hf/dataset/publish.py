"""A built dataset repo -> the Hub: what will change, one commit, then the version's tag; the answers into a private repo of their own."""

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

_KEPT = (".gitattributes",)
"""Files that the Hub itself puts into a repo."""
_LOGIN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write there; HF_ENDPOINT names another Hub."


@dataclass(frozen=True)
class Publication:
    """What publishing a release changes.

    Attributes:
        repo: The Hub's name of the dataset repo, `ORG/NAME`.
        tag: The version's tag.
        new: Whether the repo is made.
        added: Files that are new, sorted.
        changed: Files with another content, sorted.
        deleted: Files that the release no longer has, sorted.
        tagged: Whether the tag is there already; nothing is then left to do.
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
        """Everything that is uploaded."""
        return (*self.added, *self.changed)


def plan_publication(release: Release, repo: str) -> Publication:
    """Check a release, and compare it with what the Hub has.

    Raises:
        DatasetError: If the release is damaged or shows an answer, the version is published with another content, or the Hub cannot be
            reached.
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
    changed = tuple(sorted(path for path in local if path in remote and not _is_same(local[path], remote[path])))
    publication = Publication(
        repo=repo,
        tag=tag,
        new=new,
        added=tuple(sorted(set(local) - set(remote))),
        changed=changed,
        deleted=tuple(sorted(set(remote) - set(local) - set(_KEPT))),
        tagged=tagged,
    )
    if tagged and (publication.files or publication.deleted):
        raise DatasetError(
            f"{repo}: the version {release.version} is published already, with another content.",
            "Build with another --release.",
        )
    return publication


def publish(release: Release, publication: Publication, *, private: bool = False) -> str:
    """Upload what a plan says in one commit, and tag it; whatever breaks in between, the same call goes on.

    Args:
        release: The release that was planned.
        publication: The plan.
        private: Whether a new repo is private.

    Returns:
        Address of the repo on the Hub.

    Raises:
        DatasetError: If the Hub refuses or cannot be reached; the tag is set last, so no version is half there.
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
                f"{repo}: the answers go to a private repo only; this one is public.", "Name another one."
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
    """Paths of all that belongs to a release; nothing else of its folder is published."""
    yield from (CARD, MANIFEST)
    for splits in release.files.values():
        yield from splits.values()
    yield from sorted(
        path.relative_to(release.root).as_posix() for path in release.root.glob("figures/*.png") if path.is_file()
    )


def _check_hidden(release: Release) -> None:
    for config, splits in release.files.items():
        if "test" not in splits:
            continue
        shown = release.table(config, "test", ["graph_id", "y"])
        for row in shown.to_pylist():
            if any(label != UNKNOWN_LABEL for label in row["y"]):
                raise DatasetError(
                    f"{release.root / splits['test']}: row {row['graph_id']} shows its answer; expected {UNKNOWN_LABEL} in every y.",
                    "Build the dataset again.",
                )


def _remote(api: Any, repo: str) -> Mapping[str, Any]:
    tree = api.list_repo_tree(repo, repo_type="dataset", recursive=True)
    return {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}


def _is_same(path: Path, remote: Any) -> bool:
    """Whether a file has the content of one on the Hub, by the hash that the Hub names."""
    if remote.size != path.stat().st_size:
        return False
    content = path.read_bytes()
    if remote.lfs is not None:
        return bool(remote.lfs.sha256 == hashlib.sha256(content).hexdigest())
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)  # git's name of it
    return bool(remote.blob_id == blob.hexdigest())


def _api() -> Any:
    import huggingface_hub  # imported here: it takes longer than the whole of younger_hf

    return huggingface_hub.HfApi(library_name="younger-hf")


@contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    import httpx
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except HFValidationError as error:
        raise DatasetError(f"{repo}: expected ORG/NAME ({error}).") from error
    except (HfHubHTTPError, httpx.HTTPError, OSError, ValueError, RuntimeError) as error:  # the last: of a large file
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise DatasetError(f"{repo}: the Hub refuses, or cannot be reached ({reason}).", _LOGIN) from error
