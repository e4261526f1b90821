"""The folded part of a comment: one difference after the other, effect apart from drift."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bot.model.reports import Action
from bot.preview import words
from bot.preview.budget import Block, Wrapper
from bot.preview.inert import clipped, code, fence, fenced, inert, tag

if TYPE_CHECKING:
    from bot.model.reports import ApplicationReport, Report, ResourceReport

_OPEN_BELOW: Final = 40
"""Lines of difference that are shown unfolded when they are all there is."""

_NAME: Final = 256
"""Characters shown of a name; Kubernetes' own have up to 253."""

_DIFF_SIGNS: Final = frozenset({"+", "-", " ", "@", "#", ""})
"""What the lines of a difference begin with; an empty line is a line feed's end."""

_KEPT: Final = 1_500
"""Blocks kept for the next time the same is told: a push to a change leaves most of them; about 1 MB."""

_SERIOUS: Final = (Action.REPLACE, Action.PRUNE, Action.ORPHAN, Action.CHANGE, Action.CREATE, Action.NOTHING)


def effects(report: Report) -> list[Block]:
    """Return the difference of each object that the change touches, the most serious of an application first."""
    touched = [
        (application, resource)
        for application in sorted(report.applications, key=lambda each: not each.failures)
        for resource in sorted(application.resources, key=_seriousness)
        if resource.effect_diff
    ]
    lines = sum(resource.effect_diff.count("\n") + 1 for _, resource in touched)
    opening = "<details open>" if lines <= _OPEN_BELOW and not report.folded else "<details>"
    return [_effect(application.name, resource, opening) for application, resource in touched]


def drifts(report: Report) -> list[Block]:
    """Return what a sync would do without the change, object by object, all within one fold."""
    drifted = [
        (application, resource)
        for application in report.applications
        for resource in application.resources
        if resource.drift is not Action.NOTHING
    ]
    wrapper = Wrapper(
        f"\n<details><summary>Drift that was there before ({len(drifted)})</summary>\n\n"
        "A sync would do this even without the change.\n",
        "\n</details>\n",
    )
    return [_drift(application, resource, wrapper) for application, resource in drifted]


def _seriousness(resource: ResourceReport) -> tuple[bool, int]:
    return not resource.failure, _SERIOUS.index(resource.action)


@lru_cache(maxsize=_KEPT)
def _effect(application: str, resource: ResourceReport, opening: str) -> Block:
    said = [f"+{resource.added} {words.MINUS}{resource.removed}"]
    if resource.hook:
        said.append(f"{tag(clipped(resource.hook, _NAME))} hook")
    if resource.failure:
        said.append("predicted to fail")
    if resource.estimated:
        said.append("estimated")
    # Markdown is not read here, and a forge looks for mentions everywhere but in code.
    subject = tag(clipped(f"{words.SIGNS[resource.action]} {resource.key}", _NAME))
    title = f"{tag(clipped(application, _NAME))} · {subject} · {' · '.join(said)}"
    body = _lines(resource.effect_diff)
    ticks = fence(body)
    before = f"\n{opening}<summary>{title}</summary>\n\n{ticks}diff\n"
    return Block(before=before, body=body, fence=ticks, after="\n</details>\n")


def _drift(application: ApplicationReport, resource: ResourceReport, wrapper: Wrapper) -> Block:
    body = _lines(resource.drift_diff or f"# {resource.note or words.drift(resource)}")
    ticks = fence(body)
    subject = code(clipped(f"{words.SIGNS[resource.drift]} {resource.key}", _NAME))
    before = f"\n{subject} ({inert(clipped(application.name, _NAME))})\n\n{ticks}diff\n"
    return Block(before=before, body=body, fence=ticks, after="", wrapper=wrapper)


def _lines(diff: str) -> str:
    """Return the lines of a difference for a fence, each with a sign: a bot may obey `/approve` even within one."""
    return "\n".join(line if line[:1] in _DIFF_SIGNS else f" {line}" for line in fenced(diff).split("\n"))
