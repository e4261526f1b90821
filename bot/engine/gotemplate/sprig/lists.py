"""Lists (sprig `list.go`, `defaults.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.sprig.conversion import integer_of, text_of, texts_of
from bot.engine.gotemplate.values import (
    Budget,
    Lists,
    NoList,
    Strings,
    TemplateError,
    Value,
    as_bytes,
    deep_copy,
    deep_equal,
    is_true,
    kind_name,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def _list(value: Value, verb: str) -> list[Value]:
    if isinstance(value, list):
        return value
    raise TemplateError(f"cannot {verb} a {kind_name(value)}")


def _contains(budget: Budget, values: list[Value], wanted: Value) -> bool:
    return any(deep_equal(wanted, one, budget) for one in values)


def _has(budget: Budget, wanted: Value, values: Value) -> bool:
    return values is not None and _contains(budget, _list(values, "look through"), wanted)


def _unique(budget: Budget, value: Value) -> list[Value]:
    found: list[Value] = []
    for one in _list(value, "make unique"):
        if not _contains(budget, found, one):
            found.append(one)
    return found


def _without(budget: Budget, value: Value, *left_out: Value) -> list[Value]:
    return [one for one in _list(value, "leave out of") if not _contains(budget, list(left_out), one)]


def _sorted(budget: Budget, value: Value) -> Strings:
    if not isinstance(value, list):
        return Strings([text_of(budget, value)])
    return Strings(sorted(texts_of(budget, value), key=as_bytes))


def _chunks(budget: Budget, size: int, value: Value) -> Lists:
    values = _list(value, "chunk")
    if size <= 0:
        raise TemplateError("chunk needs a size above 0")
    budget.spend(len(values))
    return Lists(list(values[start : start + size]) for start in range(0, len(values), size))


def _slice(value: Value, *bounds: Value) -> Value:
    values = _list(value, "slice")
    if not values:
        return None
    start = integer_of(bounds[0]) if bounds else 0
    end = integer_of(bounds[1]) if len(bounds) > 1 else len(values)
    if not 0 <= start <= end <= len(values):
        raise TemplateError(f"slice bounds out of range: {start} to {end} of {len(values)}")
    return type(value)(values[start:end])


def _concatenated(budget: Budget, *values: Value) -> list[Value]:
    parts = [_list(value, "concat") for value in values]
    budget.spend(sum(map(len, parts)))
    return [one for part in parts for one in part] or NoList()


def _end(value: Value, place: int, verb: str) -> Value:
    values = _list(value, verb)
    return values[place] if values else None


def _copied(budget: Budget, value: Value) -> Value:
    if value is None:
        raise TemplateError("nothing cannot be copied")
    return deep_copy(value, budget)


def _cut(values: list[Value], start: int, end: int | None) -> list[Value]:
    return list(values[start:end]) if values else NoList()


def _default(default: Value, *given: Value) -> Value:
    return given[0] if given and is_true(given[0]) else default


def _type_is_like(wanted: str, value: Value) -> bool:
    return type_name(value) in (wanted, f"*{wanted}")


def _or_must(names: dict[str, tuple[str, Callable[..., Value]]]) -> dict[str, tuple[str, Callable[..., Value]]]:
    """Give each function its second name: `must…` returns an error where the other panics, and both end a template."""
    return {**names, **{f"must{name[0].upper()}{name[1:]}": found for name, found in names.items()}}


_LISTS: Final = _or_must(
    {
        "append": ("any any", lambda value, one: [*_list(value, "append to"), one]),
        "chunk": ("$ int any", _chunks),
        "compact": ("any", lambda value: [one for one in _list(value, "compact") if is_true(one)]),
        "deepCopy": ("$ any", _copied),
        "first": ("any", lambda value: _end(value, 0, "take the first of")),
        "has": ("$ any any", _has),
        "initial": ("any", lambda value: _cut(_list(value, "take all but the last of"), 0, -1)),
        "last": ("any", lambda value: _end(value, -1, "take the last of")),
        "prepend": ("any any", lambda value, one: [one, *_list(value, "prepend to")]),
        "push": ("any any", lambda value, one: [*_list(value, "push to"), one]),
        "rest": ("any", lambda value: _cut(_list(value, "take the rest of"), 1, None)),
        "reverse": ("any", lambda value: list(reversed(_list(value, "reverse")))),
        "slice": ("any any*", _slice),
        "uniq": ("$ any", _unique),
        "without": ("$ any any*", _without),
    }
)

LISTS: Final[Table] = {
    **{name: takes(signature, call) for name, (signature, call) in _LISTS.items()},
    "all": takes("any*", lambda *values: all(map(is_true, values))),
    "any": takes("any*", lambda *values: any(map(is_true, values))),
    "coalesce": takes("any*", lambda *values: next((one for one in values if is_true(one)), None)),
    "concat": takes("$ any*", _concatenated),
    "deepEqual": takes("$ any any", lambda budget, one, other: deep_equal(one, other, budget)),
    "default": takes("any any*", _default),
    "empty": takes("any", lambda value: not is_true(value)),
    "kindIs": takes("string any", lambda wanted, value: kind_name(value) == wanted),
    "kindOf": takes("any", kind_name),
    "list": takes("any*", lambda *values: list(values)),
    "sortAlpha": takes("$ any", _sorted),
    "ternary": takes("any any bool", lambda then, otherwise, condition: then if condition else otherwise),
    "tuple": takes("any*", lambda *values: list(values)),
    "typeIs": takes("string any", lambda wanted, value: type_name(value) == wanted),
    "typeIsLike": takes("string any", _type_is_like),
    "typeOf": takes("any", type_name),
}
