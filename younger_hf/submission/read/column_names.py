"""Checks the column names of a predictions file, which are the same in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from younger_hf.submission.format.problems import Problem, listed, problem
from younger_hf.task_types import Format
from younger_hf.tasks import TASKS

_INDEX_COLUMNS = ("", "Unnamed: 0", "__index_level_0__", "index")


def check_columns(names: Sequence[str], form: Format, where: str, row: int | None = None) -> list[Problem]:
    """Everything wrong with the columns of a file, or with the keys of one of its lines.

    Args:
        names: The column names.
        form: What the file should hold.
        where: File or row, for messages.
        row: Number of the row, if it is about one.
    """
    expected = form.names
    problems = [
        problem(
            "missing_column",
            where,
            f"a column {name!r}",
            f"the columns {listed(names)}" if names else "none",
            _missing_hint(names, form),
            row,
        )
        for name in expected
        if name not in names
    ]
    extra = [name for name in dict.fromkeys(names) if name not in expected]
    if extra:
        is_index = any(name in _INDEX_COLUMNS for name in extra)
        hint = (
            "pandas writes no index column with index=False."
            if is_index
            else f"Remove {'it' if len(extra) == 1 else 'them'}."
        )
        only = f"only the columns {' and '.join(expected)}"
        problems.append(problem("extra_column", where, only, f"also {listed(extra)}", hint, row))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        problems.append(
            problem(
                "duplicate_column",
                where,
                "every column once",
                f"{listed(twice)} more than once",
                "Keep one of them.",
                row,
            )
        )
    return problems


def usable(names: Sequence[str], form: Format) -> bool:
    """Whether each column occurs exactly once, which is enough to read the rows."""
    return all(names.count(name) == 1 for name in form.names)


def _missing_hint(names: Sequence[str], form: Format) -> str:
    own = {column.name for column in form.columns}
    others = [column.name for task in TASKS.values() for column in task.format.columns if column.name not in own]
    foreign = next((name for name in others if name in names), None)
    if foreign is not None and not own & set(names):
        return f"A file with {foreign!r} is for another task: check the track."
    return f"Name the columns {' and '.join(form.names)}."
