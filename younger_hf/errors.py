"""Every exception that younger_hf raises on purpose, in one tree."""

# YoungerError                    a message and a hint; the command line prints both, exit code 2
# ├── ModelReadError              an ONNX file cannot be read as a model
# ├── RebuildError                a Dag cannot be turned into a model that runs
# ├── SourceError                 a hub, preset or folder lacks what was requested
# ├── ExportError                 a framework's model cannot be exported to ONNX
# │   └── SandboxError            a model tried to exceed the limits of its process
# ├── WorkspaceError              a workspace cannot be used, or is in use
# ├── DatasetError                a dataset repository, config, split or row is missing or damaged
# ├── MetricError                 a metric is not defined for these predictions or references
# ├── SubmissionError             a submission has problems; `problems` lists them all
# ├── BaselineError               a model, checkpoint or run folder cannot be used
# ├── LeaderboardError            a board cannot be reached, or refused a request
# └── MissingDependencyError      an optional package is not installed

from __future__ import annotations

__all__ = [
    "BaselineError",
    "DatasetError",
    "ExportError",
    "LeaderboardError",
    "MetricError",
    "MissingDependencyError",
    "ModelReadError",
    "RebuildError",
    "SandboxError",
    "SourceError",
    "SubmissionError",
    "WorkspaceError",
    "YoungerError",
]


class YoungerError(Exception):
    """Base class of all errors raised on purpose.

    Args:
        message: The problem: which file or row, what was expected, what was found.
        hint: The next step, preferably a command to run; empty if unknown.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nHint: {self.hint}" if self.hint else self.message


class ModelReadError(YoungerError):
    """An ONNX file that cannot be read as a model."""


class RebuildError(YoungerError):
    """A Dag that cannot be turned into a model that runs."""


class SourceError(YoungerError):
    """A hub, preset or folder that lacks what was requested."""


class ExportError(YoungerError):
    """A framework's model that cannot be exported to ONNX."""


class SandboxError(ExportError, PermissionError):
    """A model that tried to exceed the limits of its process.

    It is a `PermissionError` as well, for libraries that expect one.
    """


class WorkspaceError(YoungerError):
    """A workspace that cannot be used, or is in use."""


class DatasetError(YoungerError):
    """A dataset repository, config, split or row that is missing or damaged."""


class MetricError(YoungerError):
    """Predictions or references for which a metric is not defined."""


class SubmissionError(YoungerError):
    """A submission with problems.

    Args:
        message: One line with the number of problems of each kind.
        hint: The next step.
        problems: One entry per problem; empty if the file could not be opened at all.
    """

    def __init__(self, message: str, hint: str = "", problems: tuple[object, ...] = ()) -> None:
        super().__init__(message, hint)
        self.problems = problems


class BaselineError(YoungerError):
    """A model, checkpoint or run folder that cannot be used."""


class LeaderboardError(YoungerError):
    """A board that cannot be reached or that refused a request."""


class MissingDependencyError(YoungerError):
    """An optional package that is not installed.

    Args:
        package: The import name of the missing package.
        extra: The extra of younger-hf that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs the package {package!r}, which is not installed.", f"pip install 'younger-hf[{extra}]'"
        )
        self.package = package
        self.extra = extra
