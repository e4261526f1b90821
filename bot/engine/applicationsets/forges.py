"""Generators that go by a forge: by its open changes, and by its repositories.

Source: argo-cd `applicationset/generators/pull_request.go`, `scm_provider.go`, `applicationset/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bot.engine.applicationsets.facts import ForgeFacts, ForgeRepository, NotKnownError, Place, PullRequest
from bot.engine.gotemplate.names import sanitized, slug
from bot.engine.gotemplate.sprig.patterns import matches
from bot.engine.gotemplate.values import Strings
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.engine.applicationsets.parameters import Parameters

_PROVIDERS: Final = ("github", "gitlab")
_SHORT, _SHORTER = 8, 7


def repository_of_changes(generator: Mapping[str, Any]) -> Place:
    """Return the repository whose changes a pullRequest generator goes by; NotKnownError for other forges."""
    provider, said = _provider(generator, "pullRequest")
    if provider == "github":
        return Place(provider, f"{_text(said, 'owner')}/{_text(said, 'repo')}", str(said.get("api") or ""))
    return Place(provider, _text(said, "project"), str(said.get("api") or ""))


def pull_request_parameters(
    forge: ForgeFacts, generator: Mapping[str, Any], *, go_template: bool
) -> Iterator[Parameters]:
    """Yield a set for each open change that has the labels and fits a filter."""
    provider, said = _provider(generator, "pullRequest")
    wanted = {str(one) for one in _listed(said.get("labels"), "labels")}
    filters = [_mapping(one, "a filter") for one in _listed(generator.get("filters"), "filters")]
    if provider == "gitlab" and said.get("pullRequestState") not in {None, "", "opened"}:
        raise NotKnownError("pullRequest asks for merge requests that are not open, which is not evaluated")
    for one in _open_ones(forge, generator):
        if wanted <= set(one.labels) and (not filters or any(_fits(one, each) for each in filters)):
            yield _of_pull_request(one, go_template=go_template)


def _open_ones(forge: ForgeFacts, generator: Mapping[str, Any]) -> Sequence[PullRequest]:
    try:
        return forge.pull_requests(repository_of_changes(generator))
    except Rejected as error:
        if generator.get("continueOnRepoNotFoundError") is not True:
            raise
        # Argo CD takes it for a repository without changes, and deletes what there was of them.
        raise NotKnownError(error.message) from error


def _fits(one: PullRequest, condition: Mapping[str, Any]) -> bool:
    asked = {"branchMatch": one.branch, "targetBranchMatch": one.target_branch, "titleMatch": one.title}
    return all(matches(str(condition[name]), text) for name, text in asked.items() if condition.get(name) is not None)


def _of_pull_request(one: PullRequest, *, go_template: bool) -> Parameters:
    found: Parameters = {
        "number": str(one.number),
        "title": one.title,
        "branch": one.branch,
        "branch_slug": slug(one.branch),
        "target_branch": one.target_branch,
        "target_branch_slug": slug(one.target_branch),
        "head_sha": one.head_sha,
        "head_short_sha": one.head_sha[:_SHORT],
        "head_short_sha_7": one.head_sha[:_SHORTER],
        "author": one.author,
    }
    return {**found, "labels": Strings(one.labels)} if go_template else found


def repository_parameters(forge: ForgeFacts, generator: Mapping[str, Any]) -> Iterator[Parameters]:
    """Yield a set for each branch, of each repository of an owner, that fits the filters."""
    provider, said = _provider(generator, "scmProvider")
    filters = [_mapping(one, "a filter") for one in _listed(generator.get("filters"), "filters")]
    if any(one.get("labelMatch") is not None for one in filters):
        raise NotKnownError("scmProvider filters by topics of repositories, which are not read")
    owner = _text(said, "organization" if provider == "github" else "group")
    protocol = str(generator.get("cloneProtocol") or "ssh")
    for repository in forge.repositories(Place(provider, owner, str(said.get("api") or ""))):
        if not _any(filters, lambda one, name=repository.full_name: _is_named(one, name), ("repositoryMatch",)):
            continue
        branches = forge.branches(repository)
        names = sorted(branches) if said.get("allBranches") is True else [repository.default_branch]
        for branch in names:
            if branch in branches and _has_all(forge, repository, (branch, branches[branch]), filters):
                yield _of_repository(repository, branch, branches[branch], protocol)


def _is_named(condition: Mapping[str, Any], full_name: str) -> bool:
    return matches(str(condition["repositoryMatch"]), full_name.rpartition("/")[2])


def _has_all(
    forge: ForgeFacts, repository: ForgeRepository, branch: tuple[str, str], filters: Sequence[Mapping[str, Any]]
) -> bool:
    name, commit = branch

    def fits(one: Mapping[str, Any]) -> bool:
        there = [str(path).rstrip("/") for path in _listed(one.get("pathsExist"), "pathsExist")]
        absent = [str(path).rstrip("/") for path in _listed(one.get("pathsDoNotExist"), "pathsDoNotExist")]
        pattern = one.get("branchMatch")
        return (
            (pattern is None or matches(str(pattern), name))
            and all(forge.has_path(repository, commit, path) for path in there)
            and not any(forge.has_path(repository, commit, path) for path in absent)
        )

    return _any(filters, fits, ("branchMatch", "pathsExist", "pathsDoNotExist"))


def _any(filters: Sequence[Mapping[str, Any]], fits: Any, conditions: Sequence[str]) -> bool:
    """Whether one of the filters that have such a condition fits, or none has one."""
    concerned = [one for one in filters if any(one.get(name) for name in conditions)]
    return not concerned or any(fits(one) for one in concerned)


def _of_repository(repository: ForgeRepository, branch: str, commit: str, protocol: str) -> Parameters:
    owner, _, name = repository.full_name.rpartition("/")
    return {
        "organization": owner,
        "repository": name,
        "url": _url(repository, protocol),
        "branch": branch,
        "branchNormalized": sanitized(branch),
        "sha": commit,
        "short_sha": commit[:_SHORT],
        "short_sha_7": commit[:_SHORTER],
        "labels": "",
    }


def _url(repository: ForgeRepository, protocol: str) -> str:
    if protocol == "https":
        return repository.url
    if protocol != "ssh":
        raise Rejected(f"cloneProtocol is {protocol!r}, and neither ssh nor https")
    host = repository.url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return f"git@{host}:{repository.full_name}.git"


def _provider(generator: Mapping[str, Any], kind: str) -> tuple[str, Mapping[str, Any]]:
    for provider in _PROVIDERS:
        said = generator.get(provider)
        if isinstance(said, dict):
            return provider, said
    raise NotKnownError(f"{kind} asks a forge that is neither GitHub nor GitLab, which is not evaluated")


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if isinstance(value, str) and value:
        return value
    raise Rejected(f"{name} is missing")


def _listed(value: Any, name: str) -> list[Any]:
    if value is None or isinstance(value, list):
        return value or []
    raise Rejected(f"{name} is no list")


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Rejected(f"{name} is no mapping")
