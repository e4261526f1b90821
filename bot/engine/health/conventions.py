"""Rules for kinds that keep a convention: what is their own stands in a table, how it is read stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

Rule: TypeAlias = Callable[[Section], HealthStatus]
"""Judges one object; raises Rejected with the words for a field it cannot read."""

UNOBSERVED: Final = HealthStatus(Health.PROGRESSING, "Waiting for the controller to see the last change")


@dataclass(frozen=True, slots=True)
class Family:
    """Kinds of one API group, each with its rule."""

    group: str
    """May have `*`, as in `*.services.k8s.aws`."""
    kinds: Mapping[str, Rule]
    """A kind `*` is every other kind of the group."""
    source: str = ""
    """URL of what is documented about their status; without one, the facts are those of Argo CD's rules."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition in a status, and the health that it means."""

    health: Health
    condition: str
    status: str = "True"
    reasons: tuple[str, ...] = ()
    """Only with one of these reasons; none: with any."""

    def holds(self, entry: Section) -> bool:
        """Tell whether an entry of `conditions` is this one."""
        named = (entry.text("type"), entry.text("status")) == (self.condition, self.status)
        return named and (not self.reasons or entry.text("reason") in self.reasons)

    def __str__(self) -> str:
        condition = self.condition if self.status == "True" else f"{self.condition}={self.status}"
        return f"{condition} ({', '.join(self.reasons)})" if self.reasons else condition


def degraded(condition: str, status: str = "True", *reasons: str) -> When:
    """Return that a condition means Degraded."""
    return When(Health.DEGRADED, condition, status, reasons)


def progressing(condition: str, status: str = "True", *reasons: str) -> When:
    """Return that a condition means Progressing."""
    return When(Health.PROGRESSING, condition, status, reasons)


def suspended(condition: str, status: str = "True", *reasons: str) -> When:
    """Return that a condition means Suspended."""
    return When(Health.SUSPENDED, condition, status, reasons)


@dataclass(frozen=True, slots=True)
class ByConditions:
    """Judge by conditions: the first of `whens` that holds decides; then it is Healthy if all of `healthy` are True.

    What the controller said before it saw the last change does not count. Else it is Progressing.
    """

    healthy: tuple[str, ...]
    """Without any, what none of `whens` holds of is Healthy."""
    whens: tuple[When, ...] = ()
    paused: str = ""
    """Path of a field that is true while somebody has it suspended: `spec.suspend`."""
    within: str = "status"
    """Path of what has the `conditions`."""

    def __call__(self, obj: Section) -> HealthStatus:
        """Judge an object."""
        if self.paused and is_true(obj, self.paused):
            return HealthStatus(Health.SUSPENDED, f"{obj.text('kind')} is suspended")
        status = obj.inside(self.within)
        conditions = status.sections("conditions")
        for when in self.whens:
            for entry in conditions:
                if when.holds(entry):
                    return judged(obj, entry, when.health)
        return self._rest(obj, status)

    def _rest(self, obj: Section, status: Section) -> HealthStatus:
        if not self.healthy and is_unobserved(obj, status):
            return UNOBSERVED
        entry = status
        for name in self.healthy:
            entry = status.condition(name)
            if entry.text("status") != "True":
                return HealthStatus(Health.PROGRESSING, said(entry) or f"Waiting for the controller to report {name}")
            if is_unobserved(obj, entry):
                return UNOBSERVED
        return HealthStatus(Health.HEALTHY, said(entry) or f"{obj.text('kind')} reports no fault")

    @property
    def states(self) -> frozenset[Health]:
        """Every health that it can give."""
        rest = {Health.HEALTHY} | ({Health.PROGRESSING} if self.healthy else set())
        return frozenset({when.health for when in self.whens} | rest | ({Health.SUSPENDED} if self.paused else set()))

    def __str__(self) -> str:
        found = [f"{when.health}: {when}" for when in self.whens]
        first = [f"Suspended: `{self.paused}`"] if self.paused else []
        last = f"Healthy: {' and '.join(self.healthy)}" if self.healthy else "else Healthy"
        return "; ".join([*first, *found, last])


@dataclass(frozen=True, slots=True)
class ByPhase:
    """Judge by a field that names a phase; one that is not reported yet is Progressing."""

    phases: Mapping[str, Health]
    at: str = "status.phase"
    """Path of the field."""
    words: str = "status.message"
    """Path of what is said about it."""
    otherwise: Health = Health.PROGRESSING
    """What any other phase means."""
    paused: str = ""
    """Path of a field that is true while somebody has it suspended."""

    def __call__(self, obj: Section) -> HealthStatus:
        """Judge an object."""
        if self.paused and is_true(obj, self.paused):
            return HealthStatus(Health.SUSPENDED, f"{obj.text('kind')} is suspended")
        phase, field = text_at(obj, self.at), self.at.rpartition(".")[2]
        if not phase:
            return HealthStatus(Health.PROGRESSING, f"Waiting for the controller to report {self.at}")
        if is_unobserved(obj, obj.section("status")):
            return UNOBSERVED
        more = text_at(obj, self.words)
        named = f"{field[0].upper()}{field[1:]} is {phase}"
        return HealthStatus(self.phases.get(phase, self.otherwise), f"{named}: {more}" if more else named)

    @property
    def states(self) -> frozenset[Health]:
        """Every health that it can give."""
        paused = {Health.SUSPENDED} if self.paused else set()
        return frozenset({*self.phases.values(), self.otherwise, Health.PROGRESSING} | paused)

    def __str__(self) -> str:
        meant = {health: [phase for phase, one in self.phases.items() if one is health] for health in Health}
        first = [f"Suspended: `{self.paused}`"] if self.paused else []
        found = [f"{health}: {', '.join(phases)}" for health, phases in meant.items() if phases]
        return f"`{self.at}`: {'; '.join([*first, *found, f'else {self.otherwise}'])}"


def is_unobserved(obj: Section, entry: Section) -> bool:
    """Tell whether what a condition or a status says is about an earlier generation, as far as it says of which."""
    seen = _observed(entry)
    if seen is None:
        seen = _observed(obj.section("status"))
    # Controllers that have seen none yet write 0 or -1.
    return seen is not None and seen < obj.section("metadata").count("generation")


def _observed(entry: Section) -> int | None:
    text = entry.values.get("observedGeneration")
    if isinstance(text, str):
        # Some write the number as text; what some once wrote is a hash, which says nothing of generations.
        return int(text) if text.isdecimal() else None
    return entry.number("observedGeneration")


def judged(obj: Section, entry: Section, health: Health) -> HealthStatus:
    """Return the health that a condition means, with its words; Progressing where it is about an earlier generation.

    Many a controller notes a generation only when it succeeds, so the words of an outdated fault are told as well.
    """
    if not is_unobserved(obj, entry):
        return HealthStatus(health, said(entry))
    before = "" if health is Health.HEALTHY else f"; before that: {said(entry)}"
    return HealthStatus(Health.PROGRESSING, f"{UNOBSERVED.message}{before}")


def said(entry: Section) -> str:
    """Return what a condition says, in words if it has any; nothing when there is no such condition."""
    named = f"{entry.text('type')} is {entry.text('status')}" if entry.text("type") else ""
    return entry.text("message") or entry.text("reason") or named


def text_at(obj: Section, path: str) -> str:
    """Return the text at a path like `status.phase`; empty when there is none."""
    parent, _, field = path.rpartition(".")
    return obj.inside(parent).text(field)


def is_true(obj: Section, path: str) -> bool:
    """Tell whether the field at a path like `spec.suspend` is true."""
    parent, _, field = path.rpartition(".")
    return obj.inside(parent).flag(field)


READY: Final = ByConditions(("Ready",), (degraded("Ready", "False"),))
"""The most common convention: it works, it does not, or nobody knows yet."""
