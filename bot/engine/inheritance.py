"""Global projects: what other projects have of them beside what they say themselves.

Source: argo-cd `util/argo/argo.go` (GetGlobalProjects, mergeVirtualProject), docs/user-guide/projects.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from bot.engine.applicationsets.selectors import selects
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bot.model.projects import AppProject
    from bot.model.resources import JsonObject

SETTING: Final = "globalProjects"
"""The key of `argocd-cm`."""


class GlobalProject(NamedTuple):
    """A project that others have something of."""

    name: str
    selector: JsonObject
    """Of the labels of those others."""


def global_projects(text: str) -> tuple[GlobalProject, ...]:
    """Read what `argocd-cm` says of global projects; Rejected when that is no list of them."""
    try:
        said: Any = yaml.load(text, Loader=yaml.CSafeLoader) or []
        return tuple(GlobalProject(str(one["projectName"]), dict(one.get("labelSelector") or {})) for one in said)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Rejected(f"{SETTING}: must be a list of projectName and labelSelector") from error


def inherited(
    project: AppProject, among: Iterable[GlobalProject], find: Callable[[str], AppProject | None]
) -> AppProject:
    """Return a project with what it has of global ones, each as `find` returns it: they have nothing of each other.

    As with Argo CD, the first that does not exist, or whose selector is none, ends the list.
    """
    for one in _of(project, among, find):
        project = _with(project, one)
    return project


def _of(
    project: AppProject, among: Iterable[GlobalProject], find: Callable[[str], AppProject | None]
) -> Iterator[AppProject]:
    for one in among:
        if one.name == project.name:
            continue
        try:
            fits = selects(one.selector, dict(project.labels))
        except Rejected:
            return
        if fits:
            found = find(one.name)
            if found is None:
                return
            yield found


def _with(project: AppProject, other: AppProject) -> AppProject:
    ours, theirs = project.spec, other.spec
    listed = (ours.namespace_resource_whitelist, theirs.namespace_resource_whitelist)
    spec = ours.model_copy(
        update={
            "source_repos": (*ours.source_repos, *theirs.source_repos),
            "destinations": (*ours.destinations, *theirs.destinations),
            "cluster_resource_whitelist": [*ours.cluster_resource_whitelist, *theirs.cluster_resource_whitelist],
            "cluster_resource_blacklist": [*ours.cluster_resource_blacklist, *theirs.cluster_resource_blacklist],
            # Where one of them lists any, only what either lists is permitted.
            "namespace_resource_whitelist": None
            if listed == (None, None)
            else [*(listed[0] or ()), *(listed[1] or ())],
            "namespace_resource_blacklist": [*ours.namespace_resource_blacklist, *theirs.namespace_resource_blacklist],
            "sync_windows": (*ours.sync_windows, *theirs.sync_windows),
        }
    )
    return replace(project, spec=spec)
