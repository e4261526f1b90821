"""The fence that a project is around its applications: what they may be rendered from, and what they may write where.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/ and argo-cd `app_project_types.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wcmatch import fnmatch, glob

from bot.model.changes import repository_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model.applications import ApplicationSpec, AppProject
    from bot.model.resources import ResourceKey

DEFAULT: Final = "default"
"""The project of applications that name none; it allows everything until somebody writes one of that name."""
_TEXT: Final = fnmatch.CASE | fnmatch.BRACE
_PATH: Final = glob.CASE | glob.BRACE | glob.GLOBSTAR | glob.DOTGLOB


def why_not_allowed(project: AppProject | None, spec: ApplicationSpec, servers: Iterable[str]) -> str:
    """Return why an application may not be what it is, empty when it may.

    `project` is the one it names, as the control cluster has it; `servers` are all the names and URLs that its
    destination's cluster goes by.
    """
    if project is None:
        if spec.project in {"", DEFAULT}:
            return ""
        return f"it belongs to project {spec.project}, which does not exist"
    for source in spec.effective_sources:
        if not _may_read(project, source.repo_url):
            return f"repository {source.repo_url} is not permitted in project {project.name}"
    if not _may_write_to(project, servers, spec.destination.namespace):
        return f"destination {spec.destination} is not permitted in project {project.name}"
    return ""


def why_not_permitted(project: AppProject | None, objects: Iterable[ResourceKey], servers: Iterable[str]) -> str:
    """Return why some objects may not be written, naming the first; empty when all may.

    Each is named as it is placed: without a namespace it counts as an object of the whole cluster.
    """
    if project is None:
        return ""
    names = tuple(servers)
    for key in objects:
        words = _refusal(project, key, names)
        if words:
            return f"{key}: {words}"
    return ""


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
    return pattern == "*" or glob.globmatch(address, repository_address(pattern), flags=_PATH)


def _may_write_to(project: AppProject, servers: Iterable[str], namespace: str) -> bool:
    """Whether a namespace of a cluster is allowed: a `!` on either field denies what both fit, and wins."""
    names = tuple(servers)
    allowed = False
    for destination in project.spec.destinations:
        denies = any(value.startswith("!") for value in destination.values())
        cluster = destination.get("server") or destination.get("name") or ""
        fits = any(_fits(cluster.removeprefix("!"), name) for name in names) and _fits(
            destination.get("namespace", "").removeprefix("!"), namespace
        )
        if fits and denies:
            return False
        allowed = allowed or (fits and not denies)
    return allowed


def _any_names(listed: Iterable[Mapping[str, str]], key: ResourceKey) -> bool:
    return any(
        _fits(one.get("group", ""), key.group)
        and _fits(one.get("kind", ""), key.kind)
        and _fits(one.get("name", "") or "*", key.name)
        for one in listed
    )


def _fits(pattern: str, text: str) -> bool:
    return pattern == text or bool(fnmatch.fnmatch(text, pattern, flags=_TEXT))
