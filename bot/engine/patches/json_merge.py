"""The patch of client-side apply for custom resources: a JSON merge patch (RFC 7386) from three states of an object.

Says what k8s.io/apimachinery `jsonmergepatch.CreateThreeWayJSONMergePatch` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.equality import same

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_WHOLE: Final = 1e21
"""From here on Go writes even whole numbers with an exponent, and reads them as floating point."""


def three_way(*, last_applied: JsonObject, manifest: JsonObject, live: JsonObject) -> JsonObject:
    """Return the JSON merge patch that brings `live` to `manifest`; empty when there is nothing to do."""
    wanted = _as_floats(manifest)
    changes = _changed(_difference(_as_floats(live), wanted))
    deletions = _deleted(_difference(_as_floats(last_applied), wanted))
    return _combined(deletions, changes)


def _difference(before: JsonObject, after: JsonObject) -> JsonObject:
    patch: JsonObject = {name: None for name in before if name not in after}
    for name, value in after.items():
        known = before.get(name)
        if name in before and isinstance(known, dict) and isinstance(value, dict):
            if below := _difference(known, value):
                patch[name] = below
        elif name not in before or not same(known, value):
            patch[name] = value
    return patch


def _changed(patch: JsonObject) -> JsonObject:
    """Return the part of a patch that adds and changes: an empty mapping is a value, an emptied one is not."""
    kept: JsonObject = {}
    for name, value in patch.items():
        below = _changed(value) if isinstance(value, dict) else value
        if below is not None and (below != {} or value == {}):
            kept[name] = below
    return kept


def _deleted(patch: JsonObject) -> JsonObject:
    """Return the part of a patch that deletes."""
    kept: JsonObject = {}
    for name, value in patch.items():
        below = _deleted(value) if isinstance(value, dict) else None
        if value is None or below:
            kept[name] = below
    return kept


def _combined(deletions: JsonObject, changes: JsonObject) -> JsonObject:
    """Return both as one patch. No field is in both: one manifest wants it to go or to be."""
    patch = dict(deletions)
    for name, value in changes.items():
        known = patch.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            patch[name] = _combined(known, value)
        else:
            patch[name] = _without_nulls(value)
    return patch


def _without_nulls(value: Any) -> Any:
    """Take out the fields that are null, at any depth; elements of lists stay."""
    if isinstance(value, dict):
        return {name: _without_nulls(below) for name, below in value.items() if below is not None}
    return [_without_nulls(below) for below in value] if isinstance(value, list) else value


def _as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_floats(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_as_floats(below) for below in value]
    if isinstance(value, float) or type(value) is int:
        # kubectl reads every number of a custom resource as floating point: beyond 2**53 digits are lost.
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < _WHOLE else number
    return value
