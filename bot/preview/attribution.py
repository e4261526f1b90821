"""Tell what a change does to one object from what a sync would do to it anyway.

effect = base-predicted → head-predicted, drift = live → base-predicted; never mixed. So an object that neither exists
nor is the same on both sides is drift *create* and effect *change*: a sync creates it with or without the change. Like
is compared with like: where a side has no answer of the server, the manifests of both sides are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.engine.deletion import fate
from bot.engine.diff.equality import same
from bot.engine.diff.folding import difference
from bot.engine.diff.ignored import Ignored
from bot.engine.diff.noise import meant
from bot.engine.diff.normalise import comparable, without_assigned
from bot.engine.diff.paths import changed_fields
from bot.engine.diff.schema import NO_TYPES, is_custom
from bot.engine.hooks import hook_words, is_hook
from bot.engine.order import phases_of
from bot.engine.tracking import TRACKING_ID, owner_of
from bot.engine.writes import DELETION_APPROVED, Pruning, Recreation, Writes, ignores_extraneous
from bot.model.reports import Action, ResourceReport
from bot.model.resources import annotations_of
from bot.preview.losses import in_place, lost_with, recreation, replacement
from bot.preview.overlap import overlap
from bot.preview.remarks import ending, existence, lacking, repairs, version, written_anyway
from bot.preview.scrub import scrub
from bot.preview.varying import steady, unforeseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.engine.diff.schema import Types
    from bot.engine.writes import How
    from bot.model.predictions import Prediction, Refusal, ResourceStates
    from bot.model.resources import JsonObject
    from bot.preview.redaction import Redactor

_REPLACED_ANYWAY: Final = "a sync deletes it and creates it again even without this change"
SPARED: Final = "is changed in place; a sync without this change would delete it and create it again"
_ON_NEITHER_SIDE: Final = "is not in Git on either side"
_UNCONFIRMED: Final = f"waits until a person approves by the annotation {DELETION_APPROVED}: <now>"
_ADOPTED: Final = "exists already and is adopted"


class _Finding(NamedTuple):
    """One answer to "what happens to it?", with the words that go with it."""

    action: Action = Action.NOTHING
    diff: str = ""
    failure: str = ""
    note: str = ""
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class Attribution:
    """How one application's objects are read: who owns them, what its syncs may do, and what must not be shown."""

    instance: str
    """The application's instance name, as the tracking annotation has it."""
    prunes: bool
    """Whether its syncs delete what left Git; otherwise such objects stay as orphans."""
    redactor: Redactor
    hidden: Callable[[], frozenset[str]]
    """Finds the secret values that no error text may quote; only asked once there is a text."""
    ignored: Ignored = field(default_factory=Ignored)
    """In which fields a difference is no drift, as the target branch has it."""
    writes: Writes = field(default_factory=Writes)
    """How its syncs write, with the change."""
    base_writes: Writes | None = None
    """How they do without it; None: alike."""
    base_prunes: bool | None = None
    """Whether they prune without it; None: alike."""
    lists: Callable[[JsonObject], Types] = lambda _obj: NO_TYPES
    """Finds which lists of a custom resource are sets or maps; only asked where two states of one differ."""
    cascades: bool = False
    """Whether the change deletes the application, and all that it manages with it."""

    def report(self, states: ResourceStates) -> ResourceReport:
        """Put one object's effect and drift into words and redacted diffs."""
        base, head = steady(states.base), steady(states.head)
        if base is not states.base or head is not states.head:
            states = replace(states, base=base, head=head)
        if base is not None and not phases_of(base.manifest):
            states = replace(states, base=None)
        if head is not None and not phases_of(head.manifest):
            return self._told(states, self._skipped(states, head))
        if head is not None:
            effect = self._hook(states, head) if is_hook(head.manifest) else self._effect(states, head)
            return self._told(states, effect)
        if base is not None:
            ran = states.base is not None and is_hook(base.manifest) and not (self.cascades and states.live)
            return self._told(states, self._hook_removed(base) if ran else self._removed(states))
        return self._extraneous(states)

    def _told(self, states: ResourceStates, effect: _Finding) -> ResourceReport:
        return self._reported(states, effect, self._drift(states))

    def _reported(self, states: ResourceStates, effect: _Finding, drift: _Finding) -> ResourceReport:
        side = states.head or states.base
        spared = drift.action is Action.REPLACE and states.head is not None and not self._anew(states, states.head)
        return ResourceReport(
            key=states.key,
            action=effect.action,
            drift=drift.action,
            effect_diff=effect.diff,
            drift_diff=drift.diff,
            failure=self._scrubbed(effect.failure),
            estimated=_estimated(states),
            varying=states.head is not None and bool(states.head.varying),
            hook=hook_words(side.manifest) if side is not None else "",
            note=self._scrubbed(
                _joined([effect.note, self._meeting(states, effect, drift), SPARED if spared else drift.note])
            ),
            rewritten=effect.rewritten,
            result_diff=self._result(states, effect, drift),
        )

    def _result(self, states: ResourceStates, effect: _Finding, drift: _Finding) -> str:
        """Show what will really be written to an object that is changed by the change and by somebody else."""
        live, head = states.live, states.head
        if live is None or head is None or {effect.action, drift.action} != {Action.CHANGE}:
            return ""
        if head.refusal is not None:  # what would be shown is the manifest, without what a server adds
            return ""
        return self._drifted(live, _predicted(head, live)).diff

    def _meeting(self, states: ResourceStates, effect: _Finding, drift: _Finding) -> str:
        """Tell of an object that is changed by the change and by somebody else."""
        live, base, head = states.live, states.base, states.head
        if live is None or base is None or head is None or {effect.action, drift.action} != {Action.CHANGE}:
            return ""
        return overlap(*(comparable(one) for one in (live, _predicted(base, live), _predicted(head, live))))

    def _effect(self, states: ResourceStates, head: Prediction) -> _Finding:
        """Tell what the change does to an object that the merge result has."""
        base = states.base
        if base is not None and same(base.manifest, head.manifest):
            return self._untouched(states, head)
        if head.refusal is not None:
            return self._refused(states, head, head.refusal)
        if self._recreated(states, head):
            return self._replaced(states, head, recreation(states.live))
        before, after = self._compared(states, head)
        claim = self._claim(states, head)
        if before is None:
            notes = [self._repairs(states), ending(states)]
            return _Finding(Action.CREATE, self._shown(None, after), note=_joined(notes))
        changed = not same(before, after) or claim.action is not Action.NOTHING
        action = Action.CHANGE if changed else Action.NOTHING
        notes = [self._repairs(states), existence(states) if changed else "", version(before, after), claim.note]
        rewritten = base is not None and not changed
        return _Finding(action, self._shown(before, after), note=_joined(notes), rewritten=rewritten)

    def _untouched(self, states: ResourceStates, head: Prediction) -> _Finding:
        """Tell of an object that both sides declare alike: whatever happens to it, this change is not why."""
        claim = self._claim(states, head)
        if head.refusal is None or self._replaceable(states, head):
            return _Finding(note=claim.note)
        return _Finding(failure=_cannot(head.refusal), note=claim.note)

    def _refused(self, states: ResourceStates, head: Prediction, refusal: Refusal) -> _Finding:
        if self._replaceable(states, head):
            return self._replaced(states, head, replacement(refusal, states.live))
        before = states.live if states.base is None else states.base.manifest
        action = Action.CREATE if before is None else Action.CHANGE
        return _Finding(action, self._diff(before, head.manifest), failure=_cannot(refusal))

    def _replaced(self, states: ResourceStates, head: Prediction, why: str) -> _Finding:
        """Tell of an object that a sync deletes and creates again."""
        base = states.base
        diff = self._diff(states.live if base is None else base.manifest, head.manifest)
        if base is not None and self._anew(states, base):
            return _Finding(Action.CHANGE, diff, note=_REPLACED_ANYWAY)
        return _Finding(Action.REPLACE, diff, note=why)

    def _hook(self, states: ResourceStates, head: Prediction) -> _Finding:
        """Tell of an object that every sync creates anew: what an earlier sync left of it is deleted before."""
        base, refusal = states.base, head.refusal
        alike = base is not None and same(base.manifest, head.manifest)
        action = Action.NOTHING if alike else Action.CREATE if base is None else Action.CHANGE
        diff = "" if alike else self._diff(base.manifest if base is not None else None, head.manifest)
        # The dry run was made on what an earlier sync left; that it cannot become this one means nothing.
        stands_in_the_way = refusal is not None and bool(refusal.immutable_fields)
        failure = "" if refusal is None or stands_in_the_way else _cannot(refusal)
        becomes = "becomes a hook" if base is not None and not is_hook(base.manifest) else ""
        return _Finding(action, diff, failure=failure, note=becomes)

    def _hook_removed(self, base: Prediction) -> _Finding:
        """Tell of a hook that Git no longer has; no sync prunes what an earlier one left of it."""
        return _Finding(Action.CHANGE, self._diff(base.manifest, None), note="the hook no longer runs")

    def _skipped(self, states: ResourceStates, head: Prediction) -> _Finding:
        """Tell of an object that Git has but no sync applies."""
        applied = states.base is not None and not is_hook(states.base.manifest)
        if not applied or states.live is None:
            return _Finding()
        words = f"stays in the cluster, no longer applied (hook: {hook_words(head.manifest)})"
        return _Finding(Action.ORPHAN, note=words)

    def _removed(self, states: ResourceStates) -> _Finding:
        """Tell of an object that the change takes out of Git."""
        live = states.live
        if live is None:
            return _Finding(note="is being deleted already" if states.ending is not None else "is not in the cluster")
        owner = owner_of(live)
        if owner not in {None, self.instance}:
            return _Finding(note=f"belongs to application {owner} and stays")
        if self._keeps(live) or owner is None:
            return _Finding(Action.ORPHAN, note="stays in the cluster, no longer managed")
        return self._deleted(live)

    def _deleted(self, live: JsonObject, *notes: str) -> _Finding:
        return _Finding(
            Action.PRUNE, self._diff(live, None), note=_joined([*notes, lost_with(live), self._waiting(live)])
        )

    def _extraneous(self, states: ResourceStates) -> ResourceReport:
        """Report an object that is tracked in the cluster though neither side has it.

        Where nothing deletes it without the change, its deletion is what the change does.
        """
        live = states.live
        if live is None or is_hook(live) or owner_of(live) != self.instance:
            return ResourceReport(states.key, Action.NOTHING, Action.NOTHING, "", "")
        keeps = self._keeps(live)
        if keeps and ignores_extraneous(live):
            return ResourceReport(states.key, Action.NOTHING, Action.NOTHING, "", "")
        if not keeps and self._kept_before(live):
            return self._reported(states, self._deleted(live, _ON_NEITHER_SIDE), _Finding())
        return ResourceReport(
            key=states.key,
            action=Action.NOTHING,
            drift=Action.ORPHAN if keeps else Action.PRUNE,
            effect_diff="",
            drift_diff="" if keeps else self._diff(live, None),
            note=_joined([_ON_NEITHER_SIDE, "" if keeps else self._waiting(live)]),
        )

    def _drift(self, states: ResourceStates) -> _Finding:
        """Tell what a sync of the target branch would do to the object."""
        base, live = states.base, states.live
        if base is None or is_hook(base.manifest):
            return _Finding()
        if base.refusal is not None:
            if live is None or not self._replaceable(states, base):
                return _Finding()
            return _Finding(Action.REPLACE, self._diff(live, base.manifest), note=replacement(base.refusal, live))
        if self._recreated(states, base):
            return _Finding(Action.REPLACE, self._diff(live, base.manifest), note=recreation(live))
        wanted = _predicted(base, live)
        if live is None:
            return _Finding(Action.CREATE, self._diff(None, wanted), note=lacking(states))
        # What was proven to be in sync was never asked: the live object itself is the prediction.
        return _Finding() if wanted is live else self._drifted(live, wanted)

    def _drifted(self, live: JsonObject, wanted: JsonObject) -> _Finding:
        """Compare what is live with what a sync makes of it; what is ignored is told in words, for it is written."""
        before, after = comparable(live), comparable(wanted)
        after = self._meant(before, after)
        one, other = self.ignored.compared(before, after, live=live)
        note = ""
        if one is not before or other is not after:
            note = written_anyway(set(changed_fields(before, after)) - set(changed_fields(one, other)))
        if same(one, other):
            return _Finding(note=note)
        return _Finding(Action.CHANGE, self._shown(one, other), note=note)

    def _claim(self, states: ResourceStates, head: Prediction) -> _Finding:
        """Tell whether a sync makes an object its application's own that was not before; definitions are nobody's."""
        live = states.live
        # What is tracked as before changes no hands, whoever its owner is.
        if live is None or annotations_of(live).get(TRACKING_ID) == annotations_of(head.manifest).get(TRACKING_ID):
            return _Finding()
        owner = owner_of(live)
        if owner == self.instance or is_hook(live) or owner_of(head.manifest) != self.instance:
            return _Finding()
        if states.base is not None:
            return _Finding(note=f"belongs to application {owner}, which manages it too" if owner else _ADOPTED)
        if owner:
            return _Finding(Action.CHANGE)
        return _Finding(Action.CHANGE, note=_ADOPTED)

    def _replaceable(self, states: ResourceStates, side: Prediction) -> bool:
        """Whether a sync gets past a refusal by deleting the object and creating it again."""
        return side.refusal is not None and self._how(states, side).recreates_after(side.refusal)

    def _recreated(self, states: ResourceStates, side: Prediction) -> bool:
        """Whether every sync deletes the object and creates it again, changed or not."""
        if states.live is None or side.result is not None or side.refusal is not None:
            return False
        return self._how(states, side).recreation is Recreation.ALWAYS

    def _anew(self, states: ResourceStates, side: Prediction) -> bool:
        """Whether a sync deletes what is there and creates it again."""
        return self._replaceable(states, side) or self._recreated(states, side)

    def _repairs(self, states: ResourceStates) -> str:
        base = states.base
        return "" if base is None or self._replaceable(states, base) else repairs(states)

    def _how(self, states: ResourceStates, side: Prediction) -> How:
        writes = self.writes if side is states.head or self.base_writes is None else self.base_writes
        return writes.how(side.manifest, states.live)

    def _keeps(self, live: JsonObject) -> bool:
        return self._fate(live) is Pruning.KEPT

    def _kept_before(self, live: JsonObject) -> bool:
        """Whether an object that is not in Git stays without the change."""
        prunes = self.prunes if self.base_prunes is None else self.base_prunes
        writes = self.writes if self.base_writes is None else self.base_writes
        return not prunes or writes.pruning(live) is Pruning.KEPT

    def _fate(self, live: JsonObject) -> Pruning:
        if self.cascades:
            return fate(live, instance=self.instance, writes=self.writes)
        return self.writes.pruning(live) if self.prunes else Pruning.KEPT

    def _waiting(self, live: JsonObject) -> str:
        if self._fate(live) is not Pruning.CONFIRMED:
            return ""
        return f"the {'deletion' if self.cascades else 'sync'} {_UNCONFIRMED}"

    def _scrubbed(self, text: str) -> str:
        return scrub(text, self.hidden()) if text else ""

    def _compared(self, states: ResourceStates, head: Prediction) -> tuple[JsonObject | None, JsonObject]:
        """Return what counts of the object without the change and with it."""
        before, after = _sides(states, head)
        if before is None:
            return None, comparable(after)
        before = comparable(before)
        return before, self._meant(before, comparable(after))

    def _meant(self, before: JsonObject, after: JsonObject) -> JsonObject:
        return meant(before, after, self.lists(after) if is_custom(after) and not same(before, after) else NO_TYPES)

    def _diff(self, before: JsonObject | None, after: JsonObject | None) -> str:
        return self._shown(*(None if side is None else comparable(side) for side in (before, after)))

    def _shown(self, before: JsonObject | None, after: JsonObject | None) -> str:
        """Diff what `comparable` left of two states."""
        redacted = [None if side is None else self.redactor.redact(side) for side in (before, after)]
        return difference(redacted[0], redacted[1])


def _sides(states: ResourceStates, head: Prediction) -> tuple[JsonObject | None, JsonObject]:
    """Return the object without the change and with it, both from the same kind of source."""
    base, live = states.base, states.live
    if base is None or is_hook(base.manifest) or base.refusal is not None:
        return live, _predicted(head, live)
    if bool(base.estimated) is not bool(head.estimated):
        return base.manifest, head.manifest
    return _predicted(base, live), _predicted(head, live)


def _predicted(side: Prediction, live: JsonObject | None) -> JsonObject:
    """Return what a side becomes, as far as that can be known before an object exists."""
    result = side.manifest if side.result is None else side.result
    return without_assigned(result, side.manifest) if live is None else result


def _estimated(states: ResourceStates) -> str:
    base, head = states.base, states.head
    if head is None:
        return ""
    words = _joined([head.estimated or head.doubt, unforeseen(head)])
    if words or base is None:
        return words
    words = _joined([base.estimated, unforeseen(base)])
    return f"as the target branch has it: {words}" if words else ""


def _cannot(refusal: Refusal) -> str:
    if not refusal.immutable_fields:
        return refusal.message
    return f"{in_place(refusal)}: {refusal.message}"


def _joined(notes: list[str]) -> str:
    return "; ".join(dict.fromkeys(note for note in notes if note))
