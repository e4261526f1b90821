"""The sentences of a report, as plain text: comment, terminal and page say the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.model.dangers import Danger, Severity
from bot.model.deliveries import DeliveryState
from bot.model.policies import PolicySeverity
from bot.model.reports import Action, counted
from bot.preview.dangers.sorts import TITLES, rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.deliveries import Delivery, Epilogue
    from bot.model.reports import ApplicationReport, Report, ResourceReport

MINUS: Final = "−"  # noqa: RUF001 - a minus is as wide as a plus, a hyphen is not

SIGNS: Final = {
    Action.CREATE: "+",
    Action.CHANGE: "~",
    Action.REPLACE: f"{MINUS}/+",
    Action.PRUNE: MINUS,
    Action.ORPHAN: "○",
    Action.NOTHING: "=",
}

_NAMED: Final = 3
"""Objects that a row of the table names."""

_VERBS: Final = {
    Action.CREATE: "creates",
    Action.CHANGE: "changes",
    Action.REPLACE: "replaces",
    Action.PRUNE: "deletes",
    Action.ORPHAN: "no longer manages",
    Action.NOTHING: "does not change",
}

_DRIFTS: Final = {
    Action.CREATE: "created",
    Action.CHANGE: "changed",
    Action.REPLACE: "deleted and created again",
    Action.PRUNE: "deleted",
    Action.ORPHAN: "not managed any more and not deleted",
    Action.NOTHING: "not touched",
}
_DEFINITION: Final = {
    Action.CREATE: "new application",
    Action.PRUNE: "application is removed",
    Action.ORPHAN: "application is removed, its resources stay",
}


_About: TypeAlias = tuple[str, Danger]
"""Whom a danger is about, and the danger."""

_APART: Final = 2
"""Dangers of one sort that have a line each."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One line about one danger, or about several of a sort."""

    severity: Severity
    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is predicted to fail: who it is, and the words of the server or tool."""

    subject: str
    message: str


def remarks(application: ApplicationReport) -> Iterator[str]:
    """Yield what the table says about an application beside its numbers, most important first."""
    if application.failure:
        yield "cannot be rendered"
    if failing := [resource for resource in application.resources if resource.failure]:
        yield f"fails at {_listed(failing)}"
    if application.change is not Action.NOTHING:
        yield _DEFINITION.get(application.change, "its definition changes")
    for action in (Action.REPLACE, Action.PRUNE, Action.ORPHAN):
        if touched := [each for each in application.resources if each.action is action and not each.failure]:
            yield f"{_VERBS[action]} {_listed(touched)}"
    if application.routine:
        yield "routine: only versions move"
    if not application.automated and application.touched:
        yield "waits for a manual sync"


def failures(report: Report) -> Iterator[Failure]:
    """Yield every predicted failure, applications that cannot be rendered first."""
    for application in report.applications:
        if application.failure:
            yield Failure(f"Application {application.name} cannot be rendered", application.failure)
    for application, resource in _resources(report):
        if resource.failure:
            before = "" if resource.action is not Action.NOTHING else ", with or without this change"
            yield Failure(f"{resource.key} ({application.name}) is predicted to fail{before}", resource.failure)


def policies(report: Report, severity: PolicySeverity) -> Iterator[Failure]:
    """Yield what rules forbid, or warn of; rules that cannot be evaluated stand first among the former."""
    if severity is PolicySeverity.DENY:
        yield from (Failure("Policies cannot be evaluated", words) for words in report.broken_policies)
    for application in report.applications:
        about = [(f"Application {application.name}", one) for one in application.findings]
        about += [
            (f"{resource.key} ({application.name})", one)
            for resource in application.resources
            for one in resource.findings
        ]
        for subject, finding in about:
            if finding.severity is severity:
                verb = "violates" if severity is PolicySeverity.DENY else "is warned of by"
                yield Failure(f"{subject} {verb} policy {finding.policy}", finding.message)


def dangers(report: Report) -> list[Warned]:
    """Return what a reviewer must have seen, the most severe first; many of one sort are told of at once."""
    groups: dict[tuple[Severity, str], list[_About]] = defaultdict(list)
    ordered = sorted(_dangers(report), key=lambda each: rank(each[1]))
    for subject, danger in ordered:
        groups[danger.severity, danger.id].append((subject, danger))
    return [
        Warned(severity, sort, told)
        for (severity, sort), members in groups.items()
        for told in (_together(members) if len(members) > _APART else map(_apart, members))
    ]


def _dangers(report: Report) -> Iterator[_About]:
    """Yield each danger with whom it is about."""
    for application in report.applications:
        for danger in application.dangers:
            yield _whom(danger.subject or f"Application {application.name}", application), danger
        for resource in application.resources:
            for danger in resource.dangers:
                yield _whom(danger.subject or str(resource.key), application), danger


def _whom(subject: str, application: ApplicationReport) -> str:
    return subject if subject == f"Application {application.name}" else f"{subject} ({application.name})"


def _apart(one: _About) -> str:
    subject, danger = one
    return f"{subject} {danger.words}"


def _together(members: list[_About]) -> Iterator[str]:
    """Name the first few of many, and say the rest once."""
    title = f"{TITLES.get(members[0][1].id, members[0][1].id)} ({len(members)})"
    more = len(members) - _NAMED
    if len({danger.words for _, danger in members}) == 1:
        names = ", ".join(subject for subject, _ in members[:_NAMED])
        yield f"{title}: {names}{f' and {more} more' if more > 0 else ''}. Each {members[0][1].words}"
    else:
        yield f"{title}: {'; '.join(map(_apart, members[:_NAMED]))}{f'; and {more} more' if more > 0 else ''}"


def remarkable(report: Report) -> Iterator[str]:
    """Yield what is good to know: estimates with their reason, adoptions, notes."""
    yield from report.notes
    for application in report.applications:
        yield from (f"{application.name}: {note}" for note in application.notes)
        yield from _rewritten(application)
    for application, resource in _resources(report):
        subject = f"{resource.key} ({application.name})"
        if resource.estimated:
            yield f"{subject} is estimated, not a dry run's answer: {resource.estimated}"
        if resource.note and resource.action in {Action.CREATE, Action.CHANGE, Action.NOTHING} and resource.affected:
            yield f"{subject}: {resource.note}"


def _rewritten(application: ApplicationReport) -> Iterator[str]:
    """Tell of objects whose files say the same in another way, in one line."""
    names = [str(resource.key) for resource in application.resources if resource.rewritten]
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield (
            f"{application.name}: written differently in Git, and the same in the cluster, where only who owns which "
            f"field may change: {', '.join(names[:_NAMED])}{more}"
        )


def approvals(report: Report) -> Iterator[str]:
    """Yield what dangers like these take before the status is green, whether it has been given or not."""
    for one in report.demands:
        sort = f"A {one.severity} takes an approval of this very commit"
        if one.unknown:
            yield f"{sort}, and nobody knows whose: {one.unknown}"
            continue
        people = f"one of {' '.join(one.people)}" if one.people else "somebody else who may write"
        yield f"{sort} by {people} before the status is green."


def neighbours(report: Report) -> Iterator[str]:
    """Yield which other open changes touch the same objects."""
    for one in report.neighbours:
        names = "; ".join(one.objects[:_NAMED])
        more = f"; and {len(one.objects) - _NAMED} more" if len(one.objects) > _NAMED else ""
        who = f"Open change {one.change}" if one.change else "An open change in another repository"
        yield f"{'Many open changes touch' if one.many else f'{who} touches'} the same: {names}{more}"


def drift(resource: ResourceReport) -> str:
    """Return what a sync would do to an object without the change."""
    return f"{_DRIFTS[resource.drift]} by a sync"


def hidden_drift(report: Report) -> str:
    """Return that there is drift where it is not shown."""
    verb = "has" if report.drifted == 1 else "have"
    return f"{counted(report.drifted, 'object').capitalize()} {verb} drifted, which is not shown here as configured."


def considered(report: Report) -> str:
    """Return what was looked at when nothing is affected."""
    if not report.considered:
        return "No application was looked at."
    verb = "was" if report.considered == 1 else "were"
    none = "none that is previewed is affected" if report.left_out else "none is affected"
    return f"{counted(report.considered, 'application').capitalize()} {verb} looked at; {none}."


def conflict(report: Report) -> str:
    """Return what to do about a merge conflict."""
    return f"The preview runs again when {report.base_branch} can be merged into this branch. In conflict:"


def progress(delivery: Delivery) -> str:
    """Return how far a delivery has come: `queued → syncing → healthy in 14 s, as predicted`."""
    way = {
        DeliveryState.WAITING: "waiting",
        DeliveryState.HELD: "held for a person",
        DeliveryState.QUEUED: "queued",
        DeliveryState.SYNCING: "queued → syncing",
        DeliveryState.PROGRESSING: "queued → syncing → progressing",
        DeliveryState.HEALTHY: "queued → syncing → healthy",
        DeliveryState.FAILED: "queued → syncing → failed",
        DeliveryState.SUPERSEDED: "superseded by a later commit",
        DeliveryState.DELETED: "queued → syncing → deleted",
    }[delivery.state]
    if delivery.seconds is not None:
        # Kubernetes' times have whole seconds: anything finer would be made up.
        took = _whole(delivery.seconds) if delivery.seconds >= 1 else "under 1 s"
        way += f" {'after' if delivery.state is DeliveryState.FAILED else 'in'} {took}"
    if delivery.as_predicted is not None:
        way += ", as predicted" if delivery.as_predicted else ", not as predicted"
    return f"{way}: {delivery.words}" if delivery.words else way


def merged(epilogue: Epilogue) -> str:
    """Return the sum of an epilogue: `Merged: 1 of 2 applications healthy, 1 failed`."""
    states = [delivery.state for delivery in epilogue.deliveries]
    healthy = states.count(DeliveryState.HEALTHY)
    failed = states.count(DeliveryState.FAILED) + states.count(DeliveryState.DELETED)
    words = f"Merged: {healthy or 'none'} of {counted(len(states), 'application')} healthy"
    if not states:
        words = "Merged: nothing to sync"
    return f"{words}, {failed} failed" if failed else words


def reused(report: Report) -> str:
    """Say of how many applications an earlier prediction is told again; empty when of none."""
    if not report.reused:
        return ""
    since = f"as predicted at {report.reused_from}, nothing they depend on has changed"
    return f"{counted(report.reused, 'application')} {since}"


def duration(seconds: float) -> str:
    """Return seconds as people say them: `45 ms`, `0.8 s`, `14 s`, `2 min 5 s`."""
    if seconds < 0.1:  # noqa: PLR2004 - below, tenths read 0.0
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else _whole(seconds)  # noqa: PLR2004 - tenths matter below


def _whole(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _resources(report: Report) -> Iterator[tuple[ApplicationReport, ResourceReport]]:
    return ((application, resource) for application in report.applications for resource in application.resources)


def _listed(resources: list[ResourceReport]) -> str:
    names = ", ".join(str(resource.key) for resource in resources[:_NAMED])
    return names if len(resources) <= _NAMED else f"{names} and {len(resources) - _NAMED} more"
