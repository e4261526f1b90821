"""Roles of projects: who of the forge may give which command about which application, by Argo CD's policies. Pure.

Source: argo-cd `app_project_types.go` (ProjectPoliciesString), `types.go` (validatePolicy), `assets/model.conf`,
docs/user-guide/projects.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.engine.globs import fits
from bot.errors import Rejected
from bot.model.commands import Verb

if TYPE_CHECKING:
    from bot.model.projects import AppProject, ProjectRole

IsInAny: TypeAlias = Callable[[Iterable[str]], bool]
"""Whether who asks is in one of some teams, `acme/platform`; Rejected where nobody knows."""

_SYNC: Final = frozenset({"sync"})
_ACTIONS: Final[Mapping[Verb, frozenset[str]]] = MappingProxyType(
    {
        Verb.SYNC: _SYNC,
        Verb.RETRY: _SYNC,
        Verb.CANCEL: _SYNC,
        Verb.APPROVE: _SYNC,
        Verb.ROLLBACK: frozenset({"rollback", "sync"}),
        Verb.HOLD: frozenset({"update"}),
        Verb.RELEASE: frozenset({"update"}),
    }
)
"""Argo CD's actions for what a command does to an application: one of them is to be allowed, and none denied.

There is none for what only reads: every change shows that to whoever sees it.
"""
_RESOURCES: Final = frozenset({"applications", "applicationsets", "clusters", "exec", "logs", "repositories"})
_ACTION: Final = re.compile(r"\*|get|create|update|delete|sync|override|rollback|(?:action|update|delete)/[^\s,]+")
_ROLE: Final = re.compile(r"[A-Za-z0-9](?:[-_A-Za-z0-9]*[A-Za-z0-9])?")
_EFFECTS: Final = frozenset({"allow", "deny"})
_FIELDS: Final = 6
_LONGEST: Final = 1024
"""Characters of a policy that is matched: more than two names of Kubernetes have."""
_WORDS: Final = 160
_PERSON: Final = re.compile(r"@[A-Za-z0-9_.-]+")
_TEAM: Final = re.compile(r"@?([A-Za-z0-9_.][A-Za-z0-9_.-]*)(?::|/)([A-Za-z0-9_.][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)*)")
"""`acme/platform`, and `acme:platform` as Argo CD's own sign-in (Dex) calls a team of GitHub."""


@dataclass(frozen=True, slots=True)
class _Policy:
    """One line of a role, about applications."""

    action: str
    where: str
    denies: bool

    def is_about(self, actions: frozenset[str], subject: str) -> bool:
        """Whether it decides about one of these actions on `project/application`."""
        return fits(self.where, subject, longest=_LONGEST) and any(fits(self.action, one) for one in actions)


@dataclass(frozen=True, slots=True)
class _Role:
    name: str
    policies: tuple[_Policy, ...]
    people: frozenset[str]
    """In small letters, without the sign before them."""
    teams: tuple[str, ...]

    def says(self, actions: frozenset[str], subject: str, *, denies: bool) -> bool:
        """Whether it allows, or denies, one of these actions."""
        return any(one.denies is denies and one.is_about(actions, subject) for one in self.policies)

    def is_of(self, author: str, is_in_any: IsInAny) -> bool:
        """Whether somebody has it; Rejected where nobody knows."""
        return author.lower() in self.people or (bool(self.teams) and is_in_any(self.teams))


def why_not_given(project: AppProject, application: str, verb: Verb, *, author: str, is_in_any: IsInAny) -> str:
    """Return why a command about an application is not taken from `author`; empty where it is.

    As with Argo CD it is taken where one of their roles allows it and none denies it. A project none of whose roles
    names anybody of a forge leaves it to the forge. Rejected for policies that cannot be understood, and where nobody
    knows whether `author` is in a team that decides.
    """
    actions = _ACTIONS.get(verb)
    if actions is None or not _is_for_a_forge(project):
        return ""
    subject = f"{project.name}/{application}"
    roles = [_role(project, one) for one in project.spec.roles]
    for role in (one for one in roles if one.says(actions, subject, denies=True)):
        if role.is_of(author, is_in_any):
            return f"is kept from {author}: role {role.name} of project {project.name} denies to {verb} it"
    unseen: Rejected | None = None
    for role in (one for one in roles if one.says(actions, subject, denies=False)):
        try:
            if role.is_of(author, is_in_any):
                return ""
        except Rejected as error:
            unseen = error
    if unseen is not None:
        raise unseen
    wanted = " or ".join(sorted(actions))
    return f"takes a role of project {project.name} that allows {wanted}, and {author} has none"


def why_not_understood(project: AppProject) -> str:
    """Return what is wrong with a project's roles, where they are about people of a forge; empty where nothing is."""
    if not _is_for_a_forge(project):
        return ""
    try:
        for role in project.spec.roles:
            _role(project, role)
    except Rejected as error:
        return error.message
    return ""


def _is_for_a_forge(project: AppProject) -> bool:
    """Whether any role names a person or a team as forges do; groups of a sign-in service are none of ours."""
    return any(one.startswith("@") or _TEAM.fullmatch(one) for role in project.spec.roles for one in _groups(role))


def _groups(role: ProjectRole) -> Iterable[str]:
    return (one.strip().removeprefix('"').removesuffix('"') for one in role.groups)


def _role(project: AppProject, role: ProjectRole) -> _Role:
    if not _ROLE.fullmatch(role.name):
        raise Rejected(f"project {project.name}: {_shown(role.name)} is no name of a role")
    for one in _groups(role):
        if one.startswith("@") and not (_PERSON.fullmatch(one) or _TEAM.fullmatch(one)):
            # Left out, it would take nothing away where the role denies, and leave all to the forge where it is alone.
            raise Rejected(f"project {project.name}: {_shown(one)} of role {role.name} is no person or team of a forge")
    policies = [_policy(project.name, role.name, line) for line in role.policies]
    people = frozenset(one[1:].lower() for one in _groups(role) if _PERSON.fullmatch(one))
    teams = tuple(f"{found[1]}/{found[2]}" for one in _groups(role) if (found := _TEAM.fullmatch(one)))
    return _Role(role.name, tuple(one for one in policies if one is not None), people, teams)


def _policy(project: str, role: str, line: str) -> _Policy | None:
    """Read a line of a role; None where it is about something else than applications."""
    fields = [one.strip() for one in line.split(",")]
    if len(line) > _LONGEST or len(fields) != _FIELDS or fields[0] != "p":
        raise _wrong(project, role, line, "is not of the form p, subject, resource, action, object, effect")
    _, subject, resource, action, where, effect = fields
    if subject != f"proj:{project}:{role}":
        raise _wrong(project, role, line, f"is about {_shown(subject)}, and not about proj:{project}:{role}")
    if resource not in _RESOURCES:
        raise _wrong(project, role, line, f"names the resource {_shown(resource)}, which there is not in projects")
    if not _ACTION.fullmatch(action):
        raise _wrong(project, role, line, f"names the action {_shown(action)}, which there is not")
    if not re.fullmatch(rf"{re.escape(project)}(?:/[*\w.-]+){{1,2}}", where, re.ASCII):
        raise _wrong(project, role, line, f"is about {_shown(where)}, and not about {project}/<application>")
    if effect not in _EFFECTS:
        raise _wrong(project, role, line, f"ends in {_shown(effect)}, and not in allow or deny")
    return _Policy(action, where, effect == "deny") if resource == "applications" else None


def _wrong(project: str, role: str, line: str, what: str) -> Rejected:
    return Rejected(f"project {project}: a policy of role {role} {what}: {_shown(line)}")


def _shown(words: str) -> str:
    return repr(words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…")
