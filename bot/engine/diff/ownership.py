"""Prove from `managedFields` that an apply would change nothing, without asking the API server.

A server-side apply replaces the set of fields its manager owns by the manifest's, and their values by the manifest's
(https://kubernetes.io/docs/reference/using-api/server-side-apply/). So when the live object says that the manager owns
exactly the manifest's fields, and each of them has the manifest's value, applying it again is a no-op. Whatever this
walk does not understand counts as "not known", and the caller asks the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.engine.diff.equality import same
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_IDENTITY: Final = frozenset({"apiVersion", "kind"})
_NAMING: Final = frozenset({"name", "namespace"})
"""Fields that name the object: part of every manifest, never part of an owned set."""

_DEFAULT_KEYS: Final = {"protocol": "TCP"}
"""List-map keys that a manifest may leave to the server: Kubernetes' own default for ports, which never changes.

A definition's default may change, and then the same manifest means another element.
"""

_POD_TEMPLATES: Final = frozenset({"v1", "apps/v1", "batch/v1"})
_COMPLETED: Final = {"fieldRef": {"apiVersion": "v1"}, "resourceFieldRef": {"divisor": "0"}}
"""What Kubernetes adds, in its own kinds, to selectors that are owned as one value."""


def applying_changes_nothing(manifest: JsonObject, live: JsonObject, *, manager: str) -> bool:
    """Whether applying `manifest` as `manager` is known to leave `live` as it is.

    True is a proof only where nothing rewrites objects on their way in: the caller must know that no mutating admission
    webhook or policy applies. False means "not known", never "changes something".
    """
    if any(live.get(name) != manifest.get(name) for name in _IDENTITY):
        return False
    owned = _owned_fields(live, manager=manager, api_version=manifest.get("apiVersion"))
    if owned is None:
        return False
    bare = {name: value for name, value in manifest.items() if name not in _IDENTITY and name != "metadata"}
    metadata = {name: value for name, value in metadata_of(manifest).items() if name not in _NAMING}
    if metadata:
        bare["metadata"] = metadata
    return _holds_mapping(bare, live, owned, own_kind=manifest.get("apiVersion") in _POD_TEMPLATES)


def _completed(value: Any) -> Any:
    """Return what is owned as one value with what Kubernetes adds to the selectors in it."""
    if isinstance(value, list):
        return [_completed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _filled_in(name, _completed(below)) for name, below in value.items()}


def _filled_in(name: str, value: Any) -> Any:
    return {**_COMPLETED[name], **value} if name in _COMPLETED and isinstance(value, dict) else value


def _owned_fields(live: JsonObject, *, manager: str, api_version: Any) -> JsonObject | None:
    """Return the one field set that `manager` applied, or None when there is not exactly one that can be compared."""
    entries = [
        entry
        for entry in metadata_of(live).get("managedFields") or []
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    if len(entries) != 1 or entries[0].get("apiVersion") != api_version:
        return None
    fields = entries[0].get("fieldsV1")
    return fields if isinstance(fields, dict) else None


def _holds(wanted: Any, live: Any, fields: JsonObject, *, own_kind: bool) -> bool:
    """Whether `live` holds `wanted` in exactly the owned `fields`: a trie as in FieldsV1, empty at a leaf."""
    if not fields or (len(fields) == 1 and "." in fields):
        return wanted is not None and (same(wanted, live) or (own_kind and same(_completed(wanted), live)))
    if isinstance(wanted, dict) and isinstance(live, dict):
        return _holds_mapping(wanted, live, fields, own_kind=own_kind)
    if isinstance(wanted, list) and isinstance(live, list):
        return _holds_list(wanted, live, fields, own_kind=own_kind)
    return False


def _holds_mapping(wanted: JsonObject, live: JsonObject, fields: JsonObject, *, own_kind: bool) -> bool:
    if len(fields) - ("." in fields) != len(wanted):
        return False
    for name, value in wanted.items():
        below = fields.get(f"f:{name}")
        if below is None or name not in live:
            return False
        if not _holds(_filled_in(name, value) if own_kind else value, live[name], below, own_kind=own_kind):
            return False
    return True


def _holds_list(wanted: list[Any], live: list[Any], fields: JsonObject, *, own_kind: bool) -> bool:
    """Compare a list with list-map keys (`k:{…}`) or set values (`v:…`), position by position of what is owned."""
    owned = [(name, below) for name, below in fields.items() if name != "."]
    if len(owned) != len(wanted):
        return False
    positions = [(_position(live, name), name, below) for name, below in owned]
    if any(position is None for position, _, _ in positions):
        return False
    ordered = sorted((position, name, below) for position, name, below in positions if position is not None)
    return all(
        is_named_by(item, name) and (name.startswith("v:") or _holds(item, live[position], below, own_kind=own_kind))
        for item, (position, name, below) in zip(wanted, ordered, strict=True)
    )


def _position(live: list[Any], name: str) -> int | None:
    """Return where the element that a FieldsV1 path element names stands, or None when it is not there exactly once."""
    selector = orjson.loads(name[2:])
    if name.startswith("v:"):
        found = [index for index, item in enumerate(live) if same(item, selector)]
    elif name.startswith("k:") and isinstance(selector, dict):
        found = [
            index
            for index, item in enumerate(live)
            if isinstance(item, dict) and all(same(item.get(key), value) for key, value in selector.items())
        ]
    else:
        return None
    return found[0] if len(found) == 1 else None


def is_named_by(item: Any, name: str) -> bool:
    """Whether a manifest's element is the one `name` selects."""
    selector = orjson.loads(name[2:])
    if name.startswith("v:"):
        return same(item, selector)
    return isinstance(item, dict) and all(
        same(item.get(key, _DEFAULT_KEYS.get(key)), value) for key, value in selector.items()
    )
