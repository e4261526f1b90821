"""The forge port, method by method, as the App."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.forges.github import PERMISSION_FOR_TEAMS
from bot.forges.github.client import GitHub
from bot.forges.github.errors import Invalid, NotFound, NotInstalled
from bot.forges.port import Forge, Reaction
from bot.model.changes import ChangeState, CommitStatus, Repository, StatusState
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from tests.integration.forges.any_forge import AnyForge
from tests.integration.forges.github.conftest import writes_to

PENDING = CommitStatus("foresail/preview", StatusState.PENDING, "previewing", "https://foresail.test/reports/1")


def test_the_client_is_a_forge(forge: GitHub) -> None:
    port: Forge = forge
    assert port is forge


class TestAnyForge(AnyForge):
    program = "foresail[bot]"


def test_every_repository_of_every_installation_is_listed(
    github: GitHubStandIn, app: App, installation: Installation, forge: GitHub
) -> None:
    github.create_repository("zoo/zebra", default_branch="trunk")
    github.create_repository("acme/not-ours")
    second = github.install(app, owner="zoo", repositories=["zoo/zebra"])
    assert list(forge.repositories()) == [
        Repository("acme/shop", f"{github.site}/acme/shop.git", installation.id, "main"),
        Repository("zoo/zebra", f"{github.site}/zoo/zebra.git", second.id, "trunk"),
    ]


def test_lists_go_on_after_the_first_hundred(github: GitHubStandIn, app: App, forge: GitHub) -> None:
    names = [github.create_repository(f"acme/r{index}").full_name for index in range(101)]
    github.install(app, owner="acme", repositories=names)
    assert [one.full_name for one in forge.repositories()] == names


def test_a_repository_is_found_by_name_in_any_case(
    github: GitHubStandIn, forge: GitHub, repository: Repository
) -> None:
    assert forge.repository("Acme/SHOP") == repository
    github.exchanges.clear()
    assert forge.repository("Acme/SHOP") == repository
    assert [one.template for one in github.requests] == ["/repos/{owner}/{repo}"]


@pytest.mark.parametrize(
    "name", ["shop", "acme/..", "acme/shop/pulls", "../acme/shop", "acme/sh op", "acme/shop?x=1", ""]
)
def test_what_is_no_name_is_never_asked_for(github: GitHubStandIn, forge: GitHub, name: str) -> None:
    with pytest.raises(Rejected, match="owner/name"):
        forge.repository(name)
    assert github.requests == ()


def test_a_repository_without_the_app_is_rejected_with_what_to_do(github: GitHubStandIn, forge: GitHub) -> None:
    github.create_repository("acme/secret")
    with pytest.raises(NotInstalled, match="the GitHub App is not installed on acme/secret"):
        forge.repository("acme/secret")


def test_a_change_is_read_as_it_is_now(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int
) -> None:
    change = forge.change(repository, number)
    assert (change.title, change.author, change.state, change.draft) == ("Scale", "alice", ChangeState.OPEN, False)
    assert (change.base_branch, change.base_sha, change.head_sha) == ("main", shop.head(), shop.head("feature"))
    assert (change.from_fork, change.merge_sha) == (False, "")
    assert (change.head_branch, change.labels) == ("feature", ())
    shop.label(number, "preview")
    assert forge.change(repository, number).labels == ("preview",)
    assert change.url == shop.clone_url.replace(".git", f"/pull/{number}")
    shop.rename(number, "Scale up")
    shop.set_draft(number, draft=True)
    assert (forge.change(repository, number).title, forge.change(repository, number).draft) == ("Scale up", True)


def test_a_merged_change_names_its_merge(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int
) -> None:
    sha = shop.merge(number)
    change = forge.change(repository, number)
    assert (change.state, change.merge_sha) == (ChangeState.MERGED, sha)


def test_a_change_from_a_fork_is_told(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    github.create_fork("acme/shop", "mallory").push("patch", {"app.yaml": "replicas: 9\n"})
    number = shop.open_pull_request("mallory:patch", user="mallory").number
    assert forge.change(repository, number).from_fork


def test_a_change_that_is_not_there_is_rejected(repository: Repository, forge: GitHub) -> None:
    with pytest.raises(NotFound, match="GET /repos/acme/shop/pulls/99"):
        forge.change(repository, 99)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_commit_knows_its_change(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int, method: str
) -> None:
    sha = shop.merge(number, method=method)
    assert [change.number for change in forge.changes_of_commit(repository, sha)] == [number]


def test_a_head_commit_knows_its_change_and_one_below_does_not(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int
) -> None:
    below = shop.head("feature")
    above = shop.push("feature", {"more.yaml": "a: 1\n"})
    assert [change.number for change in forge.changes_of_commit(repository, above)] == [number]
    assert forge.changes_of_commit(repository, below) == ()
    assert forge.changes_of_commit(repository, "0" * 40) == ()


def test_a_branch_points_at_its_commit(shop: HostedRepository, repository: Repository, forge: GitHub) -> None:
    sha = shop.push("team/next+1", {"app.yaml": "replicas: 3\n"})
    assert forge.branch_head(repository, "team/next+1") == sha
    with pytest.raises(NotFound, match="acme/shop has no branch gone"):
        forge.branch_head(repository, "gone")


@pytest.mark.parametrize("branch", ["../main", "a..b", "main?x", "-f", "a b", "refs/heads/x.lock", "", "@"])
def test_what_is_no_branch_is_never_asked_for(repository: Repository, forge: GitHub, branch: str) -> None:
    with pytest.raises(Rejected, match="not a branch's name"):
        forge.branch_head(repository, branch)


def test_a_status_is_said_once(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    sha = shop.head()
    for _ in range(3):
        forge.set_statuses(repository, sha, [PENDING])
    assert writes_to(github) == ["POST /repos/acme/shop/check-runs"]
    assert forge.statuses(repository, sha) == {"foresail/preview": PENDING}


def test_a_status_that_was_overtaken_is_said_again(
    shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    sha, done = shop.head(), CommitStatus("foresail/preview", StatusState.SUCCESS, "changes nothing")
    for status in (PENDING, done, PENDING):
        forge.set_statuses(repository, sha, [status])
    assert [one.state for one in shop.status_history(sha)] == ["pending", "success", "pending"]


def test_a_long_status_is_cut_and_still_said_once(
    shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    status = CommitStatus("foresail/" + "x" * 300, StatusState.FAILURE, "Deployment shop/web\ncannot be changed " * 9)
    for _ in range(2):
        forge.set_statuses(repository, shop.head(), [status])
    (kept,) = shop.status_history(shop.head())
    assert len(kept.context) == 255
    assert kept.description is not None
    assert kept.description.endswith("…")
    assert len(kept.description) <= 140


def test_more_than_a_page_of_contexts_is_read(shop: HostedRepository, repository: Repository, forge: GitHub) -> None:
    for index in range(101):
        forge.set_statuses(repository, shop.head(), [CommitStatus(f"c{index}", StatusState.SUCCESS, "good")])
    assert len(forge.statuses(repository, shop.head())) == 101


def test_a_status_for_an_unknown_commit_is_rejected_with_githubs_words(repository: Repository, forge: GitHub) -> None:
    with pytest.raises(Rejected):
        forge.set_statuses(repository, "0" * 40, [PENDING])
    with pytest.raises(Rejected, match="not a commit's whole id"):
        forge.set_statuses(repository, "main", [PENDING])


def test_what_others_quote_is_theirs(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int
) -> None:
    shop.comment(number, "<!-- foresail --> hijacked", user="mallory")
    shop.comment(number, "<!-- foresail --> hijacked", user="foresail")
    mine = forge.add_comment(repository, number, "<!-- foresail --> ours")
    forge.add_comment(repository, number, "without any mark")
    forge.add_comment(repository, number, "a file that somebody has changed holds <!-- foresail -->")
    assert forge.own_comments(repository, number, marker="<!-- foresail -->") == [mine]


def test_own_comments_are_found_behind_many_others(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int
) -> None:
    for index in range(101):
        shop.comment(number, f"talk {index}")
    mine = forge.add_comment(repository, number, "<!-- m -->")
    assert forge.own_comments(repository, number, marker="<!-- m -->") == [mine]


def test_a_comment_can_be_deleted_twice(
    shop: HostedRepository, repository: Repository, forge: GitHub, number: int
) -> None:
    comment = forge.add_comment(repository, number, "gone soon")
    forge.set_comments(repository, number, [comment], [])
    forge.set_comments(repository, number, [comment], [])
    assert shop.comments(number) == []


def test_a_comment_that_is_too_long_is_rejected_with_githubs_words(
    repository: Repository, forge: GitHub, number: int
) -> None:
    with pytest.raises(Invalid, match="Body is too long"):
        forge.add_comment(repository, number, "x" * 65_537)


@pytest.fixture
def teams(github: GitHubStandIn, app: App) -> None:
    app.permissions |= PERMISSION_FOR_TEAMS
    github.create_team("acme/platform", ["alice"], invited=["bob"])
    github.create_team("zoo/platform", ["mallory"])


@pytest.mark.usefixtures("teams")
def test_who_is_in_a_team_is_looked_up_each_time(github: GitHubStandIn, repository: Repository, forge: GitHub) -> None:
    assert [forge.is_in_team(repository, "Acme/platform", who) for who in ("alice", "bob", "mallory", "a/b")] == [
        True,
        False,
        False,
        False,
    ]
    github.create_team("acme/platform", ["mallory"])
    assert [forge.is_in_team(repository, "acme/platform", who) for who in ("alice", "mallory")] == [False, True]


@pytest.mark.usefixtures("teams")
def test_a_team_that_there_is_not_is_told_from_one_that_somebody_is_not_in(
    repository: Repository, forge: GitHub
) -> None:
    with pytest.raises(Rejected, match="nobody knows who is in @acme/plattform") as refused:
        forge.is_in_team(repository, "acme/plattform", "alice")
    assert "members: read" in refused.value.remedy


def test_an_app_without_the_permission_says_which(github: GitHubStandIn, repository: Repository, forge: GitHub) -> None:
    github.create_team("acme/platform", ["alice"])
    with pytest.raises(Rejected, match="nobody knows who is in @acme/platform") as refused:
        forge.is_in_team(repository, "acme/platform", "alice")
    assert "members: read" in refused.value.remedy


@pytest.mark.usefixtures("teams")
@pytest.mark.parametrize(
    "team", ["zoo/platform", "acme", "acme/", "acme/..", "acme/a/b", "acme/a?b", "acme/../zoo", "acme/%2e", "acme/é"]
)
def test_no_team_of_others_and_no_hostile_name_is_ever_asked_for(
    github: GitHubStandIn, repository: Repository, forge: GitHub, team: str
) -> None:
    github.exchanges.clear()
    with pytest.raises(Rejected, match="not a team"):
        forge.is_in_team(repository, team, "mallory")
    assert github.requests == ()


def test_a_comment_is_acknowledged(shop: HostedRepository, repository: Repository, forge: GitHub, number: int) -> None:
    theirs = shop.comment(number, "/foresail help", user="alice")
    for reaction in (Reaction.SEEN, Reaction.DONE, Reaction.REFUSED, Reaction.SEEN):
        forge.react(repository, number, theirs.id, reaction)
    assert [one.content for one in theirs.reactions] == ["eyes", "+1", "-1"]


def test_the_head_of_a_comments_time_is_known_while_nobody_has_pushed_since(
    github: GitHubStandIn, shop: HostedRepository, forge: GitHub, repository: Repository, number: int
) -> None:
    github.clock.advance(2)
    comment = shop.comment(number, "/foresail approve")
    assert forge.head_when(repository, number, comment.id) == shop.pull(number).head_sha

    github.clock.advance(2)
    shop.push("feature", {"app.yaml": "replicas: 3\n"})
    assert forge.head_when(repository, number, comment.id) == ""


def test_the_head_is_not_known_when_somebody_pushed_in_the_second_of_the_comment(
    github: GitHubStandIn, shop: HostedRepository, forge: GitHub, repository: Repository, number: int
) -> None:
    github.clock.advance(60 - github.clock.now() % 60)
    shop.push("feature", {"app.yaml": "replicas: 3\n"})
    comment = shop.comment(number, "/foresail approve")
    comment.created_at = github.clock.now() - github.clock.now() % 1
    shop.state.pushed_at = comment.created_at
    assert forge.head_when(repository, number, comment.id) == ""
