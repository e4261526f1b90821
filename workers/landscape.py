"""What a job about a repository needs to know of the world: its mirror, the branch, the applications."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.model.applications import Application
from bot.model.changes import repository_address, repository_identity
from bot.prediction.desired import Sides, Tree
from bot.prediction.generated import KnownSets
from bot.prediction.selection import ROOT_FOLDER, Grounds, select
from bot.preview.affected import Branch, Candidate
from bot.repository.mirrors import GitAuth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.cluster.applications import Problem
    from bot.model.changes import Repository
    from bot.model.resources import JsonObject
    from bot.prediction.selection import Selection
    from bot.repository.mirrors import Mirror
    from bot.services import Services

ROOT_LABEL: Final = "foresail.dev/root"


@dataclass(frozen=True)
class Landscape:
    """One repository with a fresh mirror, and every application there is."""

    services: Services
    repository: Repository
    mirror: Mirror
    applications: tuple[Application, ...]
    problems: tuple[Problem, ...]
    """Applications that cannot be read, with what is wrong with them."""

    @classmethod
    def survey(cls, services: Services, repository: Repository, *, wanted: Sequence[str] = ()) -> Landscape:
        """Fetch the repository (with the refs or commits `wanted`) and list the applications."""
        credentials = services.forge.git_credentials(repository)
        auth = GitAuth(credentials.username, credentials.password)
        mirror = services.mirrors.refresh(repository.clone_url, auth=auth, wanted=wanted)
        inventory = services.applications.all()
        return cls(services, repository, mirror, inventory.applications, inventory.problems)

    @property
    def identity(self) -> str:
        """The repository's identity, whatever its URL."""
        return repository_identity(self.repository.clone_url)

    @property
    def own_problems(self) -> tuple[str, ...]:
        """What is wrong with Applications that this repository is a source of; others are nobody's business here."""
        return tuple(
            problem.message
            for problem in self.problems
            if self.identity in {repository_identity(url) for url in problem.repositories}
        )

    def branch(self, name: str) -> Branch:
        """Return a branch as applications' sources name it."""
        return Branch(self.identity, name, default=name == self.repository.default_branch)

    def tree(self, commit: str) -> Tree:
        """Return the state of the repository at a commit."""
        return Tree(self.identity, self.mirror, self.mirror.tree_of(commit))

    def is_on_a_branch(self, commit: str) -> bool:
        """Whether some branch that an application follows still has a commit."""
        tips = [self.mirror.resolve(name) for name in self.tracked_branches() if self.mirror.has_branch(name)]
        return any(self.mirror.is_ancestor(commit, tip) for tip in tips)

    def follows_a_branch_with(self, commit: str, application: Application) -> bool:
        """Whether an application follows a branch of this repository that has a commit."""
        return any(
            _follows(application, self.branch(name)) and self.mirror.is_ancestor(commit, self.mirror.resolve(name))
            for name in self.tracked_branches()
            if self.mirror.has_branch(name)
        )

    def select(self, sides: Sides, branch: Branch, *, generating: bool = False) -> Selection:
        """Find the applications that a step between two states of a branch touches.

        `generating`: what ApplicationSets are going to generate counts as well, before their controller has done it.
        """
        following = [Candidate(one, one) for one in self.applications if _follows(one, branch)]
        new = [root for root in self._new_root(sides, branch) if root.either.name not in self.names]
        grounds = Grounds(
            known={one.name: one for one in self.applications},
            control_namespace=self.services.settings.control_namespace,
            repositories=frozenset({repository_address(self.repository.clone_url), *self._repositories_in_use()}),
            sets=self._sets() if generating else None,
        )
        return select(self.services.sources, [*following, *new], sides, branch, grounds)

    def tracked_branches(self) -> Iterator[str]:
        """Yield the branches of this repository that some application follows, the default branch first."""
        default = self.repository.default_branch
        names = dict.fromkeys([default] if self.root_manifest() else [])
        for application in self.applications:
            for source in application.spec.effective_sources:
                revision = (source.target_revision or "HEAD").removeprefix("refs/heads/")
                name = default if revision == "HEAD" else revision
                if self.branch(name).is_source_of(source):
                    names[name] = None
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
                    "directory": {"recurse": True},
                },
                "destination": {"name": "in-cluster", "namespace": settings.control_namespace},
                "syncPolicy": {"automated": {"prune": True}},
            },
        }

    @property
    def names(self) -> frozenset[str]:
        """The names of all applications."""
        return frozenset(one.name for one in self.applications)

    def again(self) -> Landscape:
        """Return the same with the applications as they are now."""
        inventory = self.services.applications.all()
        return replace(self, applications=inventory.applications, problems=inventory.problems)

    def declares_applications(self, commit: str) -> bool:
        """Whether the repository has the folder of Applications at a commit."""
        return self.mirror.entry(self.mirror.tree_of(commit), ROOT_FOLDER) is not None

    def _sets(self) -> KnownSets:
        return KnownSets.survey(self.services.control, self.services.settings.control_namespace)

    def _repositories_in_use(self) -> Iterator[str]:
        for application in self.applications:
            yield from (repository_address(source.repo_url) for source in application.spec.effective_sources)

    def _new_root(self, sides: Sides, branch: Branch) -> Iterator[Candidate]:
        """Yield the root application that the cluster does not have yet, on the sides that have its folder."""
        manifest = self.root_manifest()
        if manifest is None or not branch.default:
            return
        root = Application.parse(manifest)
        base, head = (
            root if tree.mirror.entry(tree.tree_id, ROOT_FOLDER) else None for tree in (sides.base, sides.head)
        )
        if base or head:
            yield Candidate(base, head)


def _follows(application: Application, branch: Branch) -> bool:
    return any(branch.is_source_of(source) for source in application.spec.effective_sources)
