"""Field ownership handed from client-side to server-side apply, so that the latter goes on where the former was.

As client-go's `csaupgrade.UpgradeManagedFields`, which `kubectl apply --server-side` and Argo CD use: without it
a field that is no longer in the manifest stays for ever, as its old owner still holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from bot.engine.diff.equality import same
from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION
from bot.engine.diff.ownership import is_named_by
from bot.engine.patches.pruning import position
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.model.resources import JsonObject

_Entry: TypeAlias = dict[str, Any]

KUBECTL: Final = "kubectl-client-side-apply"
ARGO_CD: Final = "argocd-controller"
OURS: Final = "foresail-client-side-apply"
OURS_REPLACED: Final = "foresail-replace"
"""Not the name that other updates bear: what we note down in an Application is nothing that Git would have to have."""
CLIENT_SIDE_MANAGERS: Final = frozenset({KUBECTL, ARGO_CD, OURS, OURS_REPLACED})
"""Who writes a whole manifest on the client's side: what these own by updates they have applied."""

_ANNOTATION: Final = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED_ANNOTATION}")
_ONLY_ANNOTATION: Final[JsonObject] = {_ANNOTATION[0]: {_ANNOTATION[1]: {_ANNOTATION[2]: {}}}}


def hand_over(live: JsonObject, *, to: str, managers: frozenset[str] = CLIENT_SIDE_MANAGERS) -> JsonObject | None:
    """Return the JSON merge patch that makes `to` the applier of what `managers` own; None when they own nothing.

    Whoever wrote the last-applied annotation is a client-side applier too, whatever its name. The annotation itself
    stays its writer's, so that the next server-side apply does not remove it, and the way back is open. The patch holds
    the resource version of `live`: the server answers with a conflict when the object has changed since.
    """
    entries = _entries(live)
    names = sorted({entry["manager"] for entry in entries if _applies(entry, managers)})
    after = entries
    for name in names:
        after = _handed_over(after, name, to)
    if same(entries, after):
        return None
    version = metadata_of(live).get("resourceVersion")
    return {"metadata": {"managedFields": after, "resourceVersion": version}}


def owned_part(live: JsonObject, *, to: str, managers: frozenset[str] = CLIENT_SIDE_MANAGERS) -> JsonObject:
    """Return what of an object is `to`'s alone once it is handed over, as one that it could have applied last.

    Elements of a list are named by their keys, whoever owns those.
    """
    entries = _entries(live)
    applied = [_fields(entry) for entry in entries if _is_applied_by(entry, to)]
    others = [_fields(e) for e in entries if not _is_applied_by(e, to) and not _applies(e, managers)]
    owned = _united([_given(live, managers), *applied])
    return _mapping_part(live, _less(owned, _united(others)))


def left_by(live: JsonObject, manifest: JsonObject, managers: frozenset[str] = CLIENT_SIDE_MANAGERS) -> JsonObject:
    """Return an object less what would be handed over, nobody else owns, and a manifest lacks: that goes with it."""
    others = _united(_fields(entry) for entry in _entries(live) if not _applies(entry, managers))
    return _mapping_left(live, _given(live, managers), manifest, others)


def applied_on_the_client(live: JsonObject, managers: frozenset[str] = CLIENT_SIDE_MANAGERS) -> bool:
    """Whether there is something to hand over; costs next to nothing for what nobody applied on the client's side."""
    return any(
        _applies(entry, managers)
        for entry in _entries(live)
        if entry.get("operation") == "Update" and (entry.get("manager") in managers or _writes_annotation(entry))
    )


def _writes_annotation(entry: _Entry) -> bool:
    metadata = _fields(entry).get(_ANNOTATION[0])
    annotations = metadata.get(_ANNOTATION[1]) if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and _ANNOTATION[2] in annotations


def _entries(live: JsonObject) -> list[_Entry]:
    entries = metadata_of(live).get("managedFields")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _updates(entry: _Entry, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Update" and not entry.get("subresource")


def _applies(entry: _Entry, managers: frozenset[str]) -> bool:
    """Whether an entry is of one who applies on the client's side."""
    name = entry.get("manager")
    if not isinstance(name, str) or not _updates(entry, name):
        return False
    fields = _fields(entry)
    others = _without(fields, _ANNOTATION)
    return bool(others) and (name in managers or not same(fields, others))


def _fields(entry: _Entry) -> JsonObject:
    fields = entry.get("fieldsV1")
    return fields if isinstance(fields, dict) else {}


def _handed_over(entries: list[_Entry], manager: str, to: str) -> list[_Entry]:
    """Make one manager's updates part of what `to` applies."""
    place = _first(entries, lambda entry: _is_applied_by(entry, to))
    if place is None:
        place = _first(entries, lambda entry: _updates(entry, manager))
    if place is None:
        return entries
    chosen = entries[place]
    # Fields of another version of the API have other names: they are dropped, as client-go does.
    given = [entry for entry in entries if entry is chosen or _is_given(entry, manager, chosen)]
    fields = _united(_without(_fields(entry), _ANNOTATION) for entry in given)
    applied = {**chosen, "manager": to, "operation": "Apply", "fieldsV1": fields}
    kept = [entry for entry in entries if entry is not chosen and not _updates(entry, manager)]
    writers = [{**entry, "fieldsV1": _ONLY_ANNOTATION} for entry in entries if _wrote_annotation(entry, manager)]
    return [applied, *kept, *writers]


def _wrote_annotation(entry: _Entry, manager: str) -> bool:
    fields = _fields(entry)
    return _updates(entry, manager) and not same(fields, _without(fields, _ANNOTATION))


def _is_given(entry: _Entry, manager: str, chosen: _Entry) -> bool:
    return _updates(entry, manager) and entry.get("apiVersion") == chosen.get("apiVersion")


def _is_applied_by(entry: _Entry, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _first(entries: list[_Entry], wanted: Callable[[_Entry], bool]) -> int | None:
    return next((number for number, entry in enumerate(entries) if wanted(entry)), None)


def _given(live: JsonObject, managers: frozenset[str]) -> JsonObject:
    applied = [entry for entry in _entries(live) if _applies(entry, managers)]
    fields = [_fields(entry) for entry in applied if entry.get("apiVersion") == live.get("apiVersion")]
    return _without(_united(fields), _ANNOTATION)


def _mapping_left(live: JsonObject, fields: JsonObject, wanted: Any, others: JsonObject) -> JsonObject:
    left = dict(live)
    for name, below in fields.items():
        field = name.removeprefix("f:")
        if not name.startswith("f:") or field not in live:
            continue
        is_wanted = isinstance(wanted, dict) and field in wanted
        if is_wanted or name in others:
            left[field] = _left(live[field], below, wanted[field] if is_wanted else None, others.get(name) or {})
        else:
            del left[field]
    return left


def _left(live: Any, fields: JsonObject, wanted: Any, others: JsonObject) -> Any:
    if isinstance(live, dict):
        return _mapping_left(live, fields, wanted, others)
    if not isinstance(live, list):
        return live
    elements: dict[int, Any] = dict(enumerate(live))
    for name, below in fields.items():
        at = position(live, name)
        if at is None:
            continue
        wanted_here = [one for one in wanted if is_named_by(one, name)] if isinstance(wanted, list) else []
        if wanted_here or name in others:
            elements[at] = _left(live[at], below, next(iter(wanted_here), None), others.get(name) or {})
        else:
            del elements[at]
    return list(elements.values())


def _mapping_part(value: JsonObject, fields: JsonObject) -> JsonObject:
    named = {name.removeprefix("f:"): below for name, below in fields.items() if name.startswith("f:")}
    return {name: _part(value[name], below) for name, below in named.items() if name in value}


def _part(value: Any, fields: JsonObject) -> Any:
    """Return what of a value an owner has; all of it where nothing within it is told apart."""
    if not fields.keys() - {"."}:
        return value
    if isinstance(value, dict):
        return _mapping_part(value, fields)
    found = ((name, position(value, name), below) for name, below in fields.items()) if isinstance(value, list) else ()
    return [_element_part(value[at], name, below) for name, at, below in found if at is not None]


def _element_part(element: Any, name: str, fields: JsonObject) -> Any:
    part = _part(element, fields)
    return {**orjson.loads(name[2:]), **part} if name.startswith("k:") and isinstance(part, dict) else part


def _united(sets: Iterable[JsonObject]) -> JsonObject:
    """Unite sets of fields, each a trie as in FieldsV1: `.` is the place itself, and a leaf is a place without more."""
    union: JsonObject = {}
    for fields in sets:
        for name, below in fields.items():
            known = union.get(name)
            union[name] = below if known is None or name == "." else _united_below(known, below)
    return union


def _united_below(one: Any, other: Any) -> JsonObject:
    leaf: JsonObject = {".": {}}
    union = _united([one or leaf, other or leaf])
    return {} if union == leaf else union


def _less(fields: JsonObject, others: JsonObject) -> JsonObject:
    """Take the places of one set of fields out of another; what lies below them stays."""
    left: JsonObject = {}
    for name, below in fields.items():
        theirs = others.get(name)
        if theirs is None:
            left[name] = below
        elif kept := _less(below, theirs):
            left[name] = kept
    return left


def _without(fields: JsonObject, path: tuple[str, ...]) -> JsonObject:
    """Take one place out of a set of fields."""
    name, *below = path
    if not isinstance(fields.get(name), dict):
        return fields
    kept = _without(fields[name], tuple(below)) if below else {}
    return {key: kept if key == name else value for key, value in fields.items() if key != name or kept}
