"""The functions that every Go template has (`text/template/funcs.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from bot.engine.gotemplate.formatting import sprint, sprintf, sprintln
from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.values import (
    Budget,
    TemplateError,
    Uint8,
    Value,
    as_bytes,
    as_text,
    is_true,
    type_name,
    zero_element,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_HTML: Final = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"},
)
_SCRIPT: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}
_MOST_INDEXES: Final = 3


def _index(item: Value, *indexes: Value) -> Value:
    if item is None:
        raise TemplateError("index of untyped nil")
    for index in indexes:
        if item is None:
            raise TemplateError("index of nil")
        item = _at(item, index)
    return item


def _at(item: Value, index: Value) -> Value:
    match item:
        case list():
            return item[_position(index, len(item) - 1)]
        case str():
            data = as_bytes(item)
            return Uint8(data[_position(index, len(data) - 1)])
        case dict():
            if not isinstance(index, str):
                raise TemplateError(f"a mapping's key is a string, not {type_name(index)}")
            return item.get(index, zero_element(item))
        case _:
            raise TemplateError(f"cannot index a {type_name(item)}")


def _position(index: Value, last: int) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise TemplateError(f"cannot index with a {type_name(index)}")
    if not 0 <= index <= last:
        raise TemplateError(f"index out of range: {int(index)}")
    return int(index)


def _length(item: Value) -> int:
    if isinstance(item, str):
        return len(as_bytes(item))
    if isinstance(item, (list, dict)):
        return len(item)
    raise TemplateError(f"len of type {type_name(item)}")


# Comparisons.


def _kind(value: Value) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
        case _:
            return ""


def _equal(one: Value, *others: Value) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_same(one, other) for other in others)


def _same(one: Value, other: Value) -> bool:
    if _kind(one) != _kind(other):
        if one is None or other is None:
            return False
        raise TemplateError(f"incompatible types for comparison: {type_name(one)} and {type_name(other)}")
    if _kind(one):
        return bool(one == other)
    if one is None or other is None:
        return one is other
    if type(one) is not type(other) or isinstance(one, (list, dict)):
        raise TemplateError(f"{type_name(one)} and {type_name(other)} cannot be compared")
    return one is other


def _less(one: Value, other: Value) -> bool:
    if _kind(one) in ("", "bool") or _kind(other) in ("", "bool"):
        raise TemplateError("invalid type for comparison")
    if _kind(one) != _kind(other):
        raise TemplateError(f"incompatible types for comparison: {type_name(one)} and {type_name(other)}")
    if isinstance(one, str):
        return as_bytes(one) < as_bytes(other)
    return bool(one < other)


def _less_or_equal(one: Value, other: Value) -> bool:
    return _less(one, other) or _same(one, other)


# Escaping.


def _together(budget: Budget, values: Sequence[Value]) -> str:
    """Write arguments as one text, `evalArgs`."""
    return sprint(["<no value>" if one is None else one for one in values], budget)


def _html(budget: Budget, *values: Value) -> str:
    return _together(budget, values).translate(_HTML)


def _script(budget: Budget, *values: Value) -> str:
    return "".join(_script_letter(letter) for letter in _together(budget, values))


def _script_letter(letter: str) -> str:
    if letter in _SCRIPT:
        return _SCRIPT[letter]
    if letter < " " or not letter.isprintable():
        return f"\\u{ord(letter):04X}"
    return letter


def _query(budget: Budget, *values: Value) -> str:
    return quote_plus(as_bytes(_together(budget, values)))


def _slice(item: Value, *indexes: Value) -> Value:
    """Slice as the built-in does; sprig's own function of that name hides it."""
    if not isinstance(item, (str, list)):
        raise TemplateError(f"cannot slice a {type_name(item)}")
    if len(indexes) > _MOST_INDEXES - isinstance(item, str):
        raise TemplateError(f"too many slice indexes: {len(indexes)}")
    whole = as_bytes(item) if isinstance(item, str) else item
    bounds = [_position(index, len(whole)) for index in indexes]
    start, end = (*bounds, *[0, len(whole)][len(bounds) :])[:2]
    if start > end:
        raise TemplateError(f"invalid slice index: {start} > {end}")
    cut = whole[start:end]
    return as_text(cut) if isinstance(cut, bytes) else type(item)(cut)


def _refuse_call(*_: Value) -> Value:
    raise TemplateError("there is nothing here that can be called")


BUILTIN: Final[Table] = {
    "and": takes("any any*", _refuse_call),
    "call": takes("any any*", _refuse_call),
    "eq": takes("any any*", _equal),
    "ge": takes("any any", lambda one, other: not _less(one, other)),
    "gt": takes("any any", lambda one, other: not _less_or_equal(one, other)),
    "html": takes("$ any*", _html),
    "index": takes("any any*", _index),
    "js": takes("$ any*", _script),
    "le": takes("any any", _less_or_equal),
    "len": takes("any", _length),
    "lt": takes("any any", _less),
    "ne": takes("any any", lambda one, other: not _same(one, other)),
    "not": takes("any", lambda value: not is_true(value)),
    "or": takes("any any*", _refuse_call),
    "print": takes("$ any*", lambda budget, *values: sprint(values, budget)),
    "printf": takes("$ string any*", lambda budget, template, *values: sprintf(template, values, budget)),
    "println": takes("$ any*", lambda budget, *values: sprintln(values, budget)),
    "slice": takes("any any*", _slice),
    "urlquery": takes("$ any*", _query),
}
"""`and` and `or` are here for their names: they end early, so the execution does them itself."""
