"""RollingSync: the Applications of an ApplicationSet are synced step by step, each step once the one before is healthy.

Source: argo-cd `applicationset/controllers/applicationset_controller.go` (performProgressiveSyncs and what it calls).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.model.resources import JsonObject, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.engine.applicationsets.definition import Step

WAITING, PENDING, PROGRESSING, HEALTHY = "Waiting", "Pending", "Progressing", "Healthy"
ROLLOUT: Final = "RolloutProgressing"
"""The condition that tells whether all have arrived."""
_UNDER_WAY: Final = frozenset({PENDING, PROGRESSING})


@dataclass(frozen=True, slots=True)
class Member:
    """An Application of the ApplicationSet, as far as a rollout goes by it."""

    name: str
    labels: Mapping[str, str]
    outdated: bool = False
    """Whether something else is wanted than it was synced to, and could be started."""
    running: bool = False
    """Whether an operation of it runs."""
    healthy: bool = False
    """Whether it is where it should be, and well."""
    revisions: tuple[str, ...] = ()
    """What its sources are at."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a rollout has come, and what is to be started now."""

    statuses: tuple[JsonObject, ...]
    """`status.applicationStatus`."""
    starts: tuple[str, ...]
    """Applications to be synced."""

    @property
    def complete(self) -> bool:
        """Whether every Application has arrived."""
        return all(one["status"] == HEALTHY for one in self.statuses)


def advance(steps: Sequence[Step], members: Sequence[Member], before: Any, *, now: str) -> Rollout:
    """Return how far a rollout has come, from what its status said `before`.

    An Application that no step selects is nobody's to sync, as with Argo CD.
    """
    known = {str(one.get("application")): one for one in before or () if isinstance(one, dict)}
    place = {one.name: step_of(steps, one.labels) for one in members}
    states = {one.name: _state(one, str(known.get(one.name, {}).get("status") or "")) for one in members}
    _let_begin(steps, members, place, states)
    statuses = tuple(_told(one, states[one.name], place[one.name], known.get(one.name), now) for one in members)
    starts = tuple(one.name for one in members if states[one.name] == PENDING and one.outdated and not one.running)
    return Rollout(statuses, starts)


def step_of(steps: Sequence[Step], labels: Mapping[str, str]) -> int:
    """Return the number of the first step that selects these labels, -1 where none does."""
    return next((number for number, step in enumerate(steps, 1) if _selects(step, labels)), -1)


def _selects(step: Step, labels: Mapping[str, str]) -> bool:
    for key, operator, values in step.expressions:
        value = labels.get(key)
        if operator == "In" and value not in values:
            return False
        if operator == "NotIn" and value is not None and value in values:
            return False
    return all(operator in {"In", "NotIn"} for _, operator, _ in step.expressions)


def _state(one: Member, before: str) -> str:
    if one.outdated:
        return before if before == PENDING else WAITING
    if one.running:
        return PROGRESSING
    if one.healthy:
        return HEALTHY
    return PROGRESSING if before in _UNDER_WAY else WAITING


def _let_begin(
    steps: Sequence[Step], members: Sequence[Member], place: Mapping[str, int], states: dict[str, str]
) -> None:
    """Let those begin whose turn it is, as many at a time as their step allows."""
    totals = Counter(place.values())
    busy = Counter(place[name] for name, state in states.items() if state in _UNDER_WAY)
    for number, step in enumerate(steps, 1):
        limit = step.limit(totals[number])
        for one in members:
            waits = place[one.name] == number and states[one.name] == WAITING and one.outdated
            if waits and busy[number] < limit:
                states[one.name] = PENDING
                busy[number] += 1
        if any(place[one.name] == number and states[one.name] != HEALTHY for one in members):
            return


_WORDS: Final = {
    WAITING: "Application has pending changes, setting status to Waiting.",
    PENDING: "Application moved to Pending status, watching for the Application resource to start Progressing.",
    PROGRESSING: "Application resource became Progressing, updating status from Pending to Progressing.",
    HEALTHY: "Application resource became Healthy, updating status from Progressing to Healthy.",
}


def _told(one: Member, state: str, step: int, before: JsonObject | None, now: str) -> JsonObject:
    same = before is not None and before.get("status") == state
    return {
        "application": one.name,
        "lastTransitionTime": before.get("lastTransitionTime") or now if same and before else now,
        "message": _WORDS[state],
        "status": state,
        "step": str(step),
        "targetRevisions": list(one.revisions),
    }


def condition(complete: bool) -> JsonObject:  # noqa: FBT001 - the condition's status
    """Return the condition that tells of a rollout."""
    return {
        "type": ROLLOUT,
        "status": "False" if complete else "True",
        "reason": "ApplicationSetRolloutComplete" if complete else "ApplicationSetModified",
        "message": f"ApplicationSet Rollout {'complete' if complete else 'started'}",
    }


def without_automation(application: JsonObject) -> JsonObject:
    """Return a generated Application as it is written while an ApplicationSet says when it is synced."""
    spec = application.get("spec") or {}
    policy = spec.get("syncPolicy")
    if not isinstance(policy, dict) or "automated" not in policy:
        return application
    kept = {key: value for key, value in policy.items() if key != "automated"}
    return {**application, "spec": {**spec, "syncPolicy": kept}}


def prunes(application: JsonObject) -> bool:
    """Whether a generated Application asks for its syncs to delete what left Git."""
    policy = (application.get("spec") or {}).get("syncPolicy")
    automated = policy.get("automated") if isinstance(policy, dict) else None
    return isinstance(automated, dict) and automated.get("prune") is True


def last_step(steps: Sequence[Step], applications: Iterable[JsonObject]) -> list[JsonObject]:
    """Return those that go next where they go in reverse order: of the last step that has any, those of none first."""
    found: dict[int, list[JsonObject]] = {}
    for one in applications:
        number = step_of(steps, metadata_of(one).get("labels") or {})
        found.setdefault(len(steps) + 1 if number < 0 else number, []).append(one)
    return found[max(found)] if found else []
