"""submission.yaml: who submits what, made how."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import yaml
from yaml.reader import ReaderError

from younger_hf.errors import SubmissionError
from younger_hf.submission.format.metadata_fields import FIELDS, check_field
from younger_hf.submission.format.problems import Problem, in_order, listed, problem, quoted
from younger_hf.tasks import SUBMISSION_TRACKS

MAX_BYTES = 64 * 1024
"""Largest submission.yaml that is parsed."""

MAX_DEPTH = 8
"""Deepest nesting of submission.yaml that is parsed; its fields need two."""

FieldValue: TypeAlias = str | int | float | tuple[int, ...] | None


@dataclass(frozen=True)
class SubmissionMetadata:
    """What a submitter declares.

    Attributes:
        track: Config whose test split was predicted, as `operator_w_attrs`.
        dataset_version: Content hash of the dataset it was predicted from, as `sha256:...`.
        system: Name of the system.
        team: Name of the team.
        contact: How to reach the team.
        description: What the system is; may have several lines.
        code_url: http or https address of the code.
        paper_url: http or https address of a paper.
        parameters: Number of the system's trainable parameters.
        hardware: What it was trained on.
        train_hours: Hours of training.
        seeds: Seeds of the runs.
        extra_data: What was used beside the dataset.
    """

    track: str
    dataset_version: str
    system: str
    team: str
    contact: str = ""
    description: str = ""
    code_url: str = ""
    paper_url: str = ""
    parameters: int | None = None
    hardware: str = ""
    train_hours: float | None = None
    seeds: tuple[int, ...] = ()
    extra_data: str = ""


@dataclass(frozen=True)
class MetadataCheck:
    """What reading submission.yaml gave.

    Attributes:
        metadata: What it declares; `None` if there are problems.
        fields: The fields that are right, also when others are not.
        problems: Everything that is wrong with it.
    """

    metadata: SubmissionMetadata | None
    fields: Mapping[str, FieldValue]
    problems: tuple[Problem, ...]


def read_metadata(path: str | Path, tracks: Sequence[str] = SUBMISSION_TRACKS) -> SubmissionMetadata:
    """Read submission.yaml.

    Args:
        path: The file.
        tracks: Tracks that it may name; a board may offer fewer than there are.

    Raises:
        SubmissionError: If there are problems; it holds them all.
    """
    return _accepted(check_metadata(Path(path), tracks), path)


def write_metadata(path: str | Path, metadata: SubmissionMetadata) -> None:
    """Write submission.yaml; optional fields that are empty are left out.

    Raises:
        SubmissionError: If the metadata would not be valid; nothing is written.
    """
    accepted = _accepted(_check_fields(_as_yaml(metadata), Path(path).name), path)
    Path(path).write_text(yaml.safe_dump(_as_yaml(accepted), sort_keys=False, allow_unicode=True), encoding="utf-8")


def check_metadata(path: Path, tracks: Sequence[str] = SUBMISSION_TRACKS) -> MetadataCheck:
    """Read submission.yaml; whatever is wrong with it becomes a problem. Arguments as for `read_metadata`."""
    name = path.name
    if not path.is_file():
        hint = "Write it with the fields track, dataset_version, system and team."
        return _failed([problem("metadata_missing", name, "a file", "nothing", hint)])
    if path.stat().st_size > MAX_BYTES:
        return _failed(
            [problem("metadata_unreadable", name, f"at most {MAX_BYTES:,} bytes", f"{path.stat().st_size:,}")]
        )
    try:
        text = path.read_text(encoding="utf-8")
        unsafe = _unsafe_syntax(text)
        if unsafe:
            return _failed([problem("metadata_unreadable", name, "plain values", unsafe, "Write the values out.")])
        repeated = _repeated_fields(text, name)
        raw = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        return _failed([problem("metadata_unreadable", name, "UTF-8", f"other bytes at byte {error.start}")])
    except ReaderError as error:
        hint = "Type the text again without it."
        return _failed(
            [problem("metadata_forbidden_character", name, "no control characters", f"U+{error.character:04X}", hint)]
        )
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        return _failed(
            [problem("metadata_unreadable", name, "plain YAML", _reason(error), "Put texts with : or # into quotes.")]
        )
    if not isinstance(raw, dict):
        found = {type(None): "nothing", list: "a list"}.get(type(raw), "a single value")
        return _failed([problem("metadata_unreadable", name, "lines of the form `field: value`", found)])
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


def _failed(problems: list[Problem], fields: Mapping[str, FieldValue] = MappingProxyType({})) -> MetadataCheck:
    return MetadataCheck(None, fields, in_order(problems))


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or type(error).__name__
    return quoted(str(what)) + (f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "")


def _unsafe_syntax(text: str) -> str:
    """What of YAML could cost far more than its size: references to a part of itself, and deep nesting; empty if there is none.

    Raises:
        yaml.YAMLError: If it is no YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):  # lazily, so that what is too deep is not parsed further
        if isinstance(event, yaml.AliasEvent):
            return "a YAML alias (*)"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return f"values nested more than {MAX_DEPTH} deep"
    return ""


def _repeated_fields(text: str, name: str) -> list[Problem]:
    """Fields given twice, of which `safe_load` would silently keep the last."""
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
        hint = f"Known are: {', '.join(FIELDS)}."
        problems.append(problem("metadata_unknown_field", name, "known fields", f"also {listed(unknown)}", hint))
    fields: dict[str, FieldValue] = {}
    for field, spec in FIELDS.items():
        value = raw.get(field)
        value = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value
        if value is None or value == "":
            if spec.required:
                problems.append(
                    problem("metadata_missing_field", f"{name}, {field}", spec.expected, "nothing", spec.hint)
                )
            continue
        found = check_field(spec, value, f"{name}, {field}")
        if field == "track" and not found and value not in tracks:
            hint = f"One of: {', '.join(tracks)}."
            found = [problem("wrong_track", f"{name}, {field}", spec.expected, quoted(str(value)), hint)]
        problems += found
        if not found:
            fields[field] = float(value) if spec.kind == "float" and isinstance(value, int) else _typed(value)
    if problems:
        return _failed(problems, fields)
    return MetadataCheck(SubmissionMetadata(**fields), fields, ())  # type: ignore[arg-type]  # each field was checked by its kind


def _typed(value: object) -> FieldValue:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, str | int | float) else None
