"""What a repository's own configuration, and the roles of a project, say of who may give commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from bot.engine.projects import DEFAULT
from bot.engine.roles import why_not_given
from bot.errors import Rejected
from bot.preview.configuration import teams, why_not_asked
from workers.changes.said import said_of, said_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.model.applications import Application
    from bot.model.changes import Permission
    from bot.model.commands import Verb
    from bot.preview.configuration import Read
    from workers.changes.asked import Asked
    from workers.changes.landscape import Landscape

_FRESH: Final = 3.0
"""Seconds for which a clone may be as it was: one comment may hold several commands."""


def demand(asked: Asked, verb: Verb, *, allowed: Permission) -> None:
    """Raise Rejected where the default branch, or the one that the change is for, has it that its author may not.

    Both count: whoever may push makes a branch without any rules, and a change for it, in no time. Teams are looked up
    where they decide.
    """
    for said in said_of(asked.services, asked.change, fresh_for=_FRESH):
        if words := _why_not(asked, said, verb, allowed=allowed):
            raise Rejected(words)


def demand_of(asked: Asked, landscape: Landscape, verb: Verb, names: Collection[str]) -> None:
    """Raise Rejected where a branch that one of these applications follows has it that its author may not.

    The change may be for another branch.
    """
    known = {landscape.repository.default_branch, asked.change.base_branch}
    concerned = (one for one in landscape.applications if one.name in names)
    branches = {branch for one in concerned for branch in landscape.branches_of(one)} - known
    for branch in sorted(one for one in branches if landscape.mirror.has_branch(one)):
        if words := _why_not(asked, said_on(landscape, branch), verb, allowed=asked.allowed):
            raise Rejected(f"{words} on {branch}")


def demand_role(asked: Asked, application: Application, verb: Verb) -> None:
    """Raise Rejected where an application's project has roles for people of the forge, and none lets its author do so.

    It is looked up on the forge now: for each role that decides, and for nobody where the project has none.
    """
    project = asked.services.sources.project_of(application.spec.project or DEFAULT)
    if project is None:
        return
    words = why_not_given(project, application.name, verb, author=asked.author, is_in_any=partial(_is_in_any, asked))
    if words:
        raise Rejected(words)


def _why_not(asked: Asked, said: Read, verb: Verb, *, allowed: Permission) -> str:
    words = why_not_asked(said, verb, author=asked.author, allowed=allowed)
    return words if words and not _is_in_any(asked, teams(said, verb)) else ""


def _is_in_any(asked: Asked, wanted: Iterable[str]) -> bool:
    """Whether the author is in a team; Rejected where none is known to have them, and one of them cannot be seen."""
    unseen: Rejected | None = None
    for team in wanted:
        try:
            if asked.is_in_team(team):
                return True
        except Rejected as error:
            unseen = error
    if unseen is not None:
        raise unseen
    return False
