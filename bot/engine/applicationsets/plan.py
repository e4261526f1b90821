"""What an ApplicationSet's controller does: from what is generated and what is there to creations, patches, deletions.

Follows Argo CD's `applicationset/controllers/applicationset_controller.go` (v3.2), but for what is lost by surprise: an
Application that nobody gave away, and many at once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.engine.applicationsets.ownership import Belonging, owner_reference
from bot.engine.diff.ignored import Ignored
from bot.engine.sync.plan import APPROVED
from bot.model.applications import generator_of
from bot.model.resources import JsonObject, annotations_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.engine.applicationsets.generating import Generated

_OWN: Final = "foresail.dev/"
"""Begins the annotations by which a person tells Foresail something, and Foresail itself."""
_PRESERVED: Final = frozenset(
    {
        "notified.notifications.argoproj.io",
        "argocd.argoproj.io/refresh",
        "argocd.argoproj.io/hydrate",
        "argocd.argoproj.io/deletion-approved",
    }
)
"""Annotations that others write into an Application while they work on it."""
_AT_THE_END: Final = ("post-delete-finalizer.argocd.argoproj.io", "pre-delete-finalizer.argocd.argoproj.io")
"""Begin finalizers that are set for hooks (https://github.com/argoproj/argo-cd/issues/17181)."""
_NULLABLE: Final = frozenset({"valuesObject"})
"""Open JSON, in which null says something: Helm takes the default away."""
_DIGEST: Final = 12
_LONGEST_NAME: Final = 253
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
"""What the API server takes for a name (RFC 1123 subdomain)."""


@dataclass(frozen=True, slots=True)
class Update:
    """How an Application that is there becomes what is generated."""

    live: JsonObject
    operations: tuple[JsonObject, ...]
    """JSON patch (RFC 6902): a merge patch cannot write the nulls of a `valuesObject`."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps many Applications from being deleted at once."""

    percent: int = 100
    """The largest share of an ApplicationSet's Applications that is deleted without a person."""
    explained: frozenset[str] = frozenset()
    """Names of those that went for a reason that is known, such as a pull request that was closed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about an ApplicationSet, in this order."""

    creates: tuple[JsonObject, ...] = ()
    updates: tuple[Update, ...] = ()
    deletes: tuple[JsonObject, ...] = ()
    """Live Applications."""
    kept: tuple[str, ...] = ()
    """Names of those that its policy leaves as they are."""
    refused: tuple[str, ...] = ()
    """In words: what is generated and not done."""
    held: str = ""
    """Why what is no longer generated stays until a person has looked; empty where nothing is held."""


def is_name(text: str) -> bool:
    """Whether an Application can have this name."""
    return len(text) <= _LONGEST_NAME and bool(_NAME.fullmatch(text))


def no_name(applicationset: str, text: str) -> str:
    """Say that a text is no name without quoting it: it can be whatever a generator has read from a file."""
    return (
        f"ApplicationSet {applicationset} generates an Application called by {len(text)} characters, which is no name"
    )


def owned(existing: Mapping[str, JsonObject], applicationset: str) -> dict[str, JsonObject]:
    """Return the Applications of an ApplicationSet that are not being deleted, by name."""
    return {
        name: one
        for name, one in sorted(existing.items())
        if Belonging.of(one).is_to(applicationset) and not metadata_of(one).get("deletionTimestamp")
    }


def plan(
    applicationset: JsonObject, found: Generated, existing: Mapping[str, JsonObject], guard: Guard, ignored: Ignored
) -> Plan:
    """Decide what is to be done; `existing` are all Applications of the namespace by name, whosever they are.

    Where a generator was not evaluated nothing is deleted: what it would have given is not known.
    """
    planning = _Planning(applicationset, found, existing, ignored)
    planning.compare()
    gone = planning.no_longer_generated()
    held = _why_held(applicationset, gone, planning.owned, guard)
    may_delete = found.sync_policy.may_delete and not found.not_evaluated
    return Plan(
        creates=tuple(planning.creates),
        updates=tuple(planning.updates),
        deletes=tuple(gone.values()) if may_delete and not held else (),
        kept=(*planning.kept, *(gone if not found.sync_policy.may_delete else ())),
        refused=(*(words for _, words in found.refused), *planning.refused),
        held=held if may_delete else "",
    )


class _Planning:
    def __init__(
        self, applicationset: JsonObject, found: Generated, existing: Mapping[str, JsonObject], ignored: Ignored
    ) -> None:
        self._set = applicationset
        self._name = str(metadata_of(applicationset)["name"])
        self._found = found
        self._existing = existing
        self._ignored = ignored
        self.owned = owned(existing, self._name)
        self.creates: list[JsonObject] = []
        self.updates: list[Update] = []
        self.kept: list[str] = []
        self.refused: list[str] = []

    def compare(self) -> None:
        for manifest in self._found.applications:
            wanted = _without_nulls(manifest)
            name = str(metadata_of(wanted)["name"])
            live = self._existing.get(name)
            if not is_name(name):
                self.refused.append(no_name(self._name, name))
            elif live is None:
                self.creates.append(self._owned_by_the_set(wanted))
            elif metadata_of(live).get("deletionTimestamp"):
                self.refused.append(f"Application {name} is being deleted; it is created anew once that is done")
            elif words := Belonging.of(live).why_not(name, self._name):
                self.refused.append(words)
            else:
                self._update(name, wanted, live)

    def no_longer_generated(self) -> dict[str, JsonObject]:
        named = {str(metadata_of(one)["name"]) for one in self._found.applications}
        named |= {name for name, _ in self._found.refused}
        return {name: one for name, one in self.owned.items() if name not in named}

    def _owned_by_the_set(self, wanted: JsonObject) -> JsonObject:
        return {**wanted, "metadata": {**metadata_of(wanted), "ownerReferences": [owner_reference(self._set)]}}

    def _update(self, name: str, wanted: JsonObject, live: JsonObject) -> None:
        operations = tuple(self._operations(self._ignored.sent(wanted, live), live))
        if not operations:
            return
        if not self._found.sync_policy.may_update:
            self.kept.append(name)
            return
        guard: JsonObject = {"op": "test", "path": "/metadata/uid", "value": metadata_of(live).get("uid")}
        self.updates.append(Update(live, (guard, *operations)))

    def _operations(self, wanted: JsonObject, live: JsonObject) -> Iterator[JsonObject]:
        if wanted["spec"] != live.get("spec"):
            yield {"op": "add", "path": "/spec", "value": wanted["spec"]}
            if "operation" in wanted and not live.get("operation"):
                yield {"op": "add", "path": "/operation", "value": wanted["operation"]}
        preserved = self._found.preserved
        yield from _texts(wanted, live, "annotations", keep=frozenset({*_PRESERVED, *preserved.annotations}))
        yield from _texts(wanted, live, "labels", keep=frozenset(preserved.labels))
        finalizers = _finalizers(wanted, live)
        if finalizers != (metadata_of(live).get("finalizers") or []):
            yield {"op": "add", "path": "/metadata/finalizers", "value": finalizers}
        owner = owner_reference(self._set)
        references = metadata_of(live).get("ownerReferences") or []
        if owner not in references:
            others = [one for one in references if not one.get("controller")] if generator_of(live) else references
            yield {"op": "add", "path": "/metadata/ownerReferences", "value": [*others, owner]}


def _texts(wanted: JsonObject, live: JsonObject, part: str, *, keep: frozenset[str]) -> Iterator[JsonObject]:
    """Yield how labels or annotations become what is generated; what is to be kept stays, Foresail's own always."""
    now = metadata_of(live).get(part)
    now = now if isinstance(now, dict) else None
    after = metadata_of(wanted).get(part) or {}
    if now is None:
        if after:
            yield {"op": "add", "path": f"/metadata/{part}", "value": after}
        return
    kept = {key for key in now if key in keep or (key.startswith(_OWN) and key not in after)}
    for key, value in after.items():
        if now.get(key) != value and key not in kept:
            yield {"op": "add", "path": f"/metadata/{part}/{_escaped(key)}", "value": value}
    for key in now.keys() - after.keys() - kept:
        yield {"op": "remove", "path": f"/metadata/{part}/{_escaped(key)}"}


def _finalizers(wanted: JsonObject, live: JsonObject) -> list[str]:
    after = list(metadata_of(wanted).get("finalizers") or [])
    others = [one for one in metadata_of(live).get("finalizers") or [] if one.startswith(_AT_THE_END)]
    return [*after, *(one for one in others if one not in after)]


def _escaped(key: str) -> str:
    """Write a key as a JSON pointer has it (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _without_nulls(value: Any, *, inside: str = "") -> Any:
    """Return a manifest as Argo CD's own types have it, which know no null."""
    if inside in _NULLABLE:
        return value
    if isinstance(value, dict):
        return {key: _without_nulls(one, inside=key) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _why_held(
    applicationset: JsonObject, gone: Mapping[str, JsonObject], all_of_them: Mapping[str, JsonObject], guard: Guard
) -> str:
    counted = [name for name in gone if name not in guard.explained]
    words, approval = too_many_gone(len(counted), len(all_of_them), percent=guard.percent), _approval(gone)
    if not words or annotations_of(applicationset).get(APPROVED) == approval:
        return ""
    return f"held: {words}; a person has them deleted by the annotation {APPROVED}: {approval}"


def too_many_gone(gone: int, of: int, *, percent: int) -> str:
    """Return the words for more than `percent` of a set's Applications that go at once, nothing for fewer."""
    if gone * 100 <= percent * of:
        return ""
    return f"{gone} of {of} Applications are no longer generated, more than {percent} %"


def _approval(gone: Mapping[str, JsonObject]) -> str:
    """Name these Applications: what was allowed once is not allowed of others, nor of those that come after."""
    each = sorted(f"{name} {metadata_of(one).get('uid')}" for name, one in gone.items())
    return hashlib.sha256("\0".join(each).encode()).hexdigest()[:_DIGEST]
