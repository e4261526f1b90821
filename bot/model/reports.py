"""What a preview found: the values that comments, statuses and pages are written from.

Everything here is plain (strings, numbers, tuples), so that a report can be kept as JSON and read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from bot.model.changes import StatusState
from bot.model.dangers import Danger, Demand, ImageChange, Severity
from bot.model.policies import Finding, PolicySeverity
from bot.model.resources import ResourceKey

STATUS_LENGTH: Final = 140
"""Characters a commit status may say (https://docs.github.com/en/rest/commits/statuses)."""

_PLAN: Final = 8
"""Characters of a plan that are shown."""


class Action(StrEnum):
    """What happens to an object, in the order in which it is listed."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"
    """Deleted, then created again: what the object held is lost."""
    PRUNE = "prune"
    ORPHAN = "orphan"
    """Left in the cluster, no longer managed by anybody."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class ResourceReport:
    """One object of one application: what the change does to it, and apart from that, what a sync would do anyway."""

    key: ResourceKey
    action: Action
    """What this change does."""
    drift: Action
    """What a sync would do even without this change."""
    effect_diff: str
    """Unified diff, redacted."""
    drift_diff: str
    failure: str = ""
    """Why applying it is predicted to fail, in the server's words."""
    estimated: str = ""
    """Why `action` is not a dry run's answer; empty when it is."""
    hook: str = ""
    """Phases it is a hook of: `PreSync`."""
    note: str = ""
    rewritten: bool = False
    """Whether Git says the same in another way: the object stays as it is, but who owns which field may change."""
    dangers: tuple[Danger, ...] = ()
    """What a reviewer must have seen about it, the most severe first."""
    findings: tuple[Finding, ...] = ()
    """What users' own rules say about it."""
    varying: bool = False
    """Whether its source renders it differently each time."""
    result_diff: str = ""
    """Unified diff, redacted, of what will really be written, where that is both effect and drift; else one of them."""

    @property
    def added(self) -> int:
        """Lines that the change adds."""
        return _lines_with(self.effect_diff, "+")

    @property
    def removed(self) -> int:
        """Lines that the change takes away."""
        return _lines_with(self.effect_diff, "-")

    @property
    def affected(self) -> bool:
        """Whether a reviewer has to know about it: it will not stay as it is, or cannot become what Git says."""
        return self.action is not Action.NOTHING or bool(self.failure)


@dataclass(frozen=True)  # without slots: the tally has to be kept somewhere
class ApplicationReport:
    """One application: what merging does to it. An object that is predicted to fail counts as a failure only."""

    name: str
    namespace: str
    """Where the Application resource lives."""
    cluster: str
    target_namespace: str
    resources: tuple[ResourceReport, ...]
    failure: str = ""
    """Why nothing can be said about its resources (render, configuration), in the tool's words."""
    change: Action = Action.NOTHING
    """CREATE or PRUNE when the change adds or removes the application itself, CHANGE when it alters its definition."""
    automated: bool = True
    """Whether a merge is synced without a person asking."""
    notes: tuple[str, ...] = ()
    dangers: tuple[Danger, ...] = ()
    """What a reviewer must have seen about the application as a whole, each with its subject."""
    images: tuple[ImageChange, ...] = ()
    routine: bool = False
    """Whether nothing but images, chart versions and checksums moves."""
    findings: tuple[Finding, ...] = ()
    """What users' own rules say about the application as a whole."""

    @property
    def where(self) -> str:
        """`prod · shop`: cluster and namespace."""
        return " · ".join(part for part in (self.cluster, self.target_namespace) if part)

    @property
    def all_dangers(self) -> tuple[Danger, ...]:
        """Its own dangers and those of its objects."""
        return (*self.dangers, *(danger for resource in self.resources for danger in resource.dangers))

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What rules say about it and about its objects."""
        return (*self.findings, *(finding for resource in self.resources for finding in resource.findings))

    @property
    def creates(self) -> int:
        """Objects that will be created."""
        return self._count(Action.CREATE)

    @property
    def changes(self) -> int:
        """Objects that will be changed in place."""
        return self._count(Action.CHANGE)

    @property
    def replaces(self) -> int:
        """Objects that will be deleted and created again."""
        return self._count(Action.REPLACE)

    @property
    def deletes(self) -> int:
        """Objects that will be pruned."""
        return self._count(Action.PRUNE)

    @property
    def orphans(self) -> int:
        """Objects that will stay, no longer managed."""
        return self._count(Action.ORPHAN)

    @property
    def drifted(self) -> int:
        """Objects that a sync would touch even without the change."""
        return self._tally.drifted

    @property
    def failures(self) -> int:
        """Objects that are predicted to fail, plus one when the application itself does."""
        return self._tally.failures

    @property
    def touched(self) -> int:
        """Objects that the change does anything to."""
        return self._tally.touched

    @property
    def affected(self) -> bool:
        """Whether the change does something to it, or shows that something cannot be done."""
        return bool(self.touched or self.failures or self.change is not Action.NOTHING)

    @cached_property
    def _tally(self) -> _Tally:
        """Count once what a comment asks for again and again; orjson writes no attribute that begins so."""
        return _Tally(
            drifted=sum(resource.drift is not Action.NOTHING for resource in self.resources),
            failures=sum(bool(resource.failure) for resource in self.resources) + bool(self.failure),
            touched=sum(one.action is not Action.NOTHING and not one.failure for one in self.resources),
        )

    def _count(self, action: Action) -> int:
        return sum(resource.action is action and not resource.failure for resource in self.resources)


class _Tally(NamedTuple):
    """How many objects of an application are what."""

    drifted: int
    failures: int
    touched: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another open change that touches the same objects, or several of which no more may be told."""

    change: str
    """Its number with its mark, `#41`; empty where nothing may be told of it, as its repository is another."""
    objects: tuple[str, ...]
    """Which, and where it touches them: `Deployment shop/web (spec)`."""
    many: bool = False
    """Whether they are too many to be named."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the commit status of a change says."""

    state: StatusState
    description: str
    """At most 140 characters."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told about one change."""

    change: str
    """`owner/repo#12`; empty when nobody has opened one yet."""
    base_branch: str
    base_sha: str
    head_sha: str
    applications: tuple[ApplicationReport, ...]
    considered: int
    """Applications that were looked at."""
    plan: str
    """Hexadecimal digest that names the predicted operations."""
    clusters: tuple[str, ...]
    """Which API servers answered: `prod (v1.37.2)`."""
    seconds: float
    conflict: tuple[str, ...] = ()
    """Files in merge conflict; nothing is predicted while there are any."""
    skipped: str = ""
    """Why nothing is predicted though all could be; empty where it is."""
    blocked: bool = False
    """Whether that is to keep it from being merged."""
    reviewers: tuple[str, ...] = ()
    """Whom the repository wants to look at dangers like these: `@acme/platform`."""
    demands: tuple[Demand, ...] = ()
    """Approvals that it takes before the status is green."""
    folded: bool = False
    """Whether every difference is folded, also where there are few."""
    shows_drift: bool = True
    """Whether a comment shows drift; else it is counted there."""
    shows_images: bool = True
    """Whether a comment has a table of images."""
    notes: tuple[str, ...] = ()
    broken_policies: tuple[str, ...] = ()
    """Rules that could not be evaluated, with file, line and why: nobody knows what they would have said."""
    reused: int = 0
    """Applications of which an earlier prediction is told again, as nothing that they depend on has changed since."""
    reused_from: str = ""
    """When the earliest of those was made: `12:03 UTC`."""
    read: str = ""
    """Names what the affected applications read of both sides: another name where that differs, and only there."""
    neighbours: tuple[Neighbour, ...] = ()
    """Other open changes that touch the same objects."""
    left_out: tuple[str, ...] = ()
    """Applications that the change touches, and that its repository does not want previewed: nothing is known."""
    unpredicted: tuple[str, ...] = ()
    """Applications and ApplicationSets of which nobody knows before the merge what the change makes of them."""

    @property
    def affected(self) -> tuple[ApplicationReport, ...]:
        """The applications that the change does something to."""
        return tuple(application for application in self.applications if application.affected)

    @property
    def touched(self) -> int:
        """Objects that merging does anything to."""
        return sum(application.touched for application in self.applications)

    @property
    def drifted(self) -> int:
        """Objects that a sync would touch even without the change."""
        return sum(application.drifted for application in self.applications)

    @property
    def refused(self) -> int:
        """Objects that are predicted to fail."""
        return sum(application.failures - bool(application.failure) for application in self.applications)

    @property
    def unrendered(self) -> int:
        """Applications about whose objects nothing can be said."""
        return sum(bool(application.failure) for application in self.applications)

    @property
    def severities(self) -> frozenset[Severity]:
        """Of the dangers that there are."""
        return frozenset(danger.severity for one in self.applications for danger in one.all_dangers)

    @property
    def cautions(self) -> int:
        """Dangers of the first severity, whatever they are about."""
        dangers = (danger for application in self.applications for danger in application.all_dangers)
        return sum(danger.severity is Severity.CAUTION for danger in dangers)

    @property
    def denials(self) -> tuple[Finding, ...]:
        """What rules forbid."""
        findings = (finding for application in self.applications for finding in application.all_findings)
        return tuple(finding for finding in findings if finding.severity is PolicySeverity.DENY)

    @property
    def failed(self) -> bool:
        """Whether anything is predicted to fail, or forbidden, or not known to be allowed."""
        return bool(self.refused or self.unrendered or self.denials or self.broken_policies)

    @property
    def is_routine(self) -> bool:
        """Whether nothing but versions moves, in every application that is affected, and nothing else is to be said."""
        said = self.failed or self.drifted or self.conflict or self.skipped or self.notes or self.left_out
        quiet = not any(one.all_findings or one.notes for one in self.affected)
        return bool(self.affected) and quiet and not said and all(one.routine for one in self.affected)

    @property
    def tells(self) -> bool:
        """Whether a person has to read it; without anything to tell no comment is written."""
        noted = self.notes or any(application.notes for application in self.applications)
        return bool(self.affected or self.drifted or self.conflict or noted or self.left_out)

    @property
    def headline(self) -> str:
        """One line that says what merging does, without any markup and without a word from outside."""
        if self.conflict:
            return f"Nothing predicted: {counted(len(self.conflict), 'file')} in merge conflict"
        if self.skipped:
            return "Nothing predicted, as this repository is configured"
        nothing = "Nothing predicted" if self.left_out else "Merging changes nothing"
        if not (self.left_out or self.refused or self.unrendered):
            nothing = "Merging changes nothing in any cluster"
        return ", ".join([self._effect() or nothing, *self._more()])

    def _more(self) -> Iterator[str]:
        """Yield what else the headline counts."""
        if self.refused:
            yield f"{counted(self.refused, 'resource')} predicted to fail"
        if self.unrendered:
            yield f"{counted(self.unrendered, 'application')} cannot be rendered"
        if self.left_out:
            yield f"{counted(len(self.left_out), 'touched application')} not previewed"
        if self.cautions:
            yield counted(self.cautions, "caution")
        if self.broken_policies:
            yield "policies cannot be evaluated"
        if self.denials:
            yield counted(len(self.denials), "policy violation")

    @property
    def outcome(self) -> Outcome:
        """What the commit status says.

        The plan stands in it, so that the commit keeps it. A conflict is *pending*: the forge itself forbids the merge,
        and green would promise what nobody has predicted.
        """
        if self.conflict:
            words = f"waits until {counted(len(self.conflict), 'file')} in merge conflict can be merged"
            return Outcome(StatusState.PENDING, words)
        if self.skipped:
            return Outcome(StatusState.PENDING if self.blocked else StatusState.SUCCESS, self.skipped[:STATUS_LENGTH])
        words = self.headline
        if reason := next((one.message for one in self.denials), next(iter(self.broken_policies), "")):
            words = f"{words}: {_on_one_line(reason)}"
        if not self.affected and not self.left_out:
            words = f"No application is affected ({self.considered} looked at)"
        if self.notes and not reason:
            # Green alone would promise that everything is known; a note may say what is not.
            words = f"{words}; {counted(len(self.notes), 'note')}: {_on_one_line(self.notes[0])}"
        plan = f" · plan {self.plan[:_PLAN]}" if self.affected and self.plan else ""
        words = words[: STATUS_LENGTH - len(plan)]
        return Outcome(StatusState.FAILURE if self.failed else StatusState.SUCCESS, f"{words}{plan}")

    def _effect(self) -> str:
        touching = sum(bool(application.touched) for application in self.applications)
        if touching:
            return f"Merging changes {counted(self.touched, 'resource')} in {counted(touching, 'application')}"
        altered = [application.change for application in self.applications if application.change is not Action.NOTHING]
        if not altered:
            return ""
        verbs = {Action.CREATE: "adds", Action.PRUNE: "removes"}
        verb = verbs.get(altered[0], "changes") if len(set(altered)) == 1 else "changes"
        return f"Merging {verb} {counted(len(altered), 'application')} and no resource"


def counted(number: int, noun: str) -> str:
    """Return the number with its noun: `1 resource`, `4 resources`, `no resource`."""
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"


def _on_one_line(words: str) -> str:
    """Return words from outside fit for a status: no line, no control character."""
    return " ".join("".join(one if one.isprintable() else " " for one in words).split())


def _lines_with(diff: str, sign: str) -> int:
    return diff.count(f"\n{sign}") + diff.startswith(sign)
