"""Generators that go by a forge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bot.engine.applicationsets.facts import ForgeRepository, NotKnownError, Place, PullRequest
from bot.engine.gotemplate.names import slug
from bot.errors import Rejected
from tests.unit.engine.applicationsets.world import World, generate, names, problem

NUMBERED = """
metadata:
  name: 'shop-{{.number}}'
  labels: {slug: '{{.branch_slug}}', by: '{{.author}}', first: '{{index .labels 0}}'}
spec: {source: {repoURL: x, targetRevision: '{{.head_sha}}'}}
"""
NAMED = """
metadata: {name: '{{organization}}-{{repository}}-{{branchNormalized}}'}
spec: {source: {repoURL: '{{url}}', targetRevision: '{{short_sha_7}}'}}
"""
GO = "goTemplate: true"
ASK = "pullRequest: {github: {owner: acme, repo: shop"
SHOP, TOOLS = (
    ForgeRepository(f"acme/{name}", f"https://github.com/acme/{name}.git", "main") for name in ("shop", "tools")
)


@dataclass(frozen=True)
class Forge:
    """A forge out of tuples."""

    changes: tuple[PullRequest, ...] = ()
    files: Mapping[str, Sequence[str]] | None = None

    def pull_requests(self, place: Place) -> Sequence[PullRequest]:
        if place != Place("github", "acme/shop"):
            raise Rejected(f"there is no {place.path}")
        return self.changes

    def repositories(self, place: Place) -> Sequence[ForgeRepository]:
        return [SHOP, TOOLS] if place.path == "acme" else []

    def branches(self, repository: ForgeRepository) -> Mapping[str, str]:
        return {"main": "a" * 40, "feature/x": "b" * 40} if repository is SHOP else {"main": "c" * 40}

    def has_path(self, repository: ForgeRepository, commit: str, path: str) -> bool:
        return repository is SHOP and commit == "a" * 40 and path == "deploy"


def change(number: int, branch: str, *labels: str, title: str = "A change", target: str = "main") -> PullRequest:
    return PullRequest(number, title, branch, target, str(number) * 40, "jo", labels)


WORLD = World(
    forge=Forge((change(1, "feature/Web_1", "preview"), change(2, "fix", "wip", "preview"), change(3, "docs")))
)


def test_each_open_change_with_the_labels_gives_its_parameters() -> None:
    first, second = generate(f"- {ASK}, labels: [preview]}}}}", NUMBERED, GO, WORLD).applications
    assert first["metadata"]["name"] == "shop-1"
    assert first["metadata"]["labels"] == {"slug": "feature-web-1", "by": "jo", "first": "preview"}
    assert first["spec"]["source"]["targetRevision"] == "1" * 40
    assert second["metadata"]["name"] == "shop-2"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{branchMatch: '^feature'}", ["shop-1"]),
        ("{titleMatch: change, branchMatch: doc}", ["shop-3"]),
        ("{targetBranchMatch: release}", []),
        ("{branchMatch: fix}, {branchMatch: docs}", ["shop-2", "shop-3"]),
    ],
)
def test_one_of_the_filters_has_to_fit(condition: str, expected: list[str]) -> None:
    template = NUMBERED.replace(", first: '{{index .labels 0}}'", "")
    found = generate(f"- {ASK}}}, filters: [{condition}]}}", template, GO, WORLD)
    assert names(found) == expected


def test_a_repository_that_is_not_there_is_an_error_that_never_means_no_changes() -> None:
    words = "there is no acme/gone"
    gone = "- pullRequest: {github: {owner: acme, repo: gone}"
    assert words in problem(f"{gone}}}", NUMBERED, GO, WORLD)
    found = generate(f"{gone}, continueOnRepoNotFoundError: true}}", NUMBERED, GO, WORLD)
    assert words in found.not_evaluated[0]


@pytest.mark.parametrize("provider", ["gitea: {owner: a, repo: b}", "gitlab: {project: a/b, pullRequestState: merged}"])
def test_other_forges_and_states_are_named_as_not_evaluated(provider: str) -> None:
    assert "not evaluated" in generate(f"- pullRequest: {{{provider}}}", NUMBERED, GO, WORLD).not_evaluated[0]


def test_without_a_forge_it_is_not_known() -> None:
    assert "which is not evaluated" in generate(f"- {ASK}}}}}", NUMBERED, GO).not_evaluated[0]


def test_a_wrong_filter_is_told() -> None:
    assert "regular expression" in problem(f"- {ASK}}}, filters: [{{branchMatch: '('}}]}}", NUMBERED, GO, WORLD)


def scm(more: str = "", said: str = "") -> list[str]:
    return names(generate(f"- scmProvider: {{github: {{organization: acme{said}}}{more}}}", NAMED, world=WORLD))


def test_each_repository_gives_its_default_branch() -> None:
    found = generate("- scmProvider: {github: {organization: acme}}", NAMED, world=WORLD).applications
    assert [one["metadata"]["name"] for one in found] == ["acme-shop-main", "acme-tools-main"]
    assert found[0]["spec"]["source"] == {"repoURL": "git@github.com:acme/shop.git", "targetRevision": "a" * 7}
    by_https = generate("- scmProvider: {github: {organization: acme}, cloneProtocol: https}", NAMED, world=WORLD)
    assert by_https.applications[0]["spec"]["source"]["repoURL"] == "https://github.com/acme/shop.git"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (", filters: [{repositoryMatch: '^t'}]", ["acme-tools-main"]),
        (", filters: [{pathsExist: [deploy/]}]", ["acme-shop-main"]),
        (", filters: [{pathsDoNotExist: [deploy]}]", ["acme-tools-main"]),
        (", filters: [{repositoryMatch: shop, branchMatch: main}, {repositoryMatch: x}]", ["acme-shop-main"]),
    ],
)
def test_repositories_are_filtered_by_name_branch_and_content(more: str, expected: list[str]) -> None:
    assert scm(more) == expected


def test_all_branches_are_taken_where_that_is_asked_for() -> None:
    assert scm(said=", allBranches: true") == ["acme-shop-feature-x", "acme-shop-main", "acme-tools-main"]


def test_topics_are_not_read() -> None:
    found = generate("- scmProvider: {github: {organization: acme}, filters: [{labelMatch: x}]}", NAMED, world=WORLD)
    assert "topics" in found.not_evaluated[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feature/Some_Thing", "feature-some-thing"),
        ("Müller & Söhne@home", "muller-and-sohneathome"),
        ("--a..b//c--", "a-b-c"),
        ("one-two-three-four-five-six-seven-eight-nine-ten-eleven", "one-two-three-four-five-six-seven-eight-nine-ten"),
        ("x" * 60, "x" * 50),
        ("", ""),
    ],
)
def test_a_slug_is_what_may_stand_in_a_label(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_what_is_not_known_is_an_error_of_its_own() -> None:
    no_forge: Any = World().forge
    with pytest.raises(NotKnownError):
        no_forge.branches(SHOP)
    with pytest.raises(NotKnownError):
        no_forge.has_path(SHOP, "c", "path")
