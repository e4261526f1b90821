"""Objects that their source renders differently each time: what nobody can foresee of them takes no part in a diff.

Whatever chance gives is given with the change and without it: it is no effect. That a sync writes something else than
there is, is drift.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.equality import same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model.predictions import Pointer, Prediction
    from bot.model.resources import JsonObject

ANOTHER: Final = "<another each time>"
"""Stands for a value that is another one each time."""
_NAMED: Final = 3
"""Fields that are named."""


def steady(side: Prediction | None) -> Prediction | None:
    """Return a side with the same in the place of everything that is another each time."""
    if side is None or not any(side.varying):
        return side
    manifest, result = side.manifest, side.result
    for place in side.varying:
        for there in _places(side.manifest, place):
            value = _at(side.manifest, place)
            manifest = _with(manifest, place)
            if result is not None and same(_at(result, there), _encoded(value) if there is not place else value):
                result = _with(result, there)
    return replace(side, manifest=manifest, result=result)


def without_chance(obj: JsonObject, varying: Iterable[Pointer]) -> Any:
    """Return an object with the same in each of these places; no object where all of it is another each time."""
    return reduce(_with, varying, obj)


def unforeseen(side: Prediction) -> str:
    """Say of a side that it is rendered differently each time, and where; empty when it is not."""
    if not side.varying:
        return ""
    if not all(side.varying):
        return "renders differently each time, by another name too: what a sync creates is not known before"
    fields = list(dict.fromkeys(".".join(map(str, place)) for place in side.varying))
    more = f" and {len(fields) - _NAMED} more" if len(fields) > _NAMED else ""
    named = ", ".join(fields[:_NAMED])
    return f"renders differently each time, in {named}{more}: what a sync writes there is not known before"


def _places(manifest: JsonObject, place: Pointer) -> Iterator[Pointer]:
    """Yield where the API server keeps a value."""
    yield place
    if manifest.get("kind") == "Secret" and place[:1] == ["stringData"]:
        yield ["data", *place[1:]]


def _encoded(value: Any) -> Any:
    return base64.b64encode(value.encode()).decode() if isinstance(value, str) else value


def _at(value: Any, place: Pointer) -> Any:
    for part in place:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _with(value: Any, place: Pointer) -> Any:
    """Return a value with `ANOTHER` at a place; the very value when nothing is there."""
    if not place:
        return ANOTHER
    part, rest = place[0], place[1:]
    if isinstance(value, dict) and part in value:
        return {**value, part: _with(value[part], rest)}
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return [*value[:part], _with(value[part], rest), *value[part + 1 :]]
    return value
