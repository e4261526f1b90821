"""Which states of their repositories the sources of applications are rendered from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.model.applications import Source
from bot.model.changes import repository_address, repository_identity
from bot.prediction.bases import BaseFetching, RemoteFiles
from bot.prediction.values import MOST_BYTES, ValueFiles, kept, values_by_url
from bot.repository.charts.charts import with_scheme
from bot.repository.charts.dependencies import fetched, missing
from bot.repository.fetching import ANONYMOUS
from bot.repository.guard import shown
from bot.repository.inputs import inputs_of
from bot.repository.kustomization import names_remote
from bot.repository.lfs.batch import LargeFiles
from bot.repository.lfs.filling import Filling
from bot.repository.mirrors import Mirror
from bot.repository.remotes.bases import Bringing
from bot.repository.revisions import beside
from bot.repository.submodules import GITMODULES, Composition
from bot.repository.tools import Tool
from bot.repository.trees import Snapshot
from bot.repository.versions import is_constraint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.model.applications import ApplicationSpec
    from bot.model.credentials import Credentials
    from bot.preview.affected import Branch
    from bot.repository.charts.charts import Charts
    from bot.repository.environment import Place
    from bot.repository.mirrors import Mirrors
    from bot.repository.submodules import Fetch


@dataclass(frozen=True, slots=True)
class Tree:
    """A state of one repository: a commit's tree, or a merge that no commit holds yet."""

    repository: str
    """Identity, as `repository_identity` returns it."""
    mirror: Mirror
    tree_id: str
    commit: str = ""
    """The commit whose tree it is; of a merge that no commit holds yet, the head of the change.

    Of a chart its version, of another artifact its digest.
    """
    branch: Branch | None = None
    """The branch this is a state of: sources that follow another are not rendered from it. None: all are."""
    notes: tuple[str, ...] = ()
    """What whoever reads a prediction made from it has to know."""


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
        self.submodules = True
        """Whether submodules are part of what is rendered."""
        self.refusal_of: Callable[[str, str], str] = lambda _project, _url: ""
        """Says why a project may not use a repository; empty: it may."""
        self.files = RemoteFiles(mirrors.client)
        """What is fetched by a file's own URL."""
        self.values = ValueFiles(RemoteFiles(mirrors.client, only_named=True, most=MOST_BYTES))
        """What of that are values."""
        self.charts: Charts | None = None
        """Where charts and artifacts come from; None: from nowhere."""

    def at(self, source: Source, revision: str, *, project: str = "") -> Tree:
        """Return the state of a source's repository at a commit, fetching only when the commit is not here yet.

        Of a chart or an artifact the revision is whatever `targetRevision` may be.
        """
        if source.is_packaged:
            return self._packaged(source, revision, project)
        mirror = self._mirrors.holding(source.repo_url, revision)
        if mirror is None:  # only then it matters as whom: what is found without is everybody's
            auth = self.auth_for(source.repo_url, project)
            mirror = self._mirrors.holding(source.repo_url, revision, auth=auth)
            mirror = mirror or self._mirrors.following(source, auth=auth)
        return Tree(repository_identity(source.repo_url), mirror, mirror.tree_of(revision), revision)

    def following(self, source: Source, *, project: str = "", since: str = "") -> Mirror:
        """Return the mirror of a source's repository, as new as the server's as far as the source's revision goes.

        Or just as new as when the commit `since` was fetched.
        """
        return self._mirrors.following(source, auth=self.auth_for(source.repo_url, project), since=since)

    def composed(self, source: Source, tree: Tree, *, project: str = "") -> Tree:
        """Return a state with its submodules as folders in it; Rejected when one cannot be had.

        Of a change's own state only those count that the branch has already: what a change alone asks for is not
        fetched before it is merged.
        """
        if source.is_packaged or not self.submodules:
            return tree
        if GITMODULES not in _snapshot(tree).folder(tree.tree_id):
            return tree
        known = self._known(source, tree, project)
        composition = Composition(self._fetching(project, known), self._mirrors.composed_at(tree.mirror))
        mirror, tree_id = composition.compose(tree.mirror, tree.tree_id, source.repo_url)
        return replace(tree, mirror=mirror, tree_id=tree_id)

    def large_files(self, url: str, *, project: str = "") -> LargeFiles | None:
        """Return the server of a repository's files in Git LFS; None where nobody says that they are to be fetched."""
        auth = None
        with suppress(Rejected):  # what is wrong with a Secret is told to whoever needs it
            auth = self.auth_for(url, project)
        return LargeFiles(self._mirrors.client, url, auth) if auth is not None and auth.large_files else None

    def filled(self, source: Source, tree: Tree, server: LargeFiles) -> Tree:
        """Return a state in which the files of Git LFS that a source's render reads are there; Rejected without one."""
        filling = Filling(server, self._mirrors.composed_at(tree.mirror))
        mirror, tree_id = filling.fill(tree.mirror, tree.tree_id, source)
        return replace(tree, mirror=mirror, tree_id=tree_id)

    def based(self, source: Source, tree: Tree, *, project: str = "") -> Tree:
        """Return a state in which a kustomization names nothing remote any more; Rejected when something cannot be had.

        What moves is taken as it is now, which the tree's notes say.
        """
        is_kustomize = inputs_of(tree.mirror, tree.tree_id, source).tool is Tool.KUSTOMIZE
        found = _snapshot(tree).find(source.path) if is_kustomize else None
        if found is None or not names_remote(_snapshot(tree), found.path):
            return tree
        path = found.path
        merged, known = _merged(tree), None
        if merged is not None:
            there = self._bringing(tree, project, None)
            with suppress(Rejected):  # as far as they can be had
                _ = merged and there.bring(tree.mirror, merged, path)
            known = frozenset(map(repository_address, [source.repo_url, *there.urls]))
        bringing = self._bringing(tree, project, known)
        mirror, tree_id = bringing.bring(tree.mirror, tree.tree_id, path)
        return replace(tree, mirror=mirror, tree_id=tree_id, notes=(*tree.notes, *bringing.notes))

    def _bringing(self, tree: Tree, project: str, known: frozenset[str] | None) -> Bringing:
        def submodules(url: str, mirror: Mirror, tree_id: str) -> tuple[Mirror, str]:
            if not self.submodules:
                return mirror, tree_id
            place = self._mirrors.composed_at(mirror)
            return Composition(self._fetching(project, known), place).compose(mirror, tree_id, url)

        fetching = BaseFetching(
            self._mirrors,
            access=lambda url: self.auth_for(url, project),
            refused=lambda url: self.refusal_of(project, url),
            submodules=submodules,
            known=known,
        )
        return Bringing(fetching.fetch, self.files.get, self._mirrors.composed_at(tree.mirror))

    def valued(self, source: Source, tree: Tree, variables: Mapping[str, str]) -> tuple[Source, Mapping[str, Place]]:
        """Return a source without values files by URL, and, by its ref, one more source that has them."""
        if not values_by_url(source):
            return source, {}
        without, files = self.values.fetched(source, variables)
        return without, kept(files, self._mirrors.composed_at(tree.mirror), tree.mirror)

    def _known(self, source: Source, tree: Tree, project: str) -> frozenset[str] | None:
        """Return where the submodules of a change's target branch are; None when this is no change's own state."""
        merged = _merged(tree)
        if not merged:
            return None if merged is None else frozenset()
        composition = Composition(self._fetching(project, None), self._mirrors.composed_at(tree.mirror))
        with suppress(Rejected):  # as far as they can be had
            composition.compose(tree.mirror, merged, source.repo_url)
        return frozenset(map(repository_address, composition.urls))

    def _fetching(self, project: str, known: frozenset[str] | None) -> Fetch:
        def fetch(url: str, commit: str) -> Mirror:
            address = repository_address(url)
            if known is not None and address not in known:
                raise Rejected(
                    f"the change adds the repository {address}, and what a change alone asks for is not fetched before "
                    "it is merged"
                )
            if words := self.refusal_of(project, url):
                raise Rejected(words, remedy="Permit it in the project's sourceRepos.")
            return self.at(Source(repo_url=url, target_revision=commit), commit, project=project).mirror

        return fetch

    def dependencies(self, source: Source, tree: Tree, *, project: str = "") -> Mapping[str, Place]:
        """Fetch the charts that a source's chart builds on and does not hold; by the name of their folders in it.

        Whoever writes a chart may name any repository, so credentials go only to those that the project permits.
        """
        wanted = missing(_snapshot(tree), source.path)
        if not wanted or self.charts is None:
            return {}

        def access(url: str) -> Credentials:
            return ANONYMOUS if self.refusal_of(project, url) else self._access(url, project)

        return fetched(self.charts, wanted, access_for=access)

    def is_read_as_nobody(self, source: Source, *, project: str = "") -> bool:
        """Whether a source is a package that is fetched without any credentials: what anybody may read.

        Where such a package may come from is the guard's to say, which refuses every address that is not public.
        """
        return source.is_packaged and self._access(source.repo_url, project) == ANONYMOUS

    def holds_all(self, source: Source, tree: Tree) -> bool:
        """Whether a tree holds the charts that a source's chart builds on, and its values; else they are fetched."""
        return not missing(_snapshot(tree), source.path) and not values_by_url(source)

    def _packaged(self, source: Source, revision: str, project: str) -> Tree:
        if self.charts is None:
            raise Rejected(f"{shown(source.repo_url)}: charts and artifacts are not fetched here")
        access = self._access(source.repo_url, project)
        found = self.charts.find(source.repo_url, source.chart, revision, auth=access)
        identity = repository_identity(source.repo_url)
        return Tree(identity, Mirror(found.place.repository), found.place.tree_id, found.version)

    def _access(self, url: str, project: str) -> Credentials:
        return self.auth_for(with_scheme(url), project) or ANONYMOUS

    def look(self, *, since: str = "") -> Look:
        """Begin a look at several sources: whatever they have in common is fetched once, and the same for all.

        A repository that has the commit `since` is not fetched.
        """
        return Look(self, since)


@dataclass
class Look:
    """One look at where sources are now."""

    trees: Trees
    since: str = ""
    _mirrors: dict[tuple[str, str, str], Mirror | Rejected] = field(default_factory=dict)
    """By URL, project, and what has to be there besides branches and tags; with the reason why there is none."""
    _composed: dict[tuple[str, ...], Tree | Rejected] = field(default_factory=dict)
    """By mirror, tree, the URL that submodules are relative to, a kustomization's path, and project."""
    _large_files: dict[tuple[str, str], LargeFiles | None] = field(default_factory=dict)
    """By URL and project."""
    _packaged: dict[tuple[str, ...], Tree] = field(default_factory=dict)
    """By URL, chart, revision and project."""

    def composed(self, source: Source, tree: Tree, *, project: str = "") -> Tree:
        """Return a state with its submodules, composed once in this look; Rejected when one cannot be had."""
        key = (str(tree.mirror.path), tree.tree_id, source.repo_url, project)
        return self._once(key, tree, partial(self.trees.composed, source, tree, project=project))

    def based(self, source: Source, tree: Tree, *, project: str = "") -> Tree:
        """Return a state in which a kustomization names nothing remote, as `Trees.based` does, once in this look."""
        key = (str(tree.mirror.path), tree.tree_id, source.repo_url, source.path, project)
        return self._once(key, tree, partial(self.trees.based, source, tree, project=project))

    def _once(self, key: tuple[str, ...], tree: Tree, make: Callable[[], Tree]) -> Tree:
        """Return what is made of a state, made once in this look; the same refusal each time where it cannot be."""
        if key not in self._composed:
            try:
                self._composed[key] = make()
            except Rejected as error:
                self._composed[key] = error
        found = self._composed[key]
        if isinstance(found, Rejected):
            raise found
        return replace(found, commit=tree.commit, branch=tree.branch)

    def filled(self, source: Source, tree: Tree, *, project: str = "") -> Tree:
        """Return a state with the files of Git LFS that a render reads, where its repository's Secret says so."""
        if source.is_packaged:
            return tree
        key = (source.repo_url, project)
        if key not in self._large_files:  # asked once: for some repositories that is a request to the forge
            self._large_files[key] = self.trees.large_files(source.repo_url, project=project)
        server = self._large_files[key]
        return tree if server is None else self.trees.filled(source, tree, server)

    def newest(self, source: Source, *, project: str = "") -> Tree:
        """Return the state of a source's repository at the tracked revision, fetched once in this look."""
        if source.is_packaged:
            key = (source.repo_url, source.chart, source.target_revision, project)
            if key not in self._packaged:
                self._packaged[key] = self.trees.at(source, source.target_revision, project=project)
            return self._packaged[key]
        mirror = self._mirror(source, project)
        commit = mirror.tracked(source)
        return Tree(repository_identity(source.repo_url), mirror, mirror.tree_of(commit), commit)

    def of(self, source: Source, ours: Tree, *, project: str = "") -> Tree:
        """Return the state `source` is rendered from: `ours` when that is what it follows, else its own revision."""
        if repository_identity(source.repo_url) != ours.repository:
            return self.newest(source, project=project)
        if ours.branch is None or ours.branch.is_source_of(source):
            return ours
        if source.is_packaged or beside(source.target_revision):
            return self.newest(source, project=project)
        commit = ours.mirror.tracked(source)
        return Tree(ours.repository, ours.mirror, ours.mirror.tree_of(commit), commit)

    def _mirror(self, source: Source, project: str) -> Mirror:
        key = (source.repo_url, project, beside(source.target_revision))
        if key not in self._mirrors:
            try:
                self._mirrors[key] = self.trees.following(source, project=project, since=self.since)
            except Rejected as error:
                self._mirrors[key] = error
        found = self._mirrors[key]
        if isinstance(found, Rejected):
            raise found
        return found


def _merged(tree: Tree) -> str | None:
    """Return what a change's target branch holds, empty where that is not here; None when this is no change's state."""
    if tree.branch is None:
        return None
    try:
        merged = tree.mirror.tree_of(tree.mirror.tip(tree.branch.name))
    except Rejected:
        return ""  # a checkout that does not have the branch
    return None if merged == tree.tree_id else merged


def _snapshot(tree: Tree) -> Snapshot:
    return Snapshot(str(tree.mirror.path), tree.tree_id)


def has_several(spec: ApplicationSpec) -> bool:
    """Whether an application's sources are at more than one revision, each fixed by itself when it is synced."""
    return len({line_of(source) for source in spec.effective_sources}) > 1


def line_of(source: Source) -> tuple[str, ...]:
    """Name what a source follows: two with the same name are always at the same revision."""
    revision = source.target_revision or "HEAD"
    name = revision.removeprefix("refs/heads/")
    if name != "HEAD" and not is_constraint(name):
        revision = name  # without what says that it is a branch, these two would mean something else
    return (repository_identity(source.repo_url), revision, source.tag_prefix, source.chart)
