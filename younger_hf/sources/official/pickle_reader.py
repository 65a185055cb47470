"""Reads pickled graphs as plain data: interprets opcodes; imports and calls nothing.

A pickle is a program. Python's own unpickler runs it, even with a `find_class` that returns inert
classes only (docs/decisions/0018-pickles-as-data.md). This interpreter knows the opcodes that
protocols 2 to 5 use for numbers, text and containers, returns objects of a few known classes as
records of their state, and refuses every other name.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from younger_hf.errors import SourceError

_VIEWS = """
NodeView NodeDataView EdgeView EdgeDataView OutEdgeView OutEdgeDataView InEdgeView InEdgeDataView MultiEdgeView
MultiEdgeDataView OutMultiEdgeView OutMultiEdgeDataView InMultiEdgeView InMultiEdgeDataView DegreeView DiDegreeView InDegreeView
OutDegreeView MultiDegreeView DiMultiDegreeView InMultiDegreeView OutMultiDegreeView
"""
_EMPTY: Mapping[str, Callable[[], Any]] = {
    **{f"builtins.{kind.__name__}": kind for kind in (dict, list, tuple, bytes)},
    **{"collections.OrderedDict": dict, "collections.defaultdict": dict},
}
"""Containers that are created empty, and filled by other opcodes."""
_FILLED: Mapping[str, Callable[[Any], Any]] = {"builtins.set": set, "builtins.frozenset": frozenset}
"""Containers that protocols 2 and 3 create with their elements."""
GRAPHS = frozenset(
    f"networkx.classes.{name.lower()}.{name}" for name in ("Graph", "DiGraph", "MultiGraph", "MultiDiGraph")
)
"""Full names of the classes of graphs."""
_RECORDS = GRAPHS.union(
    [f"networkx.classes.reportviews.{name}" for name in _VIEWS.split()],
    [f"networkx.classes.coreviews.{name}" for name in ("AtlasView", "AdjacencyView", "MultiAdjacencyView")],
)
_ENCODE = "_codecs.encode"
"""The function by which protocol 2 writes bytes: as text that is to be encoded in Latin-1."""
_SCALARS = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "bool"))
ALLOWED = frozenset({*_EMPTY, *_FILLED, *_RECORDS, *_SCALARS, _ENCODE})
"""Every name that a pickle may refer to."""

_KEYS = (str, int, float, bytes, type(None))
"""Types of keys and of elements of sets; nested tuples can take forever to hash."""

LARGEST = 1 << 28
"""Bytes of a pickle."""
MOST_OPCODES = 40_000_000
MOST_MEMORY = 2_000_000_000
"""Bytes of memory that the described values may take, by an estimate from the opcodes."""
DEEPEST = 1 << 16
"""Values on the stack, and open marks."""
INTEGER_BITS = 64

_HINT = "No graph needs it. Do not open the file with Python's pickle."


@dataclass(frozen=True, eq=False)
class ClassName:
    """A reference to a class or function, by name only."""

    name: str


@dataclass(eq=False)
class Record:
    """An object: the full name of its class, and its state."""

    name: str
    state: dict[Any, Any] = field(default_factory=dict, repr=False)


def read_pickle(data: bytes, where: str) -> Any:
    """Return the value that a pickle describes.

    Containers that the pickle shares are shared in the result, too, which may therefore unfold to
    any size, or contain itself: whoever traverses it must count what they visit.

    Args:
        data: The pickle.
        where: Its file, for messages.

    Returns:
        A None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset or `Record`.

    Raises:
        SourceError: If the pickle is damaged, too large, or uses anything but plain values and
            known classes.
    """
    if len(data) > LARGEST:
        raise SourceError(f"{where}: the pickle has {len(data):,} bytes, expected at most {LARGEST:,}.")
    try:
        return _Interpreter(where).run(data)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error!s:.100}"
        raise SourceError(f"{where}: the pickle is damaged or cut off ({reason}).", "Download it again.") from error


class _Interpreter:
    """The stack, the outer stacks below each open mark, and the memo."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._memory = 0

    def run(self, data: bytes) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            name = opcode.name
            size = 4 * len(argument) if isinstance(argument, str | bytes) else 0
            self._use_memory(_COSTS.get(name, 48) + size)
            if count >= MOST_OPCODES:
                raise self._refused(f"more than {MOST_OPCODES:,} opcodes")
            if len(self._stack) > DEEPEST or len(self._outer) > DEEPEST:
                raise self._refused(f"more than {DEEPEST:,} values on the stack")
            if name == "STOP":
                return self._stack.pop()
            self._execute(name, argument)
        raise ValueError("it has no end")

    def _use_memory(self, size: int) -> None:
        self._memory += size
        if self._memory > MOST_MEMORY:
            raise self._refused(f"values that take more than {MOST_MEMORY:,} bytes of memory")

    def _refused(self, what: str) -> SourceError:
        return SourceError(f"{self._where}: refused {what}; expected a networkx graph. None of it was run.", _HINT)

    def _execute(self, name: str, argument: Any) -> None:  # noqa: C901 - one case per kind of opcode
        stack = self._stack
        if name in _LITERALS:
            if isinstance(argument, int) and argument.bit_length() > INTEGER_BITS:
                raise self._refused(f"a number of {argument.bit_length():,} bits")
            stack.append(argument)
        elif name in _NEW_VALUES:
            stack.append(_NEW_VALUES[name]())
        elif name in _TUPLES:
            if len(stack) < _TUPLES[name]:
                raise IndexError("the stack is empty")
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name == "MARK":
            self._outer.append(stack)
            self._stack = []
        elif name in _MARKED:
            self._stack = self._outer.pop()
            _MARKED[name](self._stack, stack)
        elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
            self._memo[len(self._memo) if argument is None else argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name not in ("PROTO", "FRAME"):
            self._execute_on_objects(name, argument)

    def _execute_on_objects(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name == "GLOBAL":
            stack.append(self._class(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            qualified, module = stack.pop(), stack.pop()
            stack.append(self._class(module, qualified))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, called = stack.pop(), stack.pop()
            stack.append(self._construct(called, arguments))
        elif name == "BUILD":
            state = stack.pop()
            _set_state(stack[-1], state)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            _set_items(stack, [key, value])
        elif name == "APPEND":
            value = stack.pop()
            _append(stack, [value])
        elif name == "POP":
            stack.pop()
        else:
            raise self._refused(f"the opcode {name}")

    def _class(self, module: object, qualified: object) -> ClassName:
        if not isinstance(module, str) or not isinstance(qualified, str):
            raise TypeError("a name is not text")
        found = f"{'builtins' if module == '__builtin__' else module}.{qualified}"  # as Python 2 names it
        if found not in ALLOWED:
            raise self._refused(f"the name {_shown(found)!r}")
        return ClassName(found)

    def _construct(self, called: object, arguments: object) -> Any:
        if not isinstance(called, ClassName) or not isinstance(arguments, tuple):
            raise TypeError("an object has no class")
        if called.name in _RECORDS:
            if arguments:
                raise TypeError("a graph has arguments")
            return Record(called.name)
        if called.name == _ENCODE:
            text, encoding = arguments
            if not isinstance(text, str) or encoding != "latin1":
                raise TypeError("bytes that are not written as Latin-1 text")
            self._use_memory(len(text))  # a short pickle can encode one text any number of times
            return text.encode("latin1")
        if called.name in _EMPTY:
            if any(not isinstance(argument, ClassName) for argument in arguments):  # the factory of a defaultdict
                raise TypeError(f"{called.name} is created with elements")
            return _EMPTY[called.name]()
        if called.name not in _FILLED or len(arguments) != 1 or not isinstance(arguments[0], list | tuple):
            raise TypeError(f"{called.name} has arguments that it never has in a graph")
        self._use_memory(128 * len(arguments[0]))
        return _FILLED[called.name](_check_keys(arguments[0]))


def _set_state(target: object, state: object) -> None:
    if not isinstance(target, Record) or target.state:
        raise TypeError("a state for a value that cannot have one, or has one already")
    parts = [part for part in (state if isinstance(state, tuple) else (state,)) if part is not None]
    if len(parts) != 1 or not isinstance(parts[0], dict):  # classes with slots: None and a dictionary
        raise TypeError("a state that is not a dictionary")
    target.state = parts[0]


def _check_keys(values: Any) -> Any:
    for value in values:
        if not isinstance(value, _KEYS):
            raise TypeError(f"a key is a {type(value).__name__}")
    return values


def _set_items(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not dict or len(items) % 2:
        raise TypeError("items for a value that is not a dictionary")
    stack[-1].update(zip(_check_keys(items[::2]), items[1::2], strict=True))


def _append(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not list:
        raise TypeError("elements for a value that is not a list")
    stack[-1].extend(items)


def _add(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not set:
        raise TypeError("elements for a value that is not a set")
    stack[-1].update(_check_keys(items))


def _shown(name: str) -> str:
    """A name as a short printable text."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:100])


_LITERALS = frozenset(
    {f"{size}BIN{kind}" for size in ("SHORT_", "") for kind in ("UNICODE", "BYTES")}
    | {"BINUNICODE8", "BINBYTES8", "BINFLOAT", "BININT", "BININT1", "BININT2", "LONG1", "LONG4"}
)
_NEW_VALUES: Mapping[str, Callable[[], Any]] = {
    **{"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": set, "EMPTY_TUPLE": tuple},
    **{"NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False},
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARKED: Mapping[str, Callable[[list[Any], list[Any]], object]] = {
    "TUPLE": lambda stack, items: stack.append(tuple(items)),
    "FROZENSET": lambda stack, items: stack.append(frozenset(_check_keys(items))),
    "SETITEMS": _set_items,
    "APPENDS": _append,
    "ADDITEMS": _add,
    "POP_MARK": lambda stack, items: None,
}
_COSTS = {
    **{"EMPTY_DICT": 232, "EMPTY_SET": 216, "FROZENSET": 216, "REDUCE": 232, "NEWOBJ": 400, "EMPTY_LIST": 120},
    **dict.fromkeys(("MEMOIZE", "BINPUT", "LONG_BINPUT"), 100),
}
"""Estimated bytes of the value that an opcode creates; 48 for other opcodes."""
