"""Pull requests from opening to merging, as PyGithub sees them."""

from __future__ import annotations

import pytest
from github import GithubException
from github.Repository import Repository

from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn


@pytest.fixture
def scaled(shop: HostedRepository) -> HostedRepository:
    shop.push("feature", {"app.yaml": "replicas: 2\n"}, message="Scale", author="alice")
    shop.open_pull_request("feature", title="Scale up", user="alice")
    return shop


def test_mergeability_is_not_known_at_the_first_read(scaled: HostedRepository, remote: Repository) -> None:
    first, second = remote.get_pull(1), remote.get_pull(1)
    assert (first.raw_data["mergeable"], first.raw_data["merge_commit_sha"]) == (None, None)
    assert (first.mergeable_state, second.mergeable_state, second.mergeable) == ("unknown", "clean", True)
    assert remote.get_git_commit(second.merge_commit_sha).parents[1].sha == scaled.head("feature")


def test_a_conflict_makes_a_pull_request_dirty(
    github: GitHubStandIn, scaled: HostedRepository, remote: Repository
) -> None:
    github.behaviour.unknown_mergeability_reads = 0
    scaled.push("main", {"app.yaml": "replicas: 3\n"})
    pull = remote.get_pull(1)
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")
    with pytest.raises(GithubException, match="Pull Request is not mergeable"):
        pull.merge()


def test_files_tell_status_patch_and_previous_name(shop: HostedRepository, remote: Repository) -> None:
    files = {"app.yaml": "replicas: 2\n", "docs/a.md": None, "docs/b.md": "text\n" * 9, "new.yaml": "a: 1\n"}
    shop.push("feature", {**files, "logo.png": b"\x89PNG\x00\x01"})
    shop.open_pull_request("feature")
    told = {one.filename: one for one in remote.get_pull(1).get_files()}
    assert {name: one.status for name, one in told.items()} == {
        "app.yaml": "modified",
        "docs/b.md": "renamed",
        "logo.png": "added",
        "new.yaml": "added",
    }
    assert told["app.yaml"].patch == "@@ -1 +1 @@\n-replicas: 1\n+replicas: 2"
    assert told["docs/b.md"].previous_filename == "docs/a.md"
    assert told["logo.png"].patch is None


def test_files_come_in_pages(github: GitHubStandIn, shop: HostedRepository, remote: Repository) -> None:
    shop.push("feature", {f"many/{number:03}.yaml": "a: 1\n" for number in range(75)})
    shop.open_pull_request("feature")
    assert len(list(remote.get_pull(1).get_files())) == 75
    asked = [one.query.get("page") for one in github.requests if one.template.endswith("/files")]
    assert asked == [None, "2", "3"]


def test_what_the_base_got_since_is_not_among_the_files(scaled: HostedRepository, remote: Repository) -> None:
    scaled.push("main", {"elsewhere.yaml": "a: 1\n"})
    assert [one.filename for one in remote.get_pull(1).get_files()] == ["app.yaml"]


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_each_way_to_merge_lands_the_change(
    scaled: HostedRepository, remote: Repository, method: str, parents: int
) -> None:
    scaled.push("main", {"elsewhere.yaml": "a: 1\n"})
    scaled.push("feature", {"more.yaml": "b: 1\n"})
    sha = remote.get_pull(1).merge(merge_method=method).sha
    pull = remote.get_pull(1)
    assert (pull.merged, pull.state, pull.merge_commit_sha, scaled.head()) == (True, "closed", sha, sha)
    assert len(remote.get_git_commit(sha).parents) == parents
    assert scaled.read("app.yaml") == b"replicas: 2\n"
    assert scaled.read("elsewhere.yaml") == b"a: 1\n"
    assert [one.number for one in remote.get_commit(sha).get_pulls()] == [1]


def test_a_merge_of_another_head_than_the_expected_is_refused(scaled: HostedRepository, remote: Repository) -> None:
    stale = scaled.head("feature")
    scaled.push("feature", {"app.yaml": "replicas: 3\n"})
    with pytest.raises(GithubException, match="Head branch was modified"):
        remote.get_pull(1).merge(sha=stale)


def test_a_pull_request_lands_when_its_head_is_pushed_to_the_base(scaled: HostedRepository, remote: Repository) -> None:
    scaled.point("main", scaled.head("feature"))
    assert remote.get_pull(1).merged


def test_the_base_commit_stays_where_it_was_when_the_base_moves(scaled: HostedRepository, remote: Repository) -> None:
    opened_on = scaled.head("main")
    scaled.push("main", {"elsewhere.yaml": "a: 1\n"})
    assert remote.get_pull(1).base.sha == opened_on


def test_a_fork_lends_its_commits_to_the_pull_request(
    github: GitHubStandIn, shop: HostedRepository, remote: Repository
) -> None:
    fork = github.create_fork("acme/shop", "mallory")
    sha = fork.push("patch", {"app.yaml": "replicas: 9\n"}, author="mallory")
    shop.open_pull_request("mallory:patch", user="mallory")
    pull = remote.get_pull(1)
    assert (pull.head.sha, pull.head.repo.full_name, pull.head.repo.fork) == (sha, "mallory/shop", True)
    assert remote.get_git_commit(sha).sha == sha


def test_lists_are_filtered_and_sorted(scaled: HostedRepository, remote: Repository) -> None:
    scaled.push("other", {"other.yaml": "a: 1\n"})
    scaled.open_pull_request("other")
    scaled.close(1)
    assert [pull.number for pull in remote.get_pulls()] == [2]
    assert [pull.number for pull in remote.get_pulls(state="all", direction="asc", sort="created")] == [1, 2]
    assert [pull.number for pull in remote.get_pulls(state="all", head="acme:feature")] == [1]


@pytest.mark.usefixtures("scaled")
def test_a_second_pull_request_of_the_same_branch_is_refused(remote: Repository) -> None:
    with pytest.raises(GithubException, match="A pull request already exists for acme:feature"):
        remote.create_pull(base="main", head="feature", title="Again")


def test_the_newest_api_version_has_no_merge_commit(scaled: HostedRepository, remote: Repository) -> None:
    newest = {"X-GitHub-Api-Version": "2026-03-10"}
    _headers, told = remote.requester.requestJsonAndCheck("GET", f"{remote.url}/pulls/{1}", headers=newest)
    assert "merge_commit_sha" not in told
    assert scaled.pull(1).open
