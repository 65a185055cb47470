"""The common parts of sources for installed libraries, which list models without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Source


def library_source(
    name: str,
    about: str,
    models: Callable[[], Iterable[Candidate]],
    build: Callable[[Mapping[str, Any]], Any],
    *,
    packages: tuple[str, ...],
    preload: tuple[str, ...] = (),
    extra: str = "models",
) -> Source:
    """Return the source of a library.

    Args:
        name: Short name of the library.
        about: One-line description.
        models: Lists all its models in a stable order (see `library_model`).
        build: Builds the model of a recipe (see `Source.build`).
        packages: Distributions whose versions influence the result.
        preload: Modules that a worker imports before its first model.
        extra: The extra of younger-hf that installs the packages, `""` without one.
    """
    return Source(
        name=name,
        about=about,
        candidates=lambda query: select_candidates(models(), query),
        build=build,
        packages=packages,
        preload=preload,
        extra=extra,
    )


def library_model(
    library: str,
    name: str,
    recipe: Mapping[str, Any],
    *,
    task: str,
    family: str,
    licence: str,
    version: str,
    variant: str = "",
) -> Candidate:
    """Return one model of a library.

    Args:
        library: Short name of the library.
        name: Name of the model in the library, of characters that a file name may have, or `/`.
        recipe: What `build` needs to know, as JSON values; its `kind` is added.
        task: Task as the Hugging Face Hub names it.
        family: Architecture family.
        licence: SPDX identifier.
        version: Version of the library.
        variant: How the model departs from its authors' definition (see `Candidate.variant`).
    """
    return Candidate(
        id=f"{library}--{name.replace('/', '--')}",
        hub=library,
        model=name,
        task=task,
        family=family,
        licence=licence,
        recipe={"kind": library, **recipe},
        revision=version,
        variant=variant,
    )
