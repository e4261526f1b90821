"""The forge port, method by method, with an access token."""

from __future__ import annotations

import pytest

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.client import GitLab
from bot.forges.gitlab.errors import Invalid, NotFound
from bot.forges.port import Forge, NotOurs, Reaction
from bot.model.changes import ChangeState, CommitStatus, Repository, StatusState
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn
from tests.integration.forges.any_forge import AnyForge

PENDING = CommitStatus("foresail/preview", StatusState.PENDING, "previewing", "https://foresail.test/reports/1")
GOOD = CommitStatus("foresail/preview", StatusState.SUCCESS, "changes nothing", "https://foresail.test/reports/1")


def test_the_client_is_a_forge(forge: GitLab) -> None:
    port: Forge = forge
    assert port is forge


class TestAnyForge(AnyForge):
    program = "project_12_bot_ab12"


def test_every_project_that_can_be_written_to_is_listed(
    gitlab: GitLabStandIn, forge: GitLab, shop: HostedProject
) -> None:
    other = gitlab.create_repository("zoo/zebra", default_branch="trunk", files={"a": "b"})
    read, archived = gitlab.create_repository("acme/read-only"), gitlab.create_repository("acme/old")
    gitlab.create_repository("acme/not-ours", private=False)
    other.grant("foresail", "write")
    read.grant("foresail", "triage")
    archived.grant("foresail", "admin")
    archived.state.archived = True
    assert list(forge.repositories()) == [
        Repository("acme/team/shop", shop.clone_url, mark="!"),
        Repository("zoo/zebra", f"{gitlab.url}/zoo/zebra.git", None, "trunk", "!"),
    ]


def test_lists_go_on_after_the_first_hundred(gitlab: GitLabStandIn, forge: GitLab) -> None:
    names = [f"acme/r{index}" for index in range(101)]
    for name in names:
        gitlab.create_repository(name).grant("foresail", "maintain")
    assert [one.full_name for one in forge.repositories()] == names


def test_a_project_is_found_by_name_in_any_case(gitlab: GitLabStandIn, forge: GitLab, repository: Repository) -> None:
    gitlab.exchanges.clear()
    assert forge.repository("Acme/Team/SHOP") == repository
    assert [one.template for one in gitlab.requests] == ["/projects/:id"]


@pytest.mark.parametrize("name", ["shop", "acme/..", "../acme/shop", "acme/sh op", "acme/shop?x=1", ""])
def test_what_is_no_name_is_never_asked_for(gitlab: GitLabStandIn, forge: GitLab, name: str) -> None:
    with pytest.raises(NotOurs, match="group/name"):
        forge.repository(name)
    assert gitlab.requests == ()


@pytest.mark.parametrize(("private", "words"), [(True, "finds nothing"), (False, "no role in acme/other")])
def test_somebody_elses_project_is_not_ours(
    gitlab: GitLabStandIn,
    forge: GitLab,
    private: bool,  # noqa: FBT001 - the case
    words: str,
) -> None:
    gitlab.create_repository("acme/other", private=private)
    with pytest.raises(NotOurs, match=words):
        forge.repository("acme/other")


def test_a_change_is_read_as_it_is_now(shop: HostedProject, repository: Repository, forge: GitLab, number: int) -> None:
    change = forge.change(repository, number)
    assert (change.title, change.author, change.state, change.draft) == ("Scale", "alice", ChangeState.OPEN, False)
    assert (change.base_branch, change.base_sha, change.head_sha) == ("main", shop.head(), shop.head("feature"))
    assert (change.from_fork, change.merge_sha) == (False, "")
    assert change.url == shop.clone_url.replace(".git", f"/-/merge_requests/{number}")
    shop.rename(number, "Scale up")
    shop.set_draft(number, draft=True)
    assert (forge.change(repository, number).title, forge.change(repository, number).draft) == ("Scale up", True)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merged_change_names_its_merge(
    shop: HostedProject, repository: Repository, forge: GitLab, number: int, method: str
) -> None:
    shop.push("main", {"other.yaml": "a: 1\n"})
    sha = shop.merge(number, method=method)
    change = forge.change(repository, number)
    assert (change.state, change.merge_sha) == (ChangeState.MERGED, sha)
    assert [one.number for one in forge.changes_of_commit(repository, sha)] == [number]


def test_a_change_from_a_fork_is_told(
    gitlab: GitLabStandIn, shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    gitlab.create_fork(shop.full_name, "mallory").push("patch", {"app.yaml": "replicas: 9\n"})
    number = shop.open_pull_request("mallory:patch", user="mallory").number
    assert forge.change(repository, number).from_fork


def test_a_change_that_is_not_there_is_rejected(repository: Repository, forge: GitLab) -> None:
    with pytest.raises(NotFound, match="GET /projects/acme%2Fteam%2Fshop/merge_requests/99"):
        forge.change(repository, 99)


def test_commits_inside_of_a_change_are_not_it(
    shop: HostedProject, repository: Repository, forge: GitLab, number: int
) -> None:
    first = shop.head("feature")
    second = shop.push("feature", {"app.yaml": "replicas: 3\n"})
    assert forge.changes_of_commit(repository, first) == ()
    assert [one.number for one in forge.changes_of_commit(repository, second)] == [number]
    assert forge.changes_of_commit(repository, "0" * 40) == ()


def test_a_branch_has_a_head(shop: HostedProject, repository: Repository, forge: GitLab) -> None:
    sha = shop.push("team/next", {"a.yaml": "a: 1\n"})
    assert forge.branch_head(repository, "team/next") == sha
    with pytest.raises(NotFound, match="acme/team/shop has no branch gone"):
        forge.branch_head(repository, "gone")
    with pytest.raises(Rejected, match="not a branch's name"):
        forge.branch_head(repository, "../main")


def test_statuses_are_said_once_and_read_back(
    gitlab: GitLabStandIn, shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    for status in (PENDING, PENDING, GOOD, GOOD):
        forge.set_statuses(repository, shop.head(), [status])
        assert forge.statuses(repository, shop.head()) == {status.context: status}
    assert [one.state for one in shop.status_history(shop.head())] == ["pending", "success"]
    gitlab.exchanges.clear()
    forge.set_statuses(repository, shop.head(), [GOOD])
    assert [one.method for one in gitlab.requests] == ["GET"]


def test_a_pending_status_may_say_something_else_again_and_again(
    shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    for words in ("queued", "syncing", "held", "syncing again"):
        status = CommitStatus("foresail/sync", StatusState.PENDING, words)
        forge.set_statuses(repository, shop.head(), [status])
        assert forge.statuses(repository, shop.head()) == {"foresail/sync": status}


@pytest.mark.parametrize("state", [StatusState.SUCCESS, StatusState.FAILURE, StatusState.ERROR])
def test_every_end_is_read_back_as_it_was_said(
    shop: HostedProject, repository: Repository, forge: GitLab, state: StatusState
) -> None:
    status = CommitStatus("foresail/sync", state, "over")
    forge.set_statuses(repository, shop.head(), [PENDING, status])
    assert forge.statuses(repository, shop.head())["foresail/sync"] == status


def test_a_pipeline_that_ci_makes_meanwhile_gets_the_last_word_too(
    gitlab: GitLabStandIn, shop: HostedProject, repository: Repository, forge: GitLab, number: int
) -> None:
    head = shop.pull(number).head_sha
    forge.set_statuses(repository, head, [PENDING])
    job = shop.run_ci("feature")
    forge.set_statuses(repository, head, [GOOD])
    own = [one for one in shop.state.statuses if one.name == GOOD.context]
    assert [one.word for one in own] == ["success", "success"]
    assert own[1].pipeline is job.pipeline
    gitlab.exchanges.clear()
    forge.set_statuses(repository, head, [GOOD])
    assert [one.method for one in gitlab.requests] == ["GET"]
    assert forge.statuses(repository, head)["test"].state is StatusState.PENDING


def test_the_head_of_a_fork_gets_its_status(
    gitlab: GitLabStandIn, shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    head = gitlab.create_fork(shop.full_name, "mallory").push("patch", {"app.yaml": "replicas: 9\n"})
    number = shop.open_pull_request("mallory:patch", user="mallory").number
    forge.set_statuses(repository, head, [PENDING])
    forge.set_statuses(repository, head, [GOOD])
    assert shop.statuses(head)["foresail/preview"].state == "success"
    assert {one.ref for one in shop.state.pipelines} == {forge.head_ref(number)}


def test_a_commit_that_is_nowhere_is_rejected(repository: Repository, forge: GitLab) -> None:
    with pytest.raises(NotFound):
        forge.set_statuses(repository, "0" * 40, [GOOD])
    with pytest.raises(Rejected, match="whole id"):
        forge.set_statuses(repository, "main", [GOOD])


def test_two_writers_at_once_come_again(shop: HostedProject, repository: Repository, forge: GitLab) -> None:
    forge.set_statuses(repository, shop.head(), [PENDING])
    stale = {"state": "pending", "name": PENDING.context}
    with pytest.raises(Temporary, match="Cannot transition"):
        forge._say(repository, shop.head(), dict(stale))  # noqa: SLF001 - what a writer sends that read before the other wrote


def test_what_others_quote_is_theirs_and_own_comments_are_found_behind_many(
    shop: HostedProject, repository: Repository, forge: GitLab, number: int
) -> None:
    for index in range(101):
        shop.comment(number, f"<!-- m --> talk {index}", user="mallory")
    mine = forge.add_comment(repository, number, "<!-- m --> ours")
    forge.add_comment(repository, number, "without any mark")
    forge.add_comment(repository, number, "a file that somebody has changed holds <!-- m -->")
    assert forge.own_comments(repository, number, marker="<!-- m -->") == [mine]


def test_a_set_of_comments_is_brought_to_what_it_is_to_say(
    shop: HostedProject, repository: Repository, forge: GitLab, number: int
) -> None:
    comments = [forge.add_comment(repository, number, words) for words in ("stays", "changes", "gone", "gone")]
    forge.set_comments(repository, number, comments, ["stays", "changed"])
    forge.set_comments(repository, number, comments, ["stays", "changed"])
    assert [one.body for one in shop.comments(number)] == ["stays", "changed"]
    forge.set_comments(repository, number, comments[:2], ["stays", "changed", "new"])
    assert [one.body for one in shop.comments(number)] == ["stays", "changed", "new"]


def test_a_comment_that_is_too_long_is_rejected_with_gitlabs_words(
    repository: Repository, forge: GitLab, number: int
) -> None:
    with pytest.raises(Invalid, match="note is too long"):
        forge.add_comment(repository, number, "x" * 1_000_001)


def test_who_is_in_a_group_or_above_it_is_looked_up_each_time(
    gitlab: GitLabStandIn, repository: Repository, forge: GitLab
) -> None:
    gitlab.create_group("acme", ["foresail", "owner"])
    gitlab.create_group("acme/platform", ["alice"])
    asked = ("alice", "owner", "nobody-of-that-name", "../../user")
    assert [forge.is_in_team(repository, "Acme/Platform", who) for who in asked] == [True, True, False, False]
    gitlab.create_group("acme/platform", ["mallory"])
    assert [forge.is_in_team(repository, "acme/platform", who) for who in ("alice", "mallory")] == [False, True]


@pytest.mark.parametrize("team", ["acme/platform", "acme/plattform"])
def test_a_group_that_is_not_seen_is_told_from_one_that_somebody_is_not_in(
    gitlab: GitLabStandIn, repository: Repository, forge: GitLab, team: str
) -> None:
    gitlab.create_group("acme/platform", ["alice"])
    with pytest.raises(Rejected, match=f"nobody knows who is in @{team}") as refused:
        forge.is_in_team(repository, team, "alice")
    assert "FORESAIL_GITLAB_TOKEN" in refused.value.remedy


@pytest.mark.parametrize("team", ["zoo/platform", "acme", "acme/", "acme/..", "acme/../zoo", "acme/a?b", "acme/%2e"])
def test_no_group_of_others_and_no_hostile_name_is_ever_asked_for(
    gitlab: GitLabStandIn, repository: Repository, forge: GitLab, team: str
) -> None:
    gitlab.exchanges.clear()
    with pytest.raises(Rejected, match="not a group"):
        forge.is_in_team(repository, team, "mallory")
    assert gitlab.requests == ()


def test_a_comment_is_acknowledged_also_twice(
    shop: HostedProject, repository: Repository, forge: GitLab, number: int
) -> None:
    theirs = shop.comment(number, "/foresail help", user="alice")
    for reaction in (Reaction.SEEN, Reaction.DONE, Reaction.REFUSED, Reaction.SEEN):
        forge.react(repository, number, theirs.id, reaction)
    assert [one.name for one in theirs.reactions] == ["eyes", "thumbsup", "thumbsdown"]
    with pytest.raises(NotFound):
        forge.react(repository, number, 1, Reaction.SEEN)


def test_a_comment_is_about_the_head_that_its_author_saw(
    gitlab: GitLabStandIn, shop: HostedProject, repository: Repository, forge: GitLab, number: int
) -> None:
    seen = shop.head("feature")
    gitlab.clock.advance(1)
    comment = shop.comment(number, "/foresail approve", user="alice")
    gitlab.clock.advance(1)
    shop.push("feature", {"app.yaml": "replicas: 1000\n"}, author="mallory")
    later = shop.comment(number, "/foresail approve", user="alice")
    assert forge.head_when(repository, number, comment.id) == seen
    gitlab.clock.advance(1)
    assert forge.head_when(repository, number, later.id) in {seen, shop.head("feature")}


def test_git_reads_with_the_token(forge: GitLab, repository: Repository) -> None:
    credentials = forge.git_credentials(repository)
    assert credentials.username == "oauth2"
    assert credentials.password not in repr(credentials)
