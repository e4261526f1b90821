"""Comments, statuses, check runs, deployments and permissions, as PyGithub sees them."""

from __future__ import annotations

import pytest
from github import Auth, GithubException
from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from tests.integration.sandbox.github.conftest import Client


@pytest.fixture
def pull(shop: HostedRepository, remote: Repository) -> PullRequest:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    return remote.get_pull(shop.open_pull_request("feature", user="alice").number)


def test_a_comment_is_written_edited_and_deleted_by_the_bot(pull: PullRequest, shop: HostedRepository) -> None:
    comment = pull.create_issue_comment("a preview")
    comment.edit("a better preview")
    assert [(one.user.login, one.body) for one in shop.comments(1)] == [("foresail[bot]", "a better preview")]
    comment.delete()
    assert shop.comments(1) == []


def test_a_comment_may_have_65536_characters_and_no_more(pull: PullRequest) -> None:
    assert len(pull.create_issue_comment("é" * 65_536).body) == 65_536
    with pytest.raises(GithubException, match="Body is too long"):
        pull.create_issue_comment("é" * 65_537)


def test_the_same_reaction_counts_once(pull: PullRequest, shop: HostedRepository) -> None:
    theirs = pull.get_issue_comment(shop.comment(1, "/foresail help", user="alice").id)
    assert theirs.create_reaction("eyes").id == theirs.create_reaction("eyes").id
    assert [one.content for one in theirs.get_reactions()] == ["eyes"]


def test_the_newest_status_of_a_context_counts(pull: PullRequest, remote: Repository, shop: HostedRepository) -> None:
    commit = remote.get_commit(pull.head.sha)
    commit.create_status("pending", context="foresail")
    commit.create_status("success", context="foresail", description="2 changes")
    assert [(one.state, one.description) for one in commit.get_combined_status().statuses] == [("success", "2 changes")]
    assert [one.state for one in commit.get_statuses()] == ["success", "pending"]
    assert shop.statuses(pull.head.sha)["foresail"].state == "success"


@pytest.mark.parametrize(
    ("field", "length", "message"),
    [("description", 141, "description is too long"), ("context", 256, "context is too long")],
)
def test_a_status_too_long_is_refused(
    pull: PullRequest, remote: Repository, field: str, length: int, message: str
) -> None:
    with pytest.raises(GithubException, match=message):
        remote.get_commit(pull.head.sha).create_status("success", **{field: "x" * length})


def test_a_context_takes_a_thousand_statuses_per_commit(
    pull: PullRequest, remote: Repository, shop: HostedRepository
) -> None:
    commit = remote.get_commit(pull.head.sha)
    commit.create_status("pending", context="foresail")
    shop.state.statuses[pull.head.sha] *= 1000
    with pytest.raises(GithubException, match="maximum number of statuses"):
        commit.create_status("success", context="foresail")
    commit.create_status("success", context="another")


def test_a_check_run_is_completed_with_a_conclusion(pull: PullRequest, remote: Repository) -> None:
    run = remote.create_check_run("Foresail", pull.head.sha, status="in_progress")
    assert run.conclusion is None
    run.edit(conclusion="neutral", output={"title": "Conflict", "summary": "main and feature conflict"})
    found = remote.get_commit(pull.head.sha).get_check_runs()
    assert [(one.status, one.conclusion, one.output.title) for one in found] == [("completed", "neutral", "Conflict")]


def test_people_may_not_write_check_runs(
    github: GitHubStandIn, client: Client, pull: PullRequest, shop: HostedRepository
) -> None:
    shop.grant("alice", "write")
    alice = client(Auth.Token(github.personal_access_token("alice"))).get_repo("acme/shop")
    with pytest.raises(GithubException, match="You must authenticate via a GitHub App"):
        alice.create_check_run("Foresail", pull.head.sha)


def test_a_deployment_goes_through_its_states(pull: PullRequest, remote: Repository) -> None:
    made = remote.create_deployment(pull.head.sha, environment="staging", required_contexts=[])
    made.create_status("in_progress", description="syncing")
    made.create_status("success", environment_url="https://shop.test")
    assert [one.state for one in made.get_statuses()] == ["success", "in_progress"]


def test_a_later_deployment_makes_the_earlier_one_inactive(pull: PullRequest, remote: Repository) -> None:
    first, second = (
        remote.create_deployment(pull.head.sha, environment="staging", required_contexts=[]) for _ in range(2)
    )
    first.create_status("success")
    second.create_status("success")
    assert next(iter(first.get_statuses())).state == "inactive"


def test_a_deployment_waits_for_green_statuses(pull: PullRequest, remote: Repository) -> None:
    remote.get_commit(pull.head.sha).create_status("pending", context="ci")
    with pytest.raises(GithubException, match="Commit status checks failed"):
        remote.create_deployment(pull.head.sha)


@pytest.mark.parametrize(
    ("role", "legacy"), [("none", "none"), ("triage", "read"), ("write", "write"), ("maintain", "write")]
)
def test_a_role_is_told_in_old_and_new_words(
    shop: HostedRepository, remote: Repository, role: str, legacy: str
) -> None:
    shop.grant("alice", role)
    assert remote.get_collaborator_permission("alice") == legacy
    assert remote.get_collaborator_role_name("alice") == role


def test_labels_come_and_go(pull: PullRequest) -> None:
    pull.add_to_labels("risky", "needs review")
    pull.remove_from_labels("needs review")
    assert [one.name for one in pull.get_labels()] == ["risky"]
