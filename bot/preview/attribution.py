"""Tell what a change does to one object from what a sync would do to it anyway.

effect = base-predicted → head-predicted, drift = live → base-predicted; never mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.engine.diff.normalise import comparable
from bot.engine.diff.unified import unified
from bot.engine.hooks import hooks_of
from bot.engine.order import SYNC_OPTIONS
from bot.engine.tracking import owner_of
from bot.model.reports import Action, ResourceReport
from bot.model.resources import options_of
from bot.preview.redaction import scrub

if TYPE_CHECKING:
    from bot.model.predictions import Prediction, ResourceStates
    from bot.model.resources import JsonObject
    from bot.preview.redaction import Redactor


@dataclass(frozen=True, slots=True)
class Attribution:
    """How one application's objects are read: who owns them, what its syncs may do, and what must not be shown."""

    instance: str
    """The application's instance name, as the tracking annotation has it."""
    prunes: bool
    """Whether its syncs delete what left Git; otherwise such objects stay as orphans."""
    replaces: bool
    """Whether its sync options allow deleting and creating an object again."""
    redactor: Redactor
    hidden: frozenset[str]
    """Secret values that no error text may quote."""

    def report(self, states: ResourceStates) -> ResourceReport:
        """Put one object's effect and drift into words and redacted diffs."""
        if states.head is not None:
            return self._wanted(states, states.head)
        if states.base is not None:
            return self._removed(states, states.base)
        return self._extraneous(states)

    def _wanted(self, states: ResourceStates, head: Prediction) -> ResourceReport:
        drift, drift_diff = self._drift(states)
        action, effect_diff, failure, note = self._effect(states, head)
        return ResourceReport(
            key=states.key,
            action=action,
            drift=drift,
            effect_diff=effect_diff,
            drift_diff=drift_diff,
            failure=failure,
            estimated=head.estimated,
            hook=_hook_of(head.manifest),
            note=note or self._adoption(states),
        )

    def _effect(self, states: ResourceStates, head: Prediction) -> tuple[Action, str, str, str]:
        """Return action, diff, failure and note."""
        before = _before(states)
        after = head.result
        if head.refusal is not None:
            return self._refused(states, head)
        diff = self._diff(before, after)
        if before is None:
            return Action.CREATE, diff, "", ""
        note = ""
        if states.base is not None and states.base.refusal is not None and diff:
            note = "the API server refuses this object as the target branch has it; the change repairs that"
        return (Action.CHANGE if diff else Action.NOTHING), diff, "", note

    def _refused(self, states: ResourceStates, head: Prediction) -> tuple[Action, str, str, str]:
        refusal = head.refusal
        if refusal is None:
            return Action.NOTHING, "", "", ""
        before = _before(states)
        same = states.base is not None and states.base.manifest == head.manifest
        diff = "" if same else self._diff(before, head.manifest)
        if refusal.immutable_fields and self._may_replace(head.manifest):
            lost = f"{', '.join(refusal.immutable_fields)} cannot change in place: deleted, then created again"
            return Action.REPLACE, diff, "", lost
        action = Action.CREATE if states.live is None else Action.CHANGE
        return (Action.NOTHING if same else action), diff, scrub(refusal.message, self.hidden), ""

    def _removed(self, states: ResourceStates, base: Prediction) -> ResourceReport:
        """Report an object that the change takes out of Git."""
        drift, drift_diff = self._drift(states)
        action, diff, note = Action.NOTHING, "", "is gone from the cluster already"
        if states.live is not None:
            keeps = not self.prunes or "Prune=false" in options_of(states.live, SYNC_OPTIONS)
            action = Action.ORPHAN if keeps else Action.PRUNE
            diff = "" if keeps else self._diff(comparable(states.live), None)
            note = "stays in the cluster, no longer managed" if keeps else ""
        return ResourceReport(
            key=states.key,
            action=action,
            drift=drift if drift is Action.CHANGE and action is Action.ORPHAN else Action.NOTHING,
            effect_diff=diff,
            drift_diff=drift_diff if drift is Action.CHANGE and action is Action.ORPHAN else "",
            hook=_hook_of(base.manifest),
            note=note,
        )

    def _extraneous(self, states: ResourceStates) -> ResourceReport:
        """Report an object that is tracked in the cluster though neither side has it."""
        live = states.live or {}
        keeps = not self.prunes or "Prune=false" in options_of(live, SYNC_OPTIONS)
        return ResourceReport(
            key=states.key,
            action=Action.NOTHING,
            drift=Action.ORPHAN if keeps else Action.PRUNE,
            effect_diff="",
            drift_diff="" if keeps else self._diff(comparable(live), None),
            note="is not in Git on either side",
        )

    def _drift(self, states: ResourceStates) -> tuple[Action, str]:
        """Return what a sync of the target branch would do to the object, and its diff."""
        if states.base is None or states.base.result is None or hooks_of(states.base.manifest):
            return Action.NOTHING, ""
        wanted = comparable(states.base.result)
        if states.live is None:
            return Action.CREATE, self._diff(None, wanted)
        diff = self._diff(comparable(states.live), wanted)
        return (Action.CHANGE, diff) if diff else (Action.NOTHING, "")

    def _adoption(self, states: ResourceStates) -> str:
        """Return words when a sync would take over an object that is not this application's yet."""
        if states.live is None or hooks_of(states.live):
            return ""
        owner = owner_of(states.live)
        if owner == self.instance:
            return ""
        return f"belongs to application {owner}, which manages it too" if owner else "exists already and is adopted"

    def _may_replace(self, manifest: JsonObject) -> bool:
        options = options_of(manifest, SYNC_OPTIONS)
        return self.replaces or bool(options & {"Replace=true", "Force=true"})

    def _diff(self, before: JsonObject | None, after: JsonObject | None) -> str:
        redacted = [None if side is None else self.redactor.redact(comparable(side)) for side in (before, after)]
        return "" if redacted[0] == redacted[1] else unified(redacted[0], redacted[1])


def _before(states: ResourceStates) -> JsonObject | None:
    """Return what an effect is compared with: the base's prediction, else what lives there now, else nothing."""
    if states.base is not None:
        if states.base.result is not None:
            return comparable(states.base.result)
        return None if states.live is None else comparable(states.live)
    return None if states.live is None else comparable(states.live)


def _hook_of(manifest: JsonObject) -> str:
    return ", ".join(sorted(hooks_of(manifest)))
