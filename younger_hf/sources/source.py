"""The interface of a source: it lists candidates, fetches what they need, and builds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from younger_hf.sources.candidate import Candidate

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Query:
    """Which models of a source to list; filters that a source does not support are ignored.

    Attributes:
        only: Shell patterns (`fnmatch`) of model names, such as `resnet*`; empty for all.
        tasks: Tasks as the Hugging Face Hub names them; empty for all.
        libraries: Libraries as the Hugging Face Hub names them; empty for all.
        search: Words that the name contains.
        since: Earliest time of the last change, ISO 8601; `""` for all.
        min_likes: Fewest likes.
        limit: Most candidates; None for all.
        options: Other settings of one source, such as `{"path": "models"}`.
    """

    only: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    search: str = ""
    since: str = ""
    min_likes: int = 0
    limit: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Page:
    """Candidates that were listed together.

    Attributes:
        candidates: Candidates in the source's order; a page may be empty.
        cursor: Beginning of the next page for `Source.pages` of the same query, valid later and in
            other processes; `""` after the last page.
    """

    candidates: tuple[Candidate, ...]
    cursor: str


@dataclass(frozen=True)
class TorchModel:
    """A PyTorch module with example inputs, ready for export.

    Attributes:
        module: A `torch.nn.Module`, built within `LazyWeights`.
        inputs: Name -> example tensor of each graph input, in the order of `forward`, which
            receives them by name.
        extra: Arguments of `forward` that are not graph inputs.
        positional: Whether `forward` receives the inputs by position; their names are then only
            those of the graph inputs.
        axes: Name -> axis -> name of the size, for inputs with dynamic axes; all shapes are static
            if it is empty.
        opset: Version of the default operator set to export, 0 for the usual one.
        notes: What else determines the graph: attention implementation, static or dynamic axes,
            reductions.
        then: Transformation of the exported model, applied before the values of its constants are
            dropped; its weights have no values by then.
    """

    module: Any
    inputs: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    positional: bool = False
    axes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    opset: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)
    then: Callable[[onnx.ModelProto], onnx.ModelProto] | None = None


def _fetch_nothing(candidate: Candidate, folder: Path) -> Mapping[str, Any]:
    return candidate.recipe


@dataclass(frozen=True)
class Source:
    """A place where models come from.

    Attributes:
        name: Its short name, such as `timm`; it builds the recipes of this `kind`.
        about: One-line description.
        candidates: Lists the matching candidates, lazily, in a stable order.
        pages: Lists the same page by page from a cursor on (`""` is the beginning), for long
            listings that may be interrupted. The caller keeps the cursor and applies the query's
            limit. None if listing is quick.
        build: Turns a recipe into a `TorchModel` or a finished `onnx.ModelProto`; called in a
            process of its own within `LazyWeights`. None for a hub whose recipes are all of other
            kinds.
        fetch: Fetches the minimum that `build` needs into a folder, and returns the recipe that
            refers to it.
        packages: Distributions whose versions influence the result.
        preload: Modules that a worker imports before its first model.
        extra: The extra of younger-hf that installs the packages, `""` without one.
    """

    name: str
    about: str
    candidates: Callable[[Query], Iterator[Candidate]]
    build: Callable[[Mapping[str, Any]], TorchModel | onnx.ModelProto] | None = None
    fetch: Callable[[Candidate, Path], Mapping[str, Any]] = _fetch_nothing
    pages: Callable[[Query, str], Iterator[Page]] | None = None
    packages: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    extra: str = ""
