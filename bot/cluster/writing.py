"""Write one object as was decided, dry or for real: predictions and syncs both come through here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.cluster.client_side import ClientSide, take_over
from bot.cluster.errors import ApiRefused
from bot.cluster.objects import FIELD_MANAGER, Apply, object_path, without_owners
from bot.engine.diff.equality import same
from bot.engine.diff.ignored import Ignored
from bot.engine.diff.normalise import comparable
from bot.engine.patches.hand_over import OURS, OURS_REPLACED, applied_on_the_client, hand_over, left_by, owned_part
from bot.engine.patches.last_applied import applied_last
from bot.engine.patches.pruning import Pruned
from bot.engine.writes import How, Strategy, in_sync
from bot.model.resources import ResourceKey, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.cluster.objects import Cluster
    from bot.model.predictions import Refusal
    from bot.model.resources import JsonObject

_CONFLICTS: Final = 5
"""How often an object that has changed meanwhile is read and replaced again."""
_NOT_FILLED_IN: Final = (
    "fields that client-side apply owns go with this sync, and what the API server fills in instead was not asked"
)
_MERGED: Final = (
    "the API server refuses it beside fields that client-side apply owns; shown is what it becomes without those"
)
_FIELD: Final = re.compile(r"[.\[]")
"""Ends the first step of a field as the API server names it."""
_MAYBE_EMPTY: Final = "an empty list that client-side apply owns goes with this sync, or stays empty"


@dataclass(frozen=True, slots=True)
class Write:
    """One object to be written, and how."""

    manifest: JsonObject
    live: JsonObject | None
    """What is there as far as is known; None also when nobody has looked, which server-side apply allows."""
    how: How
    ignored: Ignored = field(default_factory=Ignored)
    """In which fields a difference does not make it out of sync."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the server holds after a write, or would hold."""

    obj: JsonObject
    """The very live object where nothing had to be sent."""
    estimated: str = ""
    """Why it is not the server's answer; empty when it is, and after every real write."""


@dataclass(frozen=True, slots=True)
class _Take:
    """An object whose fields are taken over from client-side apply."""

    live: JsonObject
    left: JsonObject
    """What of it nobody takes away."""
    managers: frozenset[str]
    """Who applied it on the client's side."""

    def leaves(self, *refusals: ApiRefused) -> bool:
        """Whether all refusals are about the same fields, of which nothing goes."""
        one, *others = map(_refused_places, refusals)
        return all(one == other for other in others) and all(
            same(_at(self.live, place), _at(self.left, place)) for place in one
        )


class Writer:
    """Writes to one cluster; safe to use from threads."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        ours = cluster.manager == FIELD_MANAGER
        self._replacing = OURS_REPLACED if ours else cluster.manager
        self._client_side = ClientSide(cluster, manager=OURS if ours else cluster.manager)

    def trying(self, writes: Sequence[Write]) -> Callable[[], list[Written | Refusal]]:
        """Begin the dry runs, many at once; the function returned waits for the answers, in the order of `writes`."""
        return self.cluster.asking([partial(self.write, one, dry_run=True) for one in writes])

    def write(self, write: Write, *, dry_run: bool = False) -> Written:
        """Bring one object to what its manifest says; Written.obj is `write.live` itself when that sends nothing.

        Raises ApiRefused for what the server refuses; UnknownKind for a kind that is not served.
        """
        if write.how.refusal:
            raise ApiRefused(422, {"reason": "BadRequest", "message": write.how.refusal})
        if write.live is not None and write.how.out_of_sync_only and self.is_in_sync(write, write.live):
            return Written(write.live)
        written = self._written(write, dry_run=dry_run)
        if dry_run and written.obj is not write.live:
            without_owners(written.obj)
        return written

    def _written(self, write: Write, *, dry_run: bool) -> Written:
        match write.how.strategy:
            case Strategy.CLIENT_SIDE:
                apply = Apply(write.manifest, validate=write.how.validate)
                return Written(self._client_side.apply(apply, write.live, dry_run=dry_run))
            case Strategy.REPLACE:
                return self._replaced(write, dry_run=dry_run)
            case Strategy.SERVER_SIDE:
                return self._applied(write, dry_run=dry_run)

    def is_in_sync(self, write: Write, live: JsonObject) -> bool:
        """Compare as Argo CD does before it leaves one out: by what applying makes of it, however it is written."""
        strategy = write.how.strategy
        compare = self._applied if strategy is Strategy.REPLACE else self._written
        try:
            return in_sync(compare(write, dry_run=True).obj, live, write.ignored)
        except ApiRefused:
            return False

    def _applied(self, write: Write, *, dry_run: bool) -> Written:
        """Server-side apply, after taking over what was applied on the client's side."""
        live, managers = write.live, write.how.takes_over
        apply = Apply(write.manifest, validate=write.how.validate)
        if live is None or managers is None or not applied_on_the_client(live, managers):
            return Written(self.cluster.apply(apply, dry_run=dry_run))
        if dry_run:
            return self._foreseen(apply, live, managers)
        take_over(self.cluster, live, managers=managers)
        return Written(self.cluster.apply(apply))

    def _foreseen(self, apply: Apply, live: JsonObject, managers: frozenset[str]) -> Written:
        """Foresee an apply after a take-over, which no dry run can be made of: that is two writes.

        What the second takes away is taken out of the answer without the first, and the server fills in the rest.
        """
        try:
            answer = self.cluster.apply(apply, dry_run=True)
        except ApiRefused as error:
            # Without causes it is about the manifest itself, not about what it makes together with what is to go.
            left = live if not error.causes else left_by(live, apply.manifest, managers)
            if left == live or _concerns_nothing_of(error, live, left):
                raise
            return self._without(apply, _Take(live, left, managers), error)
        manager = self.cluster.manager
        given = hand_over(live, to=manager, managers=managers)
        if given is None:
            return Written(answer)
        pruned = Pruned.of(answer, given, manager=manager, manifest=apply.manifest)
        if pruned.obj is answer:
            return Written(answer)
        try:
            filled_in = self.cluster.replace(pruned.obj, validate=False, dry_run=True)
        except ApiRefused as error:
            if error.reason == "Invalid":  # so will what is left by the apply be
                raise
            return Written(pruned.obj, estimated=_NOT_FILLED_IN)
        return Written(filled_in, estimated=_MAYBE_EMPTY if pruned.doubtful else "")

    def _without(self, apply: Apply, take: _Take, refused: ApiRefused) -> Written:
        """Merge an apply that was refused into what is live, with what goes by a take-over gone.

        Where that cannot mend it, it is refused in any case, and what is asked is only how the server words it.
        """
        stands = not self._may_mend(refused, take.live, take.left)
        try:
            last = applied_last(take.live, owned_part(take.live, to=self.cluster.manager, managers=take.managers))
            written = self._client_side.apply(apply, last, dry_run=True)
        except ApiRefused as merging:
            # Without causes it is not the server that refuses: no patch could be made, and a sync makes none.
            words = merging.causes and (not stands or _refused_fields(merging) == _refused_fields(refused))
            # What is still refused where nothing goes is refused as it was: a patch merges lists by other keys.
            raise (merging if words and not take.leaves(refused, merging) else refused) from merging
        if stands:
            raise refused
        return Written(written, estimated=_MERGED)

    def _may_mend(self, error: ApiRefused, live: JsonObject, left: JsonObject) -> bool:
        """Whether of the part that a refusal is about anything goes with a take-over, and is not filled in again."""
        try:
            filled_in = self.cluster.replace(left, validate=False, dry_run=True)
        except ApiRefused:
            return True
        before, after = comparable(live), comparable(filled_in)
        parts = _refused_parts(error)
        return any(not same(before.get(part), after.get(part)) if part else not same(before, after) for part in parts)

    def _replaced(self, write: Write, *, dry_run: bool) -> Written:
        """Replace what is there, or create it."""
        how, live = write.how, write.live
        if live is None:
            obj = self.cluster.create(write.manifest, validate=how.validate, dry_run=dry_run, manager=self._replacing)
            return Written(obj)
        try:
            return Written(self._put(write, live, dry_run=dry_run))
        except ApiRefused as error:
            if not how.applies_instead or error.reason != "Invalid":
                raise
        return self._applied(write, dry_run=dry_run)

    def _put(self, write: Write, live: JsonObject, *, dry_run: bool) -> JsonObject:
        key = ResourceKey.of(write.manifest)
        path = object_path(self.cluster.discovery.find(write.manifest), namespace=key.namespace, name=key.name)
        for attempt in range(_CONFLICTS):
            metadata = {**metadata_of(write.manifest), "resourceVersion": metadata_of(live).get("resourceVersion")}
            put = {**write.manifest, "metadata": metadata}
            try:
                return self.cluster.replace(put, validate=write.how.validate, dry_run=dry_run, manager=self._replacing)
            except ApiRefused as error:
                if error.reason != "Conflict" or attempt == _CONFLICTS - 1:
                    raise
            live = self.cluster.server.get(path)
        raise AssertionError("the last attempt answers or raises")


def _refused_parts(error: ApiRefused) -> set[str]:
    """Return the first step of each field that a refusal is about; empty for the object as a whole."""
    return {_FIELD.split(name)[0] for name in _refused_fields(error)}


def _refused_places(error: ApiRefused) -> set[tuple[str, ...]]:
    """Return the first two steps of each field that a refusal is about, `spec` and `ports`."""
    return {tuple(_FIELD.split(name)[:2]) for name in _refused_fields(error)}


def _at(obj: object, place: tuple[str, ...]) -> object:
    for step in place:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def _concerns_nothing_of(error: ApiRefused, live: JsonObject, left: JsonObject) -> bool:
    """Whether a refusal is about nothing but parts of an object of which nothing goes."""
    parts = _refused_parts(error)
    return bool(parts) and all(part and live.get(part) == left.get(part) for part in parts)


def _refused_fields(error: ApiRefused) -> set[str]:
    return {str(cause.get("field") or "") for cause in error.causes}
