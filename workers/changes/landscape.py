"""What a job about a repository needs to know of the world: its mirror, the branch, the applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model.applications import Application
from bot.model.changes import repository_address, repository_identity
from bot.model.credentials import Credentials
from bot.model.names import is_elsewhere
from bot.prediction.generated import KnownSets
from bot.prediction.selection import CONFIGURATION, ROOT_FOLDER, Grounds, select
from bot.prediction.trees import Sides, Tree
from bot.preview.affected import Branch, Candidate
from bot.services import listing
from bot.settings import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.cluster.applications import Inventory, Problem
    from bot.model.changes import Repository
    from bot.model.resources import JsonObject
    from bot.prediction.selection import Selection
    from bot.repository.mirrors import Mirror
    from bot.services import Services

ROOT_LABEL: Final = "foresail.dev/root"
_ONE_BY_ONE: Final = 50
"""Applications that are read for being named; a change that names more has all of them read once."""


@dataclass(frozen=True)
class Clone:
    """One repository with a mirror that was fetched just now."""

    services: Services
    repository: Repository
    mirror: Mirror

    @classmethod
    def fetched(
        cls, services: Services, repository: Repository, *, wanted: Sequence[str] = (), fresh_for: float = 0.0
    ) -> Clone:
        """Fetch the repository, with the refs or commits `wanted`; see `Mirrors.refresh`."""
        credentials = services.forge.git_credentials(repository)
        username, password, authorities = credentials.username, credentials.password, credentials.authorities
        auth = Credentials(username, password, authorities=authorities, vouched=True)
        mirror = services.mirrors.refresh(
            repository.clone_url,
            auth=auth,
            wanted=wanted,
            default_branch=repository.default_branch,
            fresh_for=fresh_for,
        )
        return cls(services, repository, mirror)

    @property
    def identity(self) -> str:
        """The repository's identity, whatever its URL."""
        return repository_identity(self.repository.clone_url)

    def branch(self, name: str) -> Branch:
        """Return a branch as applications' sources name it."""
        is_default = name == self.repository.default_branch
        return Branch(self.identity, name, default=is_default, rivals=self.mirror.rivals(name))

    def tree(self, commit: str) -> Tree:
        """Return the state of the repository at a commit."""
        return Tree(self.identity, self.mirror, self.mirror.tree_of(commit), commit)

    def branches_of(self, application: Application) -> Iterator[str]:
        """Yield the branches of this repository that an application follows."""
        for source in application.spec.effective_sources:
            revision = (source.target_revision or "HEAD").removeprefix("refs/heads/")
            name = self.repository.default_branch if revision == "HEAD" else revision
            if self.branch(name).is_source_of(source):
                yield name

    def has_on(self, branches: Iterable[str], commit: str) -> bool:
        """Whether one of the branches has a commit."""
        tips = (self.mirror.tip(name) for name in branches if self.mirror.has_branch(name))
        return any(self.mirror.is_ancestor(commit, tip) for tip in tips)

    def landscape(self) -> Landscape:
        """Find the applications of the repository, by the index where somebody keeps one."""
        inventory, addresses = applications_of(self.services, self.identity)
        found = (inventory.applications, inventory.problems)
        return Landscape(self.services, self.repository, self.mirror, *found, addresses=addresses)


@dataclass(frozen=True)
class Landscape(Clone):
    """A repository among the applications; cheap where there are many others, see `workers/watching/index.py`."""

    applications: tuple[Application, ...]
    """Those that have this repository among their sources, and perhaps others."""
    problems: tuple[Problem, ...]
    """Applications that cannot be read, with what is wrong with them."""
    addresses: frozenset[str] | None = None
    """Where the repositories are that any application uses; None: those of `applications`, which are all there are."""

    @classmethod
    def survey(cls, services: Services, repository: Repository, *, wanted: Sequence[str] = ()) -> Landscape:
        """Fetch the repository (with the refs or commits `wanted`) and find its applications."""
        return Clone.fetched(services, repository, wanted=wanted).landscape()

    @cached_property
    def known(self) -> Mapping[str, Application]:
        """Every application of the cluster, by name; those of other repositories are read when they are asked for."""
        return _Known(self.services, {one.name: one for one in self.applications})

    @property
    def own_problems(self) -> tuple[str, ...]:
        """What is wrong with Applications that this repository is a source of; others are nobody's business here."""
        return tuple(
            problem.message
            for problem in self.problems
            if self.identity in {repository_identity(url) for url in problem.repositories}
            and not is_elsewhere(problem.name)  # anybody there could have every change of any repository say so
        )

    def select(self, sides: Sides, branch: Branch, *, generating: bool = False) -> Selection:
        """Find the applications that a step between two states of a branch touches.

        `generating`: what ApplicationSets are going to generate counts as well, before their controller has done it.
        """
        following = [Candidate(one, one) for one in self.applications if _follows(one, branch) and self._counts(one)]
        new = [root for root in self._new_root(sides, branch) if root.either.name not in self.known]
        grounds = Grounds(
            known=self.known,
            homes=self.services.applications.homes,
            repositories=frozenset({repository_address(self.repository.clone_url), *self._repositories_in_use()}),
            sets=self._sets() if generating else None,
            mass_deletion_percent=self._held_from,
        )
        return select(self.services.sources, [*following, *new], sides, branch, grounds)

    def _counts(self, application: Application) -> bool:
        """Whether an application is among those of its repositories.

        One elsewhere is not that may not be what it is: with it anybody who has a namespace could have the changes of
        any repository fail.
        """
        if not is_elsewhere(application.name):
            return True
        try:
            self.services.sources.refuse_forbidden(application)
        except Rejected:
            return False
        return True

    def tracked_branches(self) -> Iterator[str]:
        """Yield the branches of this repository that some application follows, the default branch first."""
        default = self.repository.default_branch
        names = dict.fromkeys([default] if self.root_manifest() else [])
        for application in self.applications:
            names.update(dict.fromkeys(self.branches_of(application)))
        yield from names

    def root_manifest(self) -> JsonObject | None:
        """Return the root Application of the repository, None when the operator has not allowed one."""
        settings = self.services.settings
        allowed = {name.lower() for name in settings.root_repositories}
        if self.repository.full_name.lower() not in allowed:
            return None
        name = "root-" + self.repository.full_name.lower().replace("/", "-").replace("_", "-").replace(".", "-")
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": name[:63].rstrip("-"),
                "namespace": settings.control_namespace,
                "labels": {ROOT_LABEL: "true"},
            },
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": self.repository.clone_url,
                    "path": ROOT_FOLDER,
                    "targetRevision": self.repository.default_branch,
                    "directory": {"recurse": True, "exclude": CONFIGURATION},
                },
                "destination": {"name": "in-cluster", "namespace": settings.control_namespace},
                "syncPolicy": {"automated": {"prune": True}},
            },
        }

    def with_applied(self, manifest: JsonObject) -> Landscape:
        """Write an Application and return the same with it."""
        applied = self.services.applications.parsed(self.services.applications.apply(manifest))
        return replace(self, applications=(*self.applications, applied))

    def declares_applications(self, commit: str) -> bool:
        """Whether the repository has the folder of Applications at a commit."""
        return self.mirror.entry(self.mirror.tree_of(commit), ROOT_FOLDER) is not None

    @property
    def _held_from(self) -> int:
        """The share of an ApplicationSet's Applications that goes without a person; Argo CD holds nothing."""
        settings = self.services.settings
        return settings.mass_deletion_percent if settings.mode is Mode.FULL else 100

    def _sets(self) -> KnownSets:
        forge = listing(self.services, frozenset({self.repository.full_name.lower()}))
        return KnownSets.survey(self.services.control, self.services.settings.control_namespace, forge)

    def _repositories_in_use(self) -> Iterable[str]:
        if self.addresses is not None:
            return self.addresses
        sources = (source for application in self.applications for source in application.spec.effective_sources)
        return (repository_address(source.repo_url) for source in sources)

    def _new_root(self, sides: Sides, branch: Branch) -> Iterator[Candidate]:
        """Yield the root application that the cluster does not have yet, on the sides that have its folder."""
        manifest = self.root_manifest()
        if manifest is None or not branch.default:
            return
        root = Application.parse(manifest, home=self.services.settings.control_namespace)
        base, head = (
            root if tree.mirror.entry(tree.tree_id, ROOT_FOLDER) else None for tree in (sides.base, sides.head)
        )
        if base or head:
            yield Candidate(base, head)


class _Known(Mapping[str, Application]):
    """Applications by name: some at hand, the others read when they are asked for, once."""

    def __init__(self, services: Services, at_hand: dict[str, Application]) -> None:
        self._services = services
        self._found: dict[str, Application] = dict(at_hand)
        self._missing: set[str] = set()
        self._left = _ONE_BY_ONE
        """How many more are read one by one; negative when all have been read."""

    def __getitem__(self, name: str) -> Application:
        if name not in self._found and name not in self._missing and self._left >= 0:
            self._read(name)
        return self._found[name]

    def _read(self, name: str) -> None:
        applications, self._left = self._services.applications, self._left - 1
        inventory = applications.named([name]) if self._left >= 0 else applications.all()
        for application in inventory.applications:
            self._found.setdefault(application.name, application)
        self._missing.add(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def applications_of(services: Services, repository: str) -> tuple[Inventory, frozenset[str] | None]:
    """Return the applications of a repository, and the addresses of all repositories in use.

    The index is a hint: it counts only while it holds as many Applications as there are, which one small request tells.
    Without it all are read, and they are then all there are: no addresses are returned.
    """
    entry = services.memory.index.of(repository)
    if entry is None or entry.total != services.applications.count():
        return services.applications.all(), None
    return services.applications.named(entry.applications), entry.addresses


def _follows(application: Application, branch: Branch) -> bool:
    return any(branch.is_source_of(source) for source in application.spec.effective_sources)
