"""Go's values: plain Python ones stand for most, and a class of its own for each other type that templates can tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""None, bool, int, float, str, list, dict, or one of the classes below. Text that is not UTF-8 has surrogates."""

MOST_STEPS: Final = 2_000_000
"""Steps for all templates of one ApplicationSet; a thousand Applications of twenty fields take about 200,000."""
LONGEST_TEXT: Final = 1_000_000
"""Characters of one text; etcd stores no object larger than 1.5 MB."""
DEEPEST: Final = 100
"""Levels of blocks, parentheses, template calls and values; Python's stack holds about three times that."""
_CHARACTERS_A_STEP: Final = 32
_HALVES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class TemplateError(Exception):
    """What is wrong with a template, in words; whoever knows the place adds it."""


class TooMuchError(TemplateError):
    """A template asks for more than any honest one needs."""


class Int64(int):
    """An `int64`: what sprig's arithmetic returns, and its functions that ask for an `int` refuse."""

    __slots__ = ()


class Uint8(int):
    """A byte: what `index` takes from a text."""

    __slots__ = ()


class Strings(list[str]):
    """A `[]string`."""

    __slots__ = ()


class NoStrings(Strings):
    """A `[]string` that is nil: as empty as another, but `null` in JSON."""

    __slots__ = ()


class NoList(list[Value]):
    """A `[]interface {}` that is nil."""

    __slots__ = ()


class Ints(list[int]):
    """A `[]int`."""

    __slots__ = ()


class Lists(list[list[Value]]):
    """A `[][]interface {}`."""

    __slots__ = ()


class StringMap(dict[str, str]):
    """A `map[string]string`: labels, annotations and the `values` of a generator."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A pointer to a struct: its exported fields can be read, and it prints as its `String()`."""

    type_name: str
    fields: tuple[tuple[str, Value], ...]
    text: str

    def field(self, name: str) -> Value:
        """Return a field; KeyError when the struct has none of that name."""
        return dict(self.fields)[name]


class Budget:
    """What rendering may still cost."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps off; raise TooMuchError when none are left."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchError(f"its templates take more than {MOST_STEPS:,} steps")

    def text(self, length: int) -> None:
        """Take off what a text costs that is about to be made."""
        if length > LONGEST_TEXT:
            raise TooMuchError(f"it makes a text of more than {LONGEST_TEXT:,} characters")
        self.spend(1 + max(length, 0) // _CHARACTERS_A_STEP)


_NAMES: Final[dict[type, str]] = {
    type(None): "<nil>",
    bool: "bool",
    int: "int",
    Int64: "int64",
    Uint8: "uint8",
    float: "float64",
    str: "string",
    list: "[]interface {}",
    Strings: "[]string",
    NoStrings: "[]string",
    NoList: "[]interface {}",
    Ints: "[]int",
    Lists: "[][]interface {}",
    dict: "map[string]interface {}",
    StringMap: "map[string]string",
}
_KINDS: Final = (
    (bool, "bool"),
    (int, "int"),
    (float, "float64"),
    (str, "string"),
    (list, "slice"),
    (dict, "map"),
    (Record, "ptr"),
)


def type_name(value: Value) -> str:
    """Return Go's name of a value's type, `%T`."""
    return value.type_name if isinstance(value, Record) else _NAMES[type(value)]


def kind_name(value: Value) -> str:
    """Return the name of a value's `reflect.Kind`."""
    if isinstance(value, (Int64, Uint8)):
        return type_name(value)
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "invalid")


SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What is a space to Go (`unicode.IsSpace`); Python's `isspace` has four more."""


def is_true(value: Value) -> bool:
    """Tell whether a value counts as true: not the zero of its type, and not empty."""
    return isinstance(value, Record) or bool(value)


def zero_element(container: Value) -> Value:
    """Return what a mapping gives for a key that it has not."""
    return "" if isinstance(container, StringMap) else None


def as_bytes(text: str) -> bytes:
    """Return a text as Go has it; half a surrogate pair, which JSON can spell, is no character there."""
    try:
        return text.encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        return _HALVES.sub("\ufffd", text).encode("utf-8", errors="surrogateescape")


def as_text(data: bytes) -> str:
    """Return bytes as text; what is not UTF-8 is kept as surrogates."""
    return data.decode("utf-8", errors="surrogateescape")


def as_go(value: Value, depth: int = 0) -> Value:
    """Return decoded JSON or YAML as `encoding/json` decodes it: every number a float64."""
    if depth > DEEPEST:
        raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels")
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case dict():
            return {str(key): as_go(one, depth + 1) for key, one in value.items()}
        case list():
            return [as_go(one, depth + 1) for one in value]
        case _:
            return value


def deep_equal(one: Value, other: Value, budget: Budget, depth: int = 0) -> bool:
    """Compare as `reflect.DeepEqual`: types count."""
    budget.spend()
    if depth > DEEPEST:
        raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels")
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            deep_equal(value, other[key], budget, depth + 1) for key, value in one.items()
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(
            deep_equal(mine, theirs, budget, depth + 1) for mine, theirs in zip(one, other, strict=True)
        )
    return bool(one == other)


def deep_copy(value: Value, budget: Budget, depth: int = 0) -> Value:
    """Copy a value with everything in it."""
    budget.spend()
    if depth > DEEPEST:
        raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        return type(value)((key, deep_copy(one, budget, depth + 1)) for key, one in value.items())
    if isinstance(value, list):
        return type(value)(deep_copy(one, budget, depth + 1) for one in value)
    return value
