"""The comment set of a change: found by its marker, edited in place, never an older run over a newer one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model.changes import ChangeState
from bot.preview.markdown import Marker, marker, read_marker
from bot.preview.telling import with_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.forges.port import Comment
    from bot.model.changes import Change
    from bot.services import Services

WRITING: Final = 20.0
"""Seconds one comment set may take to be written; after them somebody else may, whatever became of the writer."""


class Superseded(Rejected):
    """The change moved on or was closed meanwhile: what was predicted is no longer about it."""


@dataclass(frozen=True, slots=True)
class Page:
    """How a comment set is written."""

    only_over_earlier: bool
    """Whether nothing is written unless there is a comment already.

    Nothing to tell needs no comment, but an earlier one must not keep telling something else.
    """
    unless_told: bool
    """Whether nothing is written where the same is told already, whatever has become of the base.

    Who asks for a preview gets a comment that is ours to the last letter, even if somebody has edited it.
    """
    mark: Callable[[Marker], str]
    """Says what has moved since the comment that is there."""
    link: str = ""
    """What a comment has to link to, to be what is told."""


@contextmanager
def still_open(services: Services, change: Change) -> Iterator[None]:
    """Let nobody else write a change's comments; Superseded when it is no longer open at the head that was predicted.

    What was predicted of a change that is merged by now may have been predicted on top of the change itself: it would
    read as "changes nothing". That an open one was is impossible.
    """
    with services.locks.hold(f"comments of {change}", seconds=WRITING):
        now = services.forge.change(change.repository, change.number)
        if now.state is not ChangeState.OPEN:
            raise Superseded(f"{change} was {now.state} before its preview was done")
        if now.head_sha != change.head_sha:
            raise Superseded(f"{change} moved on from {change.head_sha[:7]} to {now.head_sha[:7]}")
        yield


def publish(services: Services, change: Change, bodies: Sequence[str], *, page: Page) -> None:
    """Write a change's comment set."""
    existing = own_comments(services, change)
    if (page.only_over_earlier and not existing) or (page.unless_told and _is_told(existing, bodies, page.link)):
        return
    before = read_marker(existing[0].body) if existing else None
    if before is not None:
        bodies = [with_mark(bodies[0], page.mark(before)), *bodies[1:]]
    services.forge.set_comments(change.repository, change.number, existing, bodies)


def _is_told(existing: Sequence[Comment], bodies: Sequence[str], link: str) -> bool:
    """Whether comments say the same of the same head, and link to the same place."""

    def said(body: str) -> Marker | None:
        mark = read_marker(body)
        return None if mark is None else replace(mark, base_sha="")

    same = [said(one.body) for one in existing] == [said(body) for body in bodies]
    return same and all(link in one.body for one in existing)


def own_comments(services: Services, change: Change) -> list[Comment]:
    """Return this instance's comments on a change, in the order of their parts."""
    found = services.forge.own_comments(change.repository, change.number, marker=marker(services.settings.instance))
    parts = [(read, comment) for comment in found if (read := read_marker(comment.body)) is not None]
    return [comment for read, comment in sorted(parts, key=lambda part: (part[0].part, part[1].id))]


def first_comment(services: Services, change: Change) -> Comment | None:
    """Return the comment that begins with the headline; None when the change has none."""
    return next(iter(own_comments(services, change)), None)
