"""Which applications lie between two states of a repository: judged by what they render, children followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model.applications import Application
from bot.prediction.desired import Wanted
from bot.preview.affected import Branch, Candidate, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model.applications import Source
    from bot.prediction.desired import Desired, Sides, Sources

ROOT_FOLDER: Final = ".foresail"
"""Folder of an allowed repository that declares Applications."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a change touches, and why it does not touch the rest."""

    candidates: tuple[Candidate, ...]
    verdicts: dict[str, Verdict]
    """By application name: every application that was looked at."""

    @property
    def considered(self) -> int:
        """How many applications were looked at."""
        return len(self.verdicts)


def select(sources: Sources, candidates: Iterable[Candidate], sides: Sides, branch: Branch) -> Selection:
    """Find which candidates want something else on the two `sides`, and follow Applications among their objects.

    What a parent renders is the word on its children: a child is compared as both sides declare it, not as the cluster
    has it now, so the answer is the same before and after the change was applied. Each name is followed once, which
    ends cycles.
    """
    looked_at = {candidate.either.name: candidate for candidate in candidates}
    known = {name: candidate.either for name, candidate in looked_at.items()}
    chosen: dict[str, Candidate] = {}
    verdicts: dict[str, Verdict] = {}
    followed: set[str] = set()
    while looked_at:
        affected = []
        for name, candidate in looked_at.items():
            verdicts[name] = judge(candidate, branch, lambda source, head: _inputs(sources, sides, source, head=head))
            chosen.pop(name, None)
            if verdicts[name].affected:
                chosen[name] = candidate
                affected.append(candidate)
        children = _children(sources, affected, sides, known)
        looked_at = {name: child for name, child in children.items() if name not in followed}
        followed.update(looked_at)
    return Selection(tuple(chosen.values()), verdicts)


def _inputs(sources: Sources, sides: Sides, source: Source, *, head: bool) -> str | None:
    return sources.inputs(source, sides.head if head else sides.base)


def _children(
    sources: Sources, parents: Sequence[Candidate], sides: Sides, known: Mapping[str, Application]
) -> dict[str, Candidate]:
    """Return the Applications that the parents declare on either side, by name."""
    wanted, places = [], []
    for parent in parents:
        for application, tree, is_head in ((parent.base, sides.base, False), (parent.head, sides.head, True)):
            if application is not None:
                wanted.append(Wanted(application, tree))
                places.append(is_head)
    found: dict[str, Candidate] = {}
    for desired, is_head in zip(sources.desired(wanted), places, strict=True):
        for child in _declared(desired, known):
            before = found.get(child.name, Candidate(None, None))
            found[child.name] = replace(before, head=child) if is_head else replace(before, base=child)
    return found


def _declared(desired: Desired, known: Mapping[str, Application]) -> Iterable[Application]:
    """Yield the valid Applications among an application's objects, with the status the cluster knows of them."""
    for key, manifest in desired.targets.objects.items():
        if (key.group, key.kind) != ("argoproj.io", "Application"):
            continue
        try:
            child = Application.parse(manifest)
        except Rejected:
            continue  # the API server's own refusal is reported at the object, with its words
        current = known.get(child.name)
        if current is not None:
            child = replace(
                child,
                status=current.status,
                operation=current.operation,
                resource_version=current.resource_version,
                uid=current.uid,
            )
        yield child
