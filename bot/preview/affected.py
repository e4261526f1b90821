"""Which applications a change can touch, and why the others cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bot.engine.versions import constraint_of, versions_of
from bot.model.changes import repository_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.applications import Application, Source

_SHA: Final = re.compile(r"[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a repository, as sources name it."""

    repository: str
    """Identity as `repository_identity` returns it."""
    name: str
    default: bool
    """Whether it is the repository's default branch: what an empty revision and `HEAD` mean."""
    rivals: tuple[str, ...] = ()
    """The repository's tags, when the branch's name is a version constraint as well: what `1.x` allows comes first."""

    def is_source_of(self, source: Source) -> bool:
        """Whether `source` follows this branch: whether `bot.repository.revisions` would find the branch's commit."""
        if source.is_packaged or repository_identity(source.repo_url) != self.repository:
            return False
        revision = source.target_revision or "HEAD"
        if revision == "HEAD":
            return self.default
        if revision.startswith("refs/"):
            return revision == f"refs/heads/{self.name}"
        return revision == self.name and not _SHA.fullmatch(revision) and not _gives_way(self, source.tag_prefix)


@lru_cache(maxsize=64)
def _gives_way(branch: Branch, tag_prefix: str) -> bool:
    """Whether there are tags that a branch's name allows when it is read as a version constraint."""
    versions = versions_of(tag.removeprefix(tag_prefix) for tag in branch.rivals if tag.startswith(tag_prefix))
    return bool(versions) and any(map(constraint_of(branch.name).holds, versions))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One application as the target branch and as the merge result have it; one of the two may be None."""

    base: Application | None
    head: Application | None

    @property
    def either(self) -> Application:
        """The application with the change, or without it when the change removes it."""
        found = self.head or self.base
        if found is None:
            raise ValueError("a candidate is an application on at least one side")
        return found

    @property
    def is_settled(self) -> bool:
        """Whether both sides define the application, and alike: only what it is rendered from can differ."""
        base, head = self.base, self.head
        return base is not None and head is not None and (base is head or base.spec == head.spec)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate is affected, in words that answer "why was my application not selected?"."""

    affected: bool
    words: str


UNTOUCHED: Final = Verdict(affected=False, words="everything it is rendered from is the same on both sides")


def stranger(branch: Branch) -> Verdict:
    """Say of an application that it follows something else."""
    return Verdict(affected=False, words=f"none of its sources follows {branch.repository}@{branch.name}")


def judge(candidate: Candidate, branch: Branch, inputs: Callable[[Source, bool], str | None]) -> Verdict:
    """Decide whether a change to `branch` can alter what `candidate` wants.

    `inputs(source, head)` returns a hash over everything that a render of the source would read on that side, None when
    its path is not there.
    """
    if candidate.base is None:
        return Verdict(affected=True, words="the change adds this application")
    if candidate.head is None:
        return Verdict(affected=True, words="the change removes this application")
    if candidate.base.spec != candidate.head.spec:
        return Verdict(affected=True, words="the change alters this application's own definition")
    sources = [source for source in candidate.head.spec.effective_sources if branch.is_source_of(source)]
    if not sources:
        return stranger(branch)
    for source in sources:
        if inputs(source, False) != inputs(source, True):
            return Verdict(affected=True, words=f"files that {source.path or '.'} is rendered from differ")
    return UNTOUCHED
