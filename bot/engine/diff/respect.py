"""Keep the live values of ignored fields in what a sync sends: `RespectIgnoreDifferences`.

As Argo CD does it: what was cut out of the live object is put into what was cut out of the target, by the keys of lists
where Kubernetes' own kinds have some. A list without keys, and any in a custom resource, is one value: when
something in it is ignored, all of it is the live one. Three things Argo CD leaves to chance: a new element of a list
keeps what Git says of it, one that Git has given up is not half brought back, and the order of elements is Git's.
Sources: argo-cd `controller/sync.go` (normalizeTargetResources, restoreNonIgnoredFields).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.equality import same
from bot.engine.diff.normalise import BOOKKEEPING, SERVER_MANAGED
from bot.engine.diff.schema import ElementKey, Field, by_key, field_of, type_of
from bot.model.resources import annotations_of, metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_IDENTITY: Final = ("name", "namespace", "generateName")


def keep_live(target: JsonObject, live: JsonObject, *, cut_target: JsonObject, cut_live: JsonObject) -> JsonObject:
    """Return `target` with the live values of what is ignored; `cut_…` are the two less their ignored fields.

    What names the object, whose it is, its status and the server's bookkeeping are never taken from the live one.
    """
    kept = _mapping(target, cut_target, live, cut_live, type_of(target))
    kept.pop("status", None)
    if "status" in target:
        kept["status"] = target["status"]
    return {**kept, **{name: target[name] for name in ("apiVersion", "kind")}, "metadata": _metadata(kept, target)}


def _metadata(kept: JsonObject, target: JsonObject) -> JsonObject:
    given = metadata_of(target)
    metadata = {
        name: value for name, value in metadata_of(kept).items() if name not in SERVER_MANAGED and name not in _IDENTITY
    }
    metadata |= {name: given[name] for name in _IDENTITY if name in given}
    annotations = {name: value for name, value in annotations_of(kept).items() if name not in BOOKKEEPING}
    annotations |= {name: value for name, value in annotations_of(target).items() if name in BOOKKEEPING}
    if annotations or "annotations" in given:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    return metadata


def _mapping(
    target: JsonObject, cut_target: JsonObject, live: JsonObject, cut_live: JsonObject, holder: str
) -> JsonObject:
    kept = dict(cut_target)
    for name, value in live.items():
        if name not in cut_live:
            kept[name] = _over(cut_target[name], value) if name in cut_target else value
        elif name in target and cut_live[name] is not value:
            below = _below(target[name], cut_target.get(name), value, cut_live[name], field_of(holder, name))
            if below is not None:
                kept[name] = below
    return kept


def _below(target: Any, cut_target: Any, live: Any, cut_live: Any, known: Field) -> Any:
    """Return what becomes of a field within which something is ignored; None when it stays as it was cut."""
    if all(isinstance(one, dict) for one in (target, live, cut_live)):
        return _mapping(target, cut_target if isinstance(cut_target, dict) else {}, live, cut_live, known.below)
    if not all(isinstance(one, list) for one in (target, cut_target, live, cut_live)):
        return None
    if known.keys is not None:
        sides = [by_key(one, known.keys) for one in (target, cut_target, live, cut_live)]
        if all(side is not None for side in sides):
            return _elements(*(side or {} for side in sides), holder=known.below)
    return target if same(target, cut_target) else live


def _elements(
    target: dict[ElementKey, Any],
    cut_target: dict[ElementKey, Any],
    live: dict[ElementKey, Any],
    cut_live: dict[ElementKey, Any],
    *,
    holder: str,
) -> list[Any]:
    kept: dict[ElementKey, Any] = {}
    for key, element in target.items():
        if key not in live or (key in cut_live and key not in cut_target):
            kept[key] = element
        elif key not in cut_live:
            kept[key] = live[key]
        elif isinstance(element, dict):
            kept[key] = _mapping(element, cut_target[key], live[key], cut_live[key], holder)
        else:
            kept[key] = element
    return _with_live_only(kept, live, cut_live)


def _with_live_only(
    kept: dict[ElementKey, Any], live: dict[ElementKey, Any], cut_live: dict[ElementKey, Any]
) -> list[Any]:
    """Put ignored elements that only the live list has behind what they stand behind there."""
    order = list(kept)
    before: ElementKey | None = None
    for key, element in live.items():
        if key not in cut_live and key not in kept:
            order.insert(order.index(before) + 1 if before is not None else 0, key)
            kept[key] = element
        if key in kept:
            before = key
    return [kept[key] for key in order]


def _over(cut: Any, live: Any) -> Any:
    """Return a live value that is ignored as a whole, with what the target still says beside it."""
    if not isinstance(cut, dict) or not isinstance(live, dict):
        return live
    return {**cut, **{name: _over(cut[name], value) if name in cut else value for name, value in live.items()}}
