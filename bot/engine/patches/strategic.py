"""The patch of client-side apply for built-in kinds: a strategic merge patch from three states of an object.

Says what k8s.io/apimachinery `strategicpatch.CreateThreeWayMergePatch` says with `overwrite`, which is what kubectl and
Argo CD send: what the manifest has and the live object has not, and the removal of what was applied last time and is no
longer in the manifest. What others added to the live object is not spoken of, and so it stays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.engine.diff.equality import same
from bot.engine.patches.combining import combined
from bot.engine.patches.directives import (
    DELETE_FROM_PRIMITIVE_LIST,
    MERGE,
    PATCH,
    REPLACE,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
    element_type,
    identity,
    in_order,
    removal,
    text_of,
    value_of,
)

if TYPE_CHECKING:
    from bot.engine.patches.schema import MergeField, MergeSchema
    from bot.model.resources import JsonObject


def three_way(*, last_applied: JsonObject, manifest: JsonObject, live: JsonObject, schema: MergeSchema) -> JsonObject:
    """Return the strategic merge patch that brings `live` to `manifest`; empty when there is nothing to do.

    Raises Unmergeable where kubectl fails to make one.
    """
    changes = _Difference(changes=True).of_mappings(live, manifest, schema)
    deletions = _Difference(changes=False).of_mappings(last_applied, manifest, schema)
    return combined(deletions, changes, schema)


@dataclass(frozen=True, slots=True)
class _Difference:
    """One direction of a difference: changes and additions, or else deletions alone."""

    changes: bool

    def of_mappings(
        self, before: JsonObject, after: JsonObject, schema: MergeSchema, *, retain_keys: bool = False
    ) -> JsonObject:
        patch: JsonObject = {}
        for name, value in after.items():
            if name not in before:
                if self.changes:
                    patch[name] = value
            else:
                self._field(patch, name, (before[name], value), schema)
        if not self.changes:
            patch |= {name: None for name in before if name not in after}
        if retain_keys:
            retained = sorted(name for name, value in after.items() if value is not None)
            cleared = any(value is not None and name not in after for name, value in before.items())
            if retained and (patch or cleared):
                patch[RETAIN_KEYS] = retained
        return patch

    def _field(self, patch: JsonObject, name: str, values: tuple[Any, Any], schema: MergeSchema) -> None:
        """Add to `patch` how a field that both states have differs."""
        before, after = values
        if name == PATCH:
            if before != after:
                patch[name] = after
        elif type(before) is not type(after):
            if self.changes:
                patch[name] = after
        elif isinstance(after, (dict, list)):
            # What the schema does not know is no matter as long as nothing is to be said of it.
            if schema.has(name) or not same(before, after):
                field = schema.field(name)
                put = self._mapping if isinstance(after, dict) else self._list
                put(patch, name, values, (field, schema.below(field)))
        elif self.changes and before != after:
            patch[name] = after

    def _mapping(
        self, patch: JsonObject, name: str, values: tuple[Any, Any], place: tuple[MergeField, MergeSchema]
    ) -> None:
        field, below = place
        if field.strategy == REPLACE:
            if self.changes:
                patch[name] = values[1]
        elif difference := self.of_mappings(*values, below, retain_keys=field.retain_keys):
            patch[name] = difference

    def _list(
        self, patch: JsonObject, name: str, values: tuple[Any, Any], place: tuple[MergeField, MergeSchema]
    ) -> None:
        field, below = place
        before, after = values
        if field.strategy != MERGE:
            if self.changes and not same(before, after):
                patch[name] = after
        elif not before:
            if after and self.changes:
                patch[name] = after
        elif element_type(before, after) is dict:
            elements, order = self._elements(values, field, below)
            patch |= {key: value for key, value in ((name, elements), (f"{SET_ELEMENT_ORDER}/{name}", order)) if value}
        else:
            self._plain_values(patch, name, before, after)

    def _elements(
        self, values: tuple[list[Any], list[Any]], field: MergeField, below: MergeSchema
    ) -> tuple[list[Any], list[Any]]:
        """Return what to write into a list of mappings, and the order of its elements if that has to be said."""
        before, after = values
        key = field.merge_key
        added, removed = self._paired(values, field, below)
        elements = in_order(added, after, key) + removed
        moved = [identity(element, key) for element in before] != [identity(element, key) for element in after]
        told = elements or (self.changes and moved)
        return elements, [{key: element[key]} for element in after] if told else []

    def _paired(
        self, values: tuple[list[Any], list[Any]], field: MergeField, below: MergeSchema
    ) -> tuple[list[Any], list[Any]]:
        """Pair the elements of both lists by their merge keys; return what was added or changed, and what removed."""
        key = field.merge_key
        before, after = (_latest_first(elements, key) for elements in values)
        written: list[Any] = []
        removed: list[Any] = []
        while before or after:
            old = text_of(before[-1][key]) if before else None
            new = text_of(after[-1][key]) if after else None
            if old is not None and old == new:
                element = after.pop()
                difference = self.of_mappings(before.pop(), element, below, retain_keys=field.retain_keys)
                if difference:
                    written.append({**difference, key: element[key]})
            elif old is None or (new is not None and old > new):
                element = after.pop()
                if self.changes:
                    written.append(element)
            else:
                element = before.pop()
                if not self.changes:
                    removed.append(removal(key, element[key]))
        return written, removed

    def _plain_values(self, patch: JsonObject, name: str, before: list[Any], after: list[Any]) -> None:
        """Add to `patch` how a list of plain values differs, as many times as each value stands in it."""
        old, new = sorted(before, key=text_of), sorted(after, key=text_of)
        # kubectl has sorted the live list when it compares: an order that is not the sorted one is always told.
        told = self.changes and not same(old, after)
        if self.changes and (added := _surplus(new, old)):
            patch[name] = in_order(added, after, "")
        if not self.changes and (removed := _surplus(old, new)):
            patch[f"{DELETE_FROM_PRIMITIVE_LIST}/{name}"] = list(dict.fromkeys(removed))
            told = True
        if told and after:
            patch[f"{SET_ELEMENT_ORDER}/{name}"] = after


def _latest_first(elements: list[Any], key: str) -> list[JsonObject]:
    """Return the elements sorted so that the last one comes next.

    Go's sort turns round elements of the same key (a port of two protocols), and the pairs that kubectl makes follow
    from that; it holds for up to twelve elements.
    """
    return sorted(elements, key=lambda element: text_of(value_of(element, key)), reverse=True)


def _surplus(some: list[Any], others: list[Any]) -> list[Any]:
    """Return the values that stand in `some` more often than in `others`, in the order of `some`."""
    left = Counter(text_of(value) for value in others)
    found = []
    for value in some:
        text = text_of(value)
        if left[text]:
            left[text] -= 1
        else:
            found.append(value)
    return found
