"""What a source of models is: something that lists candidates, fetches the least they need, and builds them."""

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
    """Which of a source's models are meant; what a source cannot filter by, it ignores.

    Attributes:
        only: Shell patterns (`fnmatch`) of model names, as `resnet*`; empty for all.
        tasks: Tasks as the Hugging Face Hub names them; empty for all.
        libraries: Libraries as the Hugging Face Hub names them; empty for all.
        search: Words that the name contains.
        since: Only what was changed at that time or later, ISO 8601; `""` for all.
        min_likes: Fewest likes.
        limit: Most candidates; None for all.
        options: Other settings of one source, as `{"path": "models"}`.
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
        candidates: In the source's order; a page may have none.
        cursor: Where the next page begins, for `Source.pages` of the same query, whenever and wherever; `""` behind the last.
    """

    candidates: tuple[Candidate, ...]
    cursor: str


@dataclass(frozen=True)
class TorchModel:
    """A PyTorch module with example inputs, ready to be exported.

    Attributes:
        module: A `torch.nn.Module`, built within `LazyWeights`.
        inputs: Name -> example tensor of each graph input, in the order of `forward`, which gets them by name.
        extra: Arguments of `forward` that are no graph inputs.
        positional: Whether `forward` gets the inputs by position (its names are then only those of the graph inputs).
        axes: Name -> axis -> name of the size, of inputs whose shapes are to stay open; all shapes are static if it is empty.
        opset: Version of the default operator set to export, 0 for the usual one.
        notes: What changes the graph and should be known: attention implementation, static or dynamic axes, what was cut.
        then: What is done to the exported model before the values of its constants are dropped; its weights have none already.
    """

    module: Any
    inputs: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    positional: bool = False
    axes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    opset: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)
    then: Callable[[onnx.ModelProto], onnx.ModelProto] | None = None


def _nothing_to_fetch(candidate: Candidate, folder: Path) -> Mapping[str, Any]:
    return candidate.recipe


@dataclass(frozen=True)
class Source:
    """A place where models come from.

    Attributes:
        name: Its short name, as `timm`; recipes of this `kind` are built here.
        about: One line: what it has.
        candidates: Lists what there is, lazily, in a stable order.
        pages: Lists the same from a cursor on (`""` is the beginning), page by page, for listings that take long and break; whoever
            asks keeps the cursor and minds the query's limit. None if listing is quick.
        build: Recipe -> a `TorchModel`, or a finished `onnx.ModelProto`; called in a process of its own within `LazyWeights`.
            None for a hub whose recipes are all of other kinds.
        fetch: Gets the least that `build` needs into a folder, and returns the recipe that says where it is.
        packages: Distributions whose versions decide about the result.
        preload: Modules that a worker imports before it is given a model.
        extra: The extra of younger-hf that brings the packages; `""` if none does.
    """

    name: str
    about: str
    candidates: Callable[[Query], Iterator[Candidate]]
    build: Callable[[Mapping[str, Any]], TorchModel | onnx.ModelProto] | None = None
    fetch: Callable[[Candidate, Path], Mapping[str, Any]] = _nothing_to_fetch
    pages: Callable[[Query, str], Iterator[Page]] | None = None
    packages: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    extra: str = ""
