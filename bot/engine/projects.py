"""The fence that a project is around its applications: what they may be rendered from, and what they may write where.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/ and argo-cd `app_project_types.go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.engine.clusters import EVERYTHING
from bot.engine.exclusions import NOTHING
from bot.engine.globs import compiled, fits
from bot.engine.homes import names_any
from bot.errors import Rejected
from bot.model.changes import repository_address
from bot.model.names import is_elsewhere

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bot.engine.clusters import Scope
    from bot.engine.exclusions import Exclusions
    from bot.model.applications import Application, ApplicationSpec
    from bot.model.projects import AppProject
    from bot.model.resources import ResourceKey

_NEVER_IN_NAMES: Final = frozenset("!*[]{}\\/ ")
DEFAULT: Final = "default"
"""The project of applications that name none; it allows everything until somebody writes one of that name."""


def why_not_from(project: AppProject | None, application: Application) -> str:
    """Return why an Application may not be used because of where it lives, empty when it may.

    One of the control namespace may use any; elsewhere the project has to say so, `default` too.
    The words are Argo CD's: `util/argo/argo.go` (GetAppProject), `app_project_types.go` (IsAppNamespacePermitted).
    """
    if not is_elsewhere(application.name):
        return ""
    if project is not None and names_any(project.spec.source_namespaces, application.namespace):
        # Those who may write there are not those who may write here: nothing is to be fetched for them to find out.
        words = (why_not_read(project, source.repo_url) for source in application.spec.effective_sources)
        return next(filter(None, words), "")
    return (
        f"application '{application.short_name}' in namespace '{application.namespace}' is not allowed to use "
        f"project '{application.spec.project or DEFAULT}'"
    )


def why_not_allowed(
    project: AppProject | None, spec: ApplicationSpec, servers: Iterable[str], *, scoped_to: str = ""
) -> str:
    """Return why an application may not be what it is, empty when it may.

    `project` is the one it names, as the control cluster has it; `servers` are all the names and URLs that its
    destination's cluster goes by, `scoped_to` is the only project that may use that, empty where any may.
    """
    if scoped_to and scoped_to != (spec.project or DEFAULT):
        return f"the cluster of destination {spec.destination} is for applications of project {scoped_to} alone"
    if project is None:
        if spec.project in {"", DEFAULT}:
            return ""
        return f"it belongs to project {spec.project}, which does not exist"
    words = (why_not_read(project, source.repo_url) for source in spec.effective_sources)
    return next(filter(None, words), "") or _why_not_there(project, spec, servers, scoped_to)


def _why_not_there(project: AppProject, spec: ApplicationSpec, servers: Iterable[str], scoped_to: str) -> str:
    if not _may_write_to(project, servers, spec.destination.namespace):
        return f"destination {spec.destination} is not permitted in project {project.name}"
    if project.spec.permit_only_project_scoped_clusters and not scoped_to:
        return f"project {project.name} permits only clusters of its own, and that of {spec.destination} is for all"
    return ""


def service_account(project: AppProject | None, spec: ApplicationSpec, servers: Iterable[str], *, home: str) -> str:
    """Return the user who writes an application's objects, by the first entry of its project that fits.

    One whose namespace nobody names is of the destination's, without that of `home`, where the Application lives.

    Raises Rejected when none fits, or what fits names nobody: whoever asks for impersonation wants it everywhere.
    Source: argo-cd `controller/sync.go` (deriveServiceAccountToImpersonate).
    """
    urls = [one for one in servers if "://" in one]
    entries = project.spec.destination_service_accounts if project is not None else ()
    for one in entries:
        if not any(fits(one.server, url) for url in urls) or not fits(one.namespace, spec.destination.namespace):
            continue
        account = one.default_service_account.strip()
        if not account or not account.isprintable() or set(account) & _NEVER_IN_NAMES:
            raise Rejected(f"project {spec.project or DEFAULT} names the service account {account!r}, which cannot be")
        place = "" if ":" in account else f"{spec.destination.namespace or home}:"
        return f"system:serviceaccount:{place}{account}"
    raise Rejected(
        f"project {spec.project or DEFAULT} names no service account for destination {spec.destination}",
        remedy="Add one to its destinationServiceAccounts.",
    )


def why_not_read(project: AppProject | None, url: str) -> str:
    """Return why a project's applications may not be rendered from a repository, empty when they may."""
    if project is None or _may_read(project, url):
        return ""
    return f"repository {url} is not permitted in project {project.name}"


@dataclass(frozen=True, slots=True)
class Fence:
    """What the objects of an application may be, and where."""

    project: AppProject | None = None
    """None: everything is permitted."""
    servers: tuple[str, ...] = ()
    """All the names and URLs that the application's cluster goes by."""
    scope: Scope = EVERYTHING
    """How much of that cluster is managed."""
    exclusions: Exclusions = NOTHING
    """Kinds that are left alone, whatever the project says."""

    def permits(self, key: ResourceKey) -> bool:
        """Whether an object may be read, written or deleted."""
        if not self.scope.covers(key) or self.leaves_alone(key.group, key.kind):
            return False
        return self.project is None or not _refusal(self.project, key, self.servers)

    def leaves_alone(self, group: str, kind: str) -> bool:
        """Whether nothing of a kind is managed, whatever the project says."""
        return self.exclusions.excludes(group, kind, self.servers)

    def refusal(self, objects: Collection[ResourceKey]) -> str:
        """Return why some objects may not be written, naming the first; empty when all may.

        Each is named as it is placed: without a namespace it counts as an object of the whole cluster.
        """
        if words := self.scope.refusal(objects):
            return words
        if self.project is None:
            return ""
        refused = ((key, _refusal(self.project, key, self.servers)) for key in objects)
        return next((f"{key}: {words}" for key, words in refused if words), "")


def _refusal(project: AppProject, key: ResourceKey, servers: tuple[str, ...]) -> str:
    spec = project.spec
    if key.namespace:
        listed = spec.namespace_resource_whitelist
        allowed = listed is None or _any_names(listed, key)
        denied = _any_names(spec.namespace_resource_blacklist, key)
    else:
        allowed = _any_names(spec.cluster_resource_whitelist, key)
        denied = _any_names(spec.cluster_resource_blacklist, key)
    if denied or not allowed:
        return f"resource {key.group}:{key.kind} is not permitted in project {project.name}"
    if key.namespace and not _may_write_to(project, servers, key.namespace):
        return f"namespace {key.namespace} is not permitted in project {project.name}"
    return ""


def _may_read(project: AppProject, url: str) -> bool:
    """Whether a repository is allowed: a pattern with `!` denies, and wins."""
    address, patterns = repository_address(url), project.spec.source_repos
    denied = any(_is_of(pattern[1:], address) for pattern in patterns if pattern.startswith("!"))
    return not denied and any(_is_of(pattern, address) for pattern in patterns if not pattern.startswith("!"))


def _is_of(pattern: str, address: str) -> bool:
    if pattern == "*":
        return True
    try:
        return compiled(repository_address(pattern), separator="/").fullmatch(address) is not None
    except ValueError:
        return False


def _may_write_to(project: AppProject, servers: Iterable[str], namespace: str) -> bool:
    """Whether a namespace of a cluster is allowed: a `!` on either field denies what both fit, and wins."""
    names = tuple(servers)
    allowed = False
    for destination in project.spec.destinations:
        denies = any(value.startswith("!") for value in destination.values())
        cluster = destination.get("server") or destination.get("name") or ""
        meant = any(fits(cluster.removeprefix("!"), name) for name in names) and fits(
            destination.get("namespace", "").removeprefix("!"), namespace
        )
        if meant and denies:
            return False
        allowed = allowed or meant
    return allowed


def _any_names(listed: Iterable[Mapping[str, str]], key: ResourceKey) -> bool:
    return any(
        fits(one.get("group", ""), key.group)
        and fits(one.get("kind", ""), key.kind)
        and fits(one.get("name", "") or "*", key.name)
        for one in listed
    )
