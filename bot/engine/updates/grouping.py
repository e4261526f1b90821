"""Which updates become one change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bot.model.changes import repository_identity
from bot.model.names import is_elsewhere
from bot.model.updates import Bump, Change, Edit, Group, Planned, Way

_Value: TypeAlias = tuple[str, str, str, int, Way]
"""Repository, branch, file, document and way of one value."""
_Whose: TypeAlias = tuple[bool, str, str]
"""Of a group that it is one, its name and project; of an application alone its name and nothing."""


def grouped(plans: Iterable[Planned]) -> list[Group]:
    """Put together the applications of each group, by name; a value that several want is written by the first.

    A group is one of a project's: who may name a group in one must not keep, or hold up, what another project wants.
    Where they want different versions at the same place, that of the first counts, and the others are told; nobody is
    before those of the control namespace.
    """
    taken: dict[_Value, tuple[str, _Whose]] = {}
    groups: dict[_Whose, _Group] = {}
    for plan in sorted(plans, key=_order):
        whose = (True, plan.group, plan.project) if plan.group else (False, plan.application, "")
        group = groups.setdefault(whose, _Group())
        group.plans.append(plan)
        group.bumps += _free(plan, whose, taken, group.problems)
    return [group.made(name, named=named) for (named, name, _), group in groups.items()]


def _order(plan: Planned) -> tuple[bool, str, str, str]:
    return is_elsewhere(plan.application), plan.group or plan.application, plan.project, plan.application


@dataclass(slots=True)
class _Group:
    plans: list[Planned] = field(default_factory=list)
    bumps: list[Bump] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def made(self, name: str, *, named: bool) -> Group:
        # One application may have it from https://…, another from git@….
        places: dict[tuple[str, str], list[Bump]] = {}
        for bump in self.bumps:
            places.setdefault((repository_identity(bump.url), bump.branch), []).append(bump)
        changes = (Change(bumps[0].url, branch, tuple(bumps)) for (_, branch), bumps in sorted(places.items()))
        told = (f"{plan.application}: {problem}" for plan in self.plans for problem in plan.problems)
        return Group(
            name=name,
            named=named,
            applications=tuple(plan.application for plan in self.plans),
            project=self.plans[0].project,
            changes=tuple(changes),
            problems=(*told, *self.problems),
            certain=not any(plan.uncertain for plan in self.plans),
            waits=any(plan.waits for plan in self.plans),
        )


def _free(plan: Planned, group: _Whose, taken: dict[_Value, tuple[str, _Whose]], problems: list[str]) -> Iterator[Bump]:
    """Yield what nobody before has wanted to write."""
    for bump in plan.bumps:
        left: list[Edit] = []
        for edit in bump.edits:
            value = (repository_identity(bump.url), bump.branch, edit.path, edit.document, edit.way)
            new, whose = taken.setdefault(value, (edit.new, group))
            if new != edit.new:
                named, first, project = whose
                first = f"{first} of project {project}" if named else first
                problems.append(f"{plan.application}: {bump.thing} is to be {new} in {edit.path} because of {first}")
            elif whose == group:
                left.append(edit)
        if left:
            yield replace(bump, edits=tuple(left))
