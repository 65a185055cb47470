"""submission.yaml: the declaration of a submission, as a dataclass that pydantic validates."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_type_hints

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from yaml.reader import ReaderError

from younger_hf.errors import SubmissionError
from younger_hf.files import write_text
from younger_hf.submission.format.metadata_fields import (
    Meaning,
    check_hash,
    check_line,
    check_lines,
    check_seeds,
    check_track,
    check_url,
    problems_of,
)
from younger_hf.submission.format.problems import Problem, in_order, listed, problem, quoted
from younger_hf.tasks import SUBMISSION_TRACKS

MAX_BYTES = 64 * 1024
"""Largest submission.yaml that is parsed."""

MAX_DEPTH = 8
"""Deepest nesting of submission.yaml that is parsed; its fields need two."""

_MOST_PARAMETERS = 10**15
_MOST_HOURS = 10**7

_Line = Annotated[str, Field(strict=True, max_length=200), AfterValidator(check_line), Meaning("text")]
_Name = Annotated[str, Field(strict=True, max_length=80), AfterValidator(check_line)]
_Text = Annotated[
    str, Field(strict=True, max_length=4000), AfterValidator(check_lines), Meaning("text", has_lines=True)
]
_Url = Annotated[
    str, Field(strict=True, max_length=500), AfterValidator(check_url), Meaning("an http or https address")
]
_Track = Annotated[
    str,
    Field(strict=True, max_length=100),
    AfterValidator(check_track),
    Meaning("a track", f"One of: {', '.join(SUBMISSION_TRACKS)}."),
]
_Hash = Annotated[
    str,
    Field(strict=True, max_length=100),
    AfterValidator(check_hash),
    Meaning("a content hash, sha256: and 64 hex digits", "Copy content_hash from the dataset's manifest.json."),
]
_Parameters = Annotated[
    int,
    Field(strict=True, ge=0, le=_MOST_PARAMETERS),
    Meaning("an integer", "Write all digits: 1000000, not 1e6 or 1M.", _MOST_PARAMETERS),
]
_Hours = Annotated[float, Field(strict=True, ge=0, le=_MOST_HOURS), Meaning("a number of hours", "", _MOST_HOURS)]
_Seeds = Annotated[
    tuple[int, ...],
    BeforeValidator(check_seeds),
    Meaning("a list of integers", "For example: seeds: [0, 1, 2]"),
]


@dataclass(frozen=True)
class SubmissionMetadata:
    """The declaration of a submission.

    Attributes:
        track: Config whose test split was predicted, such as `operator_w_attrs`.
        dataset_version: Content hash of the dataset, `sha256:` and 64 hex digits.
        system: Name of the system.
        team: Name of the team.
        contact: How to reach the team.
        description: Description of the system; may have several lines.
        code_url: http or https address of the code.
        paper_url: http or https address of a paper.
        parameters: Number of the system's trainable parameters.
        hardware: The hardware that it was trained on.
        train_hours: Hours of training.
        seeds: Seeds of the runs.
        extra_data: Data used in addition to the dataset.
    """

    track: _Track
    dataset_version: _Hash
    system: Annotated[_Name, Meaning("the system's name", "For example: system: GCN, 2 layers")]
    team: Annotated[_Name, Meaning("the team's name", "For example: team: Example University")]
    contact: _Line = ""
    description: _Text = ""
    code_url: _Url = ""
    paper_url: _Url = ""
    parameters: _Parameters | None = None
    hardware: _Line = ""
    train_hours: _Hours | None = None
    seeds: _Seeds = ()
    extra_data: _Text = ""


def _meaning_of(annotation: Any) -> Meaning:
    """Find the description of a field in its type, which is `X` or `X | None`."""
    for part in (annotation, *get_args(annotation)):
        for note in getattr(part, "__metadata__", ()):
            if isinstance(note, Meaning):
                return note
    raise TypeError(f"a field of type {annotation} without a Meaning")


FIELDS: Mapping[str, Meaning] = MappingProxyType(
    {name: _meaning_of(hint) for name, hint in get_type_hints(SubmissionMetadata, include_extras=True).items()}
)
"""Field name -> how messages describe it, in the order in which the fields are written."""

_ADAPTER = TypeAdapter(SubmissionMetadata)


@dataclass(frozen=True)
class MetadataCheck:
    """The result of reading submission.yaml.

    Attributes:
        metadata: The declaration; `None` if there are problems.
        fields: The fields without problems, even if others have some.
        problems: Everything that is wrong with it.
    """

    metadata: SubmissionMetadata | None
    fields: Mapping[str, Any]
    problems: tuple[Problem, ...]


def read_metadata(path: str | Path, tracks: Sequence[str] = SUBMISSION_TRACKS) -> SubmissionMetadata:
    """Read submission.yaml.

    Args:
        path: The file.
        tracks: Tracks that it may name; a board may offer only some of them.

    Raises:
        SubmissionError: If there are problems; it lists all of them.
    """
    return _accepted(check_metadata(Path(path), tracks), path)


def write_metadata(path: str | Path, metadata: SubmissionMetadata) -> None:
    """Write submission.yaml without its empty optional fields.

    Raises:
        SubmissionError: If the metadata are not valid; nothing is written.
    """
    accepted = _accepted(_check_fields(_as_yaml(metadata), Path(path).name), path)
    write_text(Path(path), yaml.safe_dump(_as_yaml(accepted), sort_keys=False, allow_unicode=True))


def check_metadata(path: Path, tracks: Sequence[str] = SUBMISSION_TRACKS) -> MetadataCheck:
    """Read submission.yaml and collect all its problems; arguments are those of `read_metadata`."""
    name = path.name
    if not path.is_file():
        hint = "Write it with the fields track, dataset_version, system and team."
        return _failed(problem("metadata_missing", name, "a file", "nothing", hint))
    if path.stat().st_size > MAX_BYTES:
        size = f"{path.stat().st_size:,}"
        return _failed(problem("metadata_unreadable", name, f"at most {MAX_BYTES:,} bytes", size))
    try:
        text = path.read_text(encoding="utf-8")
        unsafe = _unsafe_syntax(text)
        if unsafe:
            return _failed(problem("metadata_unreadable", name, "plain values", unsafe, "Write the values out."))
        repeated = _repeated_fields(text, name)
        raw = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        return _failed(problem("metadata_unreadable", name, "UTF-8", f"other bytes at byte {error.start}"))
    except ReaderError as error:
        code, got = "metadata_forbidden_character", f"U+{error.character:04X}"
        return _failed(problem(code, name, "no control characters", got, "Type the text again without it."))
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        hint = "Put texts with : or # into quotes."
        return _failed(problem("metadata_unreadable", name, "plain YAML", _reason(error), hint))
    if not isinstance(raw, dict):
        found = {type(None): "nothing", list: "a list"}.get(type(raw), "a single value")
        return _failed(problem("metadata_unreadable", name, "lines of the form `field: value`", found))
    return _check_fields(raw, name, repeated, tracks)


def _accepted(checked: MetadataCheck, path: str | Path) -> SubmissionMetadata:
    if checked.metadata is not None:
        return checked.metadata
    shown = " ".join(f"[{number}] {each}" for number, each in enumerate(checked.problems, start=1))
    raise SubmissionError(f"{path}: {shown}", "Required are track, dataset_version, system and team.", checked.problems)


def _as_yaml(metadata: SubmissionMetadata) -> dict[object, object]:
    fields = asdict(metadata)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if value not in (None, "", ())
    }


def _failed(only: Problem) -> MetadataCheck:
    return MetadataCheck(None, {}, (only,))


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or type(error).__name__
    return quoted(str(what)) + (f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "")


def _unsafe_syntax(text: str) -> str:
    """Find syntax that can cost far more than its size: references and deep nesting.

    Returns:
        A description of it; empty if there is nothing of the kind.

    Raises:
        yaml.YAMLError: If the text is not YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):  # lazily: what is nested too deeply is not parsed further
        if isinstance(event, yaml.AliasEvent):
            return "a YAML alias (*)"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return f"values nested more than {MAX_DEPTH} deep"
    return ""


def _repeated_fields(text: str, name: str) -> list[Problem]:
    """Name the fields that occur twice; `safe_load` would silently keep the last one."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return []
    counts = Counter(key.value for key, _ in root.value if isinstance(key, yaml.ScalarNode))
    return [
        problem("metadata_duplicate_field", f"{name}, {quoted(key)}", "every field once", f"it {count} times")
        for key, count in counts.items()
        if count > 1
    ]


def _check_fields(
    raw: Mapping[object, object],
    name: str,
    earlier: Sequence[Problem] = (),
    tracks: Sequence[str] = SUBMISSION_TRACKS,
) -> MetadataCheck:
    problems = list(earlier)
    unknown = [
        str(key) if isinstance(key, str | int | float) else type(key).__name__ for key in raw if key not in FIELDS
    ]
    if unknown:
        hint = f"The known fields are: {', '.join(FIELDS)}."
        problems.append(problem("metadata_unknown_field", name, "known fields", f"also {listed(unknown)}", hint))
    fields = {field: _normalised(raw[field]) for field in FIELDS if field in raw}
    fields = {field: value for field, value in fields.items() if value is not None and value != ""}
    metadata = None
    try:
        metadata = _ADAPTER.validate_python(fields, context={"tracks": tracks})
    except ValidationError as error:
        for each in error.errors(include_url=False):
            field = str(each["loc"][0])
            fields.pop(field, None)
            problems += problems_of(each, FIELDS[field], f"{name}, {field}")
    return MetadataCheck(None, fields, in_order(problems)) if problems else MetadataCheck(metadata, fields, ())


def _normalised(value: object) -> object:
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value
