"""Which states of their repositories the sources of applications are rendered from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.repository.revisions import beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.applications import ApplicationSpec, Source
    from bot.model.credentials import Credentials
    from bot.preview.affected import Branch
    from bot.repository.mirrors import Mirror, Mirrors


@dataclass(frozen=True, slots=True)
class Tree:
    """A state of one repository: a commit's tree, or a merge that no commit holds yet."""

    repository: str
    """Identity, as `repository_identity` returns it."""
    mirror: Mirror
    tree_id: str
    commit: str = ""
    """The commit whose tree it is; of a merge that no commit holds yet, the head of the change."""
    branch: Branch | None = None
    """The branch this is a state of: sources that follow another are not rendered from it. None: all are."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two states of the repository that a change lies between."""

    base: Tree
    head: Tree

    def of(self, branch: Branch) -> Sides:
        """Return the same as states of a branch."""
        return Sides(replace(self.base, branch=branch), replace(self.head, branch=branch))


class Trees:
    """Finds the states that sources name; fetches where it has to.

    `project` is whose credentials may be used; empty: only those that every project may use.
    """

    def __init__(self, mirrors: Mirrors, auth_for: Callable[[str, str], Credentials | None]) -> None:
        self._mirrors = mirrors
        self.auth_for = auth_for
        """How a project reaches a repository's URL; None when nothing is known about that."""

    def at(self, source: Source, revision: str, *, project: str = "") -> Tree:
        """Return the state of a source's repository at a commit, fetching only when the commit is not here yet."""
        mirror = self._mirrors.holding(source.repo_url, revision)
        if mirror is None:  # only then it matters as whom: what is found without is everybody's
            auth = self.auth_for(source.repo_url, project)
            mirror = self._mirrors.holding(source.repo_url, revision, auth=auth)
            mirror = mirror or self._mirrors.following(source, auth=auth)
        return Tree(repository_identity(source.repo_url), mirror, mirror.tree_of(revision), revision)

    def following(self, source: Source, *, project: str = "") -> Mirror:
        """Return the mirror of a source's repository, as new as the server's as far as the source's revision goes."""
        return self._mirrors.following(source, auth=self.auth_for(source.repo_url, project))

    def look(self) -> Look:
        """Begin a look at several sources: whatever they have in common is fetched once, and the same for all."""
        return Look(self)


@dataclass
class Look:
    """One look at where sources are now."""

    trees: Trees
    _mirrors: dict[tuple[str, str, str], Mirror | Rejected] = field(default_factory=dict)
    """By URL, project, and what has to be there besides branches and tags; with the reason why there is none."""

    def newest(self, source: Source, *, project: str = "") -> Tree:
        """Return the state of a source's repository at the tracked revision, fetched once in this look."""
        mirror = self._mirror(source, project)
        commit = mirror.tracked(source)
        return Tree(repository_identity(source.repo_url), mirror, mirror.tree_of(commit), commit)

    def of(self, source: Source, ours: Tree, *, project: str = "") -> Tree:
        """Return the state `source` is rendered from: `ours` when that is what it follows, else its own revision."""
        if repository_identity(source.repo_url) != ours.repository:
            return self.newest(source, project=project)
        if ours.branch is None or ours.branch.is_source_of(source):
            return ours
        if beside(source.target_revision):
            return self.newest(source, project=project)
        commit = ours.mirror.tracked(source)
        return Tree(ours.repository, ours.mirror, ours.mirror.tree_of(commit), commit)

    def _mirror(self, source: Source, project: str) -> Mirror:
        key = (source.repo_url, project, beside(source.target_revision))
        if key not in self._mirrors:
            try:
                self._mirrors[key] = self.trees.following(source, project=project)
            except Rejected as error:
                self._mirrors[key] = error
        found = self._mirrors[key]
        if isinstance(found, Rejected):
            raise found
        return found


def has_several(spec: ApplicationSpec) -> bool:
    """Whether an application's sources are at more than one revision, each fixed by itself when it is synced."""
    return len({line_of(source) for source in spec.effective_sources}) > 1


def line_of(source: Source) -> tuple[str, ...]:
    """Name what a source follows: two with the same name are always at the same revision."""
    revision = (source.target_revision or "HEAD").removeprefix("refs/heads/")
    return (repository_identity(source.repo_url), revision, source.tag_prefix, source.chart)
