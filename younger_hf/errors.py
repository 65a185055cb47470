"""Every exception younger_hf raises on purpose, in one tree.

::

    YoungerError                    one message, one hint; the CLI prints both and exits with 2
    ├── ModelReadError              an ONNX file that cannot be read as a model
    ├── RebuildError                a DAG that cannot be turned back into a model that runs
    ├── SourceError                 a hub, preset or folder that has not what was asked for; `RefusedError` of `retrieve` is one
    ├── ExportError                 a framework's model that could not be exported to ONNX
    │   └── SandboxError            a model that tried to leave the limits of its process
    ├── WorkspaceError              a workspace that cannot be used, or is in use
    ├── DatasetError                a dataset repo, config, split or row that is missing or damaged
    ├── MetricError                 predictions or references for which a metric is not defined
    ├── SubmissionError             a submission with problems; `problems` lists them all
    ├── BaselineError               a model, checkpoint or run folder that cannot be used
    ├── LeaderboardError            a board that cannot be reached or that refused a request
    └── MissingDependencyError      an optional package that is not installed
"""

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
    """Base of all errors raised on purpose.

    Args:
        message: What is wrong: which file or row, what was expected, what was found.
        hint: The next step, best a command to run; empty if there is none.
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
    """A DAG that cannot be turned back into a model that runs."""


class SourceError(YoungerError):
    """A hub, preset or folder that has not what was asked for."""


class ExportError(YoungerError):
    """A framework's model that could not be exported to ONNX."""


class SandboxError(ExportError, PermissionError):
    """A model that tried to leave the limits of its process; a `PermissionError`, too, for libraries that expect one."""


class WorkspaceError(YoungerError):
    """A workspace that cannot be used, or is in use."""


class DatasetError(YoungerError):
    """A dataset repo, config, split or row that is missing or damaged."""


class MetricError(YoungerError):
    """Predictions or references for which a metric is not defined."""


class SubmissionError(YoungerError):
    """A submission with problems.

    Args:
        message: One line that says how many problems of which kinds there are.
        hint: The next step.
        problems: One entry a problem, in the order of `submission.problems`; empty if the file could not be opened at
            all.
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
        package: The import name of what is missing.
        extra: The extra of younger-hf that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs the package {package!r}, which is not installed.", f"pip install 'younger-hf[{extra}]'"
        )
        self.package = package
        self.extra = extra
