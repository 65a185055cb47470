"""Pickles of graphs as plain data: the opcodes are interpreted here, and nothing is imported, called or built by them.

A pickle is a program. Python's own unpickler runs it, even with a `find_class` that refuses names. This one knows the
opcodes that protocols 2 to 5 use for numbers, text and containers, gives objects of a few known classes as records of
what they were made of, and refuses every other name.
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
"""What is made empty, to be filled by other instructions."""
_FILLED: Mapping[str, Callable[[Any], Any]] = {"builtins.set": set, "builtins.frozenset": frozenset}
"""What protocols 2 and 3 fill at once."""
GRAPHS = frozenset(
    f"networkx.classes.{name.lower()}.{name}" for name in ("Graph", "DiGraph", "MultiGraph", "MultiDiGraph")
)
"""The classes of graphs."""
_RECORDS = GRAPHS.union(
    [f"networkx.classes.reportviews.{name}" for name in _VIEWS.split()],
    [f"networkx.classes.coreviews.{name}" for name in ("AtlasView", "AdjacencyView", "MultiAdjacencyView")],
)
_ENCODE = "_codecs.encode"
"""How protocol 2 writes bytes: as text, to be encoded in Latin-1."""
_SCALARS = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "bool"))
ALLOWED = frozenset({*_EMPTY, *_FILLED, *_RECORDS, *_SCALARS, _ENCODE})
"""Every name that a pickle may refer to."""

_KEYS = (str, int, float, bytes, type(None))
"""What may be a key or in a set. Tuples may not: hashing one that holds another twice, and so on, never ends."""


LARGEST = 1 << 28
"""Bytes of a pickle."""
MOST_OPCODES = 40_000_000
MOST_MEMORY = 2_000_000_000
"""Bytes that what a pickle describes can take at most, as far as its instructions tell."""
DEEPEST = 1 << 16
"""Entries of the stack, and open marks."""
INTEGER_BITS = 64

_HINT = "A graph has no use for it: do not open the file with Python's pickle."


@dataclass(frozen=True, eq=False)
class ClassName:
    """A reference to a class or function: its name, and nothing else of it."""

    name: str


@dataclass(eq=False)
class Record:
    """An object: the full name of its class, and the state that it would have been given."""

    name: str
    state: dict[Any, Any] = field(default_factory=dict, repr=False)


def read_pickle(data: bytes, where: str) -> Any:
    """What a pickle describes: None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset and `Record`.

    Containers that the pickle refers to several times are the same object, so that what is returned takes no more memory than the
    pickle has instructions for; but who walks through it may come across one any number of times, or go in circles.

    Args:
        data: The pickle.
        where: Its name, for messages.

    Raises:
        SourceError: If it refers to any other class or function, which the message names; if it is damaged, or larger than a graph.
    """
    if len(data) > LARGEST:
        raise SourceError(f"{where}: the pickle has {len(data):,} bytes, expected at most {LARGEST:,}.")
    try:
        return _Machine(where).run(data)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        said = f"{type(error).__name__}: {error!s:.100}"
        raise SourceError(f"{where}: the pickle is damaged or cut off ({said}).", "Download it again.") from error


class _Machine:
    """The stack, what it was when marks were set, and the memo."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._spent = 0

    def run(self, data: bytes) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            name = opcode.name
            self._spend(_COSTS.get(name, 48) + (4 * len(argument) if isinstance(argument, str | bytes) else 0))
            if count >= MOST_OPCODES:
                raise self._refused(f"more than {MOST_OPCODES:,} opcodes")
            if len(self._stack) > DEEPEST or len(self._outer) > DEEPEST:
                raise self._refused(f"more than {DEEPEST:,} values that wait for each other")
            if name == "STOP":
                return self._stack.pop()
            self._step(name, argument)
        raise ValueError("it has no end")

    def _spend(self, memory: int) -> None:
        self._spent += memory
        if self._spent > MOST_MEMORY:
            raise self._refused(f"what takes more than {MOST_MEMORY:,} bytes of memory")

    def _refused(self, what: str) -> SourceError:
        return SourceError(f"{self._where}: refused {what}; expected a networkx graph. Nothing of it was run.", _HINT)

    def _step(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _TEXTS:
            stack.append(argument)
        elif name in _INTEGERS:
            if argument.bit_length() > INTEGER_BITS:
                raise self._refused(f"a number of {argument.bit_length():,} bits")
            stack.append(argument)
        elif name in _MADE:
            stack.append(_MADE[name]())
        elif name in _TUPLES:
            if len(stack) < _TUPLES[name]:
                raise IndexError("the stack is empty")
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name in _MARKED:
            self._stack = self._outer.pop()
            _MARKED[name](self._stack, stack)
        elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
            self._memo[len(self._memo) if argument is None else argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name == "MARK":
            self._outer.append(stack)
            self._stack = []
        elif name not in ("PROTO", "FRAME"):
            self._build(name, argument)

    def _build(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name == "GLOBAL":
            stack.append(self._class(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            qualified, module = stack.pop(), stack.pop()
            stack.append(self._class(module, qualified))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, named = stack.pop(), stack.pop()
            stack.append(self._made(named, arguments))
        elif name == "BUILD":
            state = stack.pop()
            _restore(stack[-1], state)
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
            raise TypeError("a name is no text")
        found = f"{'builtins' if module == '__builtin__' else module}.{qualified}"  # as Python 2 names it
        if found not in ALLOWED:
            raise self._refused(f"the name {_shown(found)!r}")
        return ClassName(found)

    def _made(self, named: object, arguments: object) -> Any:
        if not isinstance(named, ClassName) or not isinstance(arguments, tuple):
            raise TypeError("an object has no class")
        if named.name in _RECORDS:
            if arguments:
                raise TypeError("a graph has arguments")
            return Record(named.name)
        if named.name == _ENCODE:
            text, encoding = arguments
            if not isinstance(text, str) or encoding != "latin1":
                raise TypeError("bytes are no Latin-1 text")
            self._spend(len(text))  # which the pickle may have once, and ask for any number of times
            return text.encode("latin1")
        if named.name in _EMPTY:
            if any(not isinstance(argument, ClassName) for argument in arguments):  # the factory of a defaultdict
                raise TypeError(f"{named.name} is given elements at once")
            return _EMPTY[named.name]()
        if named.name not in _FILLED or len(arguments) != 1 or not isinstance(arguments[0], list | tuple):
            raise TypeError(f"{named.name} has arguments that no graph gives it")
        self._spend(128 * len(arguments[0]))
        return _FILLED[named.name](_keys(arguments[0]))


def _restore(target: object, state: object) -> None:
    if not isinstance(target, Record) or target.state:
        raise TypeError("a state is given to what has none, or has one")
    parts = [part for part in (state if isinstance(state, tuple) else (state,)) if part is not None]
    if len(parts) != 1 or not isinstance(parts[0], dict):  # of classes with slots: None and a dictionary
        raise TypeError("a state is no dictionary")
    target.state = parts[0]


def _keys(values: Any) -> Any:
    for value in values:
        if not isinstance(value, _KEYS):
            raise TypeError(f"a key is a {type(value).__name__}")
    return values


def _set_items(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not dict or len(items) % 2:
        raise TypeError("items are given to what is no dictionary")
    stack[-1].update(zip(_keys(items[::2]), items[1::2], strict=True))


def _append(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not list:
        raise TypeError("elements are given to what is no list")
    stack[-1].extend(items)


def _add(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not set:
        raise TypeError("elements are given to what is no set")
    stack[-1].update(_keys(items))


def _shown(name: str) -> str:
    """A name as one short printable word."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:100])


_INTEGERS = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "LONG4"})
_TEXTS = frozenset(
    {f"{size}BIN{kind}" for size in ("SHORT_", "") for kind in ("UNICODE", "BYTES")}
    | {"BINUNICODE8", "BINBYTES8", "BINFLOAT"}
)
_MADE: Mapping[str, Callable[[], Any]] = {
    **{"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": set, "EMPTY_TUPLE": tuple},
    **{"NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False},
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARKED: Mapping[str, Callable[[list[Any], list[Any]], object]] = {
    "TUPLE": lambda stack, items: stack.append(tuple(items)),
    "FROZENSET": lambda stack, items: stack.append(frozenset(_keys(items))),
    "SETITEMS": _set_items,
    "APPENDS": _append,
    "ADDITEMS": _add,
    "POP_MARK": lambda stack, items: None,
}
_COSTS = {
    **{"EMPTY_DICT": 232, "EMPTY_SET": 216, "FROZENSET": 216, "REDUCE": 232, "NEWOBJ": 400, "EMPTY_LIST": 120},
    **dict.fromkeys(("MEMOIZE", "BINPUT", "LONG_BINPUT"), 100),
}
"""Bytes of what an instruction makes, room for its first elements among them; of others less than its place in a container."""
