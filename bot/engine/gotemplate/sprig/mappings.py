"""Mappings (sprig `dict.go`, `dario.cat/mergo`)."""

from __future__ import annotations

from typing import Final

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.sprig.conversion import text_of
from bot.engine.gotemplate.values import DEEPEST, Budget, Strings, TemplateError, TooMuchError, Value, is_true

_FEWEST_TO_DIG: Final = 3


def merge_into(target: dict[str, Value], source: dict[str, Value], budget: Budget, *, overwrite: bool) -> None:
    """Merge a mapping into another, in place, as `mergo.Merge` does: empty values give way, others only if told to."""
    _merge(target, source, budget, overwrite=overwrite, depth=0)


def _merge(target: dict[str, Value], source: dict[str, Value], budget: Budget, *, overwrite: bool, depth: int) -> None:
    if depth > DEEPEST:
        raise TooMuchError(f"a value is nested deeper than {DEEPEST} levels")
    for key, value in list(source.items()):
        budget.spend()
        current = target.get(key)
        if value is None:
            if overwrite:
                target[key] = None
        elif isinstance(value, dict) and isinstance(current, dict) and current:
            if current is not value:
                _merge(current, value, budget, overwrite=overwrite, depth=depth + 1)
        elif overwrite or not is_true(current):
            target[key] = value


def _merged(
    budget: Budget, target: dict[str, Value], sources: tuple[dict[str, Value], ...], *, overwrite: bool
) -> dict[str, Value]:
    for source in sources:
        merge_into(target, source, budget, overwrite=overwrite)
    return target


def _dict(budget: Budget, *pairs: Value) -> dict[str, Value]:
    keys = [text_of(budget, key) for key in pairs[::2]]
    return dict(zip(keys, [*pairs[1::2], ""], strict=False))


def _set(mapping: dict[str, Value], key: str, value: Value) -> dict[str, Value]:
    mapping[key] = value
    return mapping


def _unset(mapping: dict[str, Value], key: str) -> dict[str, Value]:
    mapping.pop(key, None)
    return mapping


def _dig(*parameters: Value) -> Value:
    if len(parameters) < _FEWEST_TO_DIG:
        raise TemplateError("dig needs at least three arguments")
    *keys, default, found = parameters
    for key in keys:
        if type(found) is not dict or not isinstance(key, str):
            raise TemplateError("dig goes through mappings by keys that are text")
        if key not in found:
            return default
        found = found[key]
    return found


def _keys(*mappings: dict[str, Value]) -> Strings:
    """Return keys; Go has them in any order, here they are sorted."""
    return Strings(key for mapping in mappings for key in sorted(mapping))


MAPPINGS: Final[Table] = {
    "dict": takes("$ any*", _dict),
    "dig": takes("any*", _dig),
    "get": takes("map string", lambda mapping, key: mapping.get(key, "")),
    "hasKey": takes("map string", lambda mapping, key: key in mapping),
    "keys": takes("map*", _keys),
    "merge": takes("$ map map*", lambda budget, target, *more: _merged(budget, target, more, overwrite=False)),
    "mergeOverwrite": takes("$ map map*", lambda budget, target, *more: _merged(budget, target, more, overwrite=True)),
    "mustMerge": takes("$ map map*", lambda budget, target, *more: _merged(budget, target, more, overwrite=False)),
    "mustMergeOverwrite": takes(
        "$ map map*", lambda budget, target, *more: _merged(budget, target, more, overwrite=True)
    ),
    "omit": takes(
        "map string*", lambda mapping, *left: {key: value for key, value in mapping.items() if key not in left}
    ),
    "pick": takes("map string*", lambda mapping, *kept: {key: mapping[key] for key in kept if key in mapping}),
    "pluck": takes("string map*", lambda key, *mappings: [one[key] for one in mappings if key in one]),
    "set": takes("map string any", _set),
    "unset": takes("map string", _unset),
    "values": takes("map", lambda mapping: [mapping[key] for key in sorted(mapping)]),
}
