"""Bad days: outages, limits, and answers that are not GitHub's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import Rejected, Temporary
from bot.forges.github.client import GitHub
from bot.model.changes import CommitStatus, Repository, StatusState
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.settings import Settings
from tests.integration.forges.github.conftest import Connect, Parrot, writes_to

SHOP = Repository("acme/shop", "https://github.com/acme/shop.git")
GOOD = CommitStatus("foresail/preview", StatusState.SUCCESS, "changes nothing")
SHA = "0123456789" * 4


def test_an_outage_is_temporary_and_not_retried_at_once(
    github: GitHubStandIn, forge: GitHub, repository: Repository, shop: HostedRepository
) -> None:
    github.faults.add("POST */check-runs", kind=Fault.ERROR)
    with pytest.raises(Temporary, match="Server Error"):
        forge.set_statuses(repository, shop.head(), [GOOD])
    assert shop.status_history(shop.head()) == []
    forge.set_statuses(repository, shop.head(), [GOOD])
    assert [one.state for one in shop.status_history(shop.head())] == ["success"]


def test_a_secondary_limit_is_waited_for_as_long_as_github_asks(
    github: GitHubStandIn, forge: GitHub, repository: Repository
) -> None:
    github.faults.add("GET */git/ref/*", kind=Fault.SECONDARY_LIMIT, seconds=17)
    with pytest.raises(Temporary, match="secondary rate limit") as refused:
        forge.branch_head(repository, "main")
    assert refused.value.retry_after == 17


def test_the_hourly_limit_is_waited_for_until_it_is_refilled(
    github: GitHubStandIn, forge: GitHub, repository: Repository, shop: HostedRepository
) -> None:
    forge.branch_head(repository, "main")
    github.limits.per_hour = 1
    with pytest.raises(Temporary, match="rate limit exceeded") as refused:
        forge.branch_head(repository, "main")
    github.clock.advance(refused.value.retry_after + 1)
    github.limits.per_hour = 5000
    assert forge.branch_head(repository, "main") == shop.head()


def test_an_answer_that_is_late_is_temporary(
    github: GitHubStandIn, connect: Connect, settings: Settings, repository: Repository
) -> None:
    github.faults.add("GET */git/ref/*", kind=Fault.DELAY, seconds=2)
    with pytest.raises(Temporary, match="did not answer GET /repos/acme/shop/git/ref/heads/main within 1 s"):
        connect(settings, forge_timeout=0.5).branch_head(repository, "main")


@pytest.mark.parametrize("fault", [Fault.DROP_CONNECTION, Fault.LOSE_ANSWER])
def test_a_broken_connection_is_temporary_and_nothing_is_said_twice(
    github: GitHubStandIn, forge: GitHub, repository: Repository, shop: HostedRepository, fault: Fault
) -> None:
    github.faults.add("POST */check-runs", kind=fault)
    with pytest.raises(Temporary, match="connection to GitHub broke"):
        forge.set_statuses(repository, shop.head(), [GOOD])
    forge.set_statuses(repository, shop.head(), [GOOD])
    assert len(writes_to(github)) == len(shop.status_history(shop.head())) == 1


def test_a_server_that_is_not_there_is_temporary(connect: Connect, settings: Settings) -> None:
    forge = connect(settings, github_url="http://127.0.0.1:9")
    with pytest.raises(Temporary, match="connection to GitHub broke"):
        forge.repository("acme/shop")


def test_a_token_that_cannot_be_had_now_is_temporary(
    github: GitHubStandIn, forge: GitHub, repository: Repository, shop: HostedRepository
) -> None:
    github.faults.add("POST */access_tokens", kind=Fault.ERROR)
    with pytest.raises(Temporary):
        forge.branch_head(repository, "main")
    assert forge.branch_head(repository, "main") == shop.head()


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry_After": "33"}, 33),
        (429, {}, 60),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1000042"}, 42),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "5"}, 1),
        (403, {"Retry_After": "99999999"}, 7200),
        (503, {"Retry_After": "12"}, 12),
        (502, {}, 5),
    ],
)
def test_how_long_to_wait_is_githubs_word(
    parrot: Parrot, stranger: GitHub, status: int, headers: dict[str, str], wait: float
) -> None:
    parrot.say(status, "<html>no</html>", **headers)
    with pytest.raises(Temporary) as refused:
        stranger.change(SHOP, 1)
    assert refused.value.retry_after == wait


@pytest.mark.parametrize("body", ["", "<html>Sign in to the network</html>", "{", "[]", "null", '{"number": "one"}'])
def test_an_answer_that_is_not_githubs_is_temporary(parrot: Parrot, stranger: GitHub, body: str) -> None:
    parrot.say(200, body)
    with pytest.raises(Temporary, match="GitHub's answer"):
        stranger.change(SHOP, 1)


def test_a_write_to_a_renamed_repository_follows_it(parrot: Parrot, stranger: GitHub) -> None:
    parrot.say(200, '{"statuses": []}')
    parrot.say(307, "{}", Location=f"{parrot.url}/repositories/7/statuses/{SHA}")
    parrot.say(201, "{}")
    stranger.set_statuses(SHOP, SHA, [GOOD])
    assert parrot.asked[1:] == [f"POST /repos/acme/shop/statuses/{SHA}", f"POST /repositories/7/statuses/{SHA}"]


@pytest.mark.parametrize("status", [301, 307])
def test_the_token_goes_to_no_other_host(parrot: Parrot, stranger: GitHub, status: int) -> None:
    parrot.say(status, "{}", Location="http://elsewhere.test/repositories/7/pulls/1")
    with pytest.raises(Rejected, match="FORESAIL_GITHUB_URL"):
        stranger.change(SHOP, 1)
    assert len(parrot.asked) == 1


def test_a_list_of_a_renamed_repository_is_read_to_its_end(parrot: Parrot, stranger: GitHub) -> None:
    moved = f"{parrot.url}/repositories/7/commits/{SHA}/status"
    parrot.say(301, "{}", Location=f"{moved}?per_page=100")
    one: dict[str, Any] = {"context": "a", "state": "error", "created_at": "2026-01-01T00:00:00Z"}
    other = {**one, "context": "b", "state": "success", "description": "good", "target_url": None}
    parrot.say(200, json.dumps({"statuses": [one]}), Link=f'<{moved}?page=2>; rel="next"')
    parrot.say(200, json.dumps({"statuses": [other]}))
    assert stranger.statuses(SHOP, SHA) == {
        "a": CommitStatus("a", StatusState.ERROR, ""),
        "b": CommitStatus("b", StatusState.SUCCESS, "good"),
    }
    assert parrot.asked[-1] == f"GET /repositories/7/commits/{SHA}/status?page=2"


def test_a_person_acts_on_what_they_may_push_to(parrot: Parrot, stranger: GitHub) -> None:
    def listed(name: str, *, push: bool, archived: bool) -> str:
        flags = f'"permissions": {{"push": {str(push).lower()}}}, "archived": {str(archived).lower()}'
        urls = f'"full_name": "acme/{name}", "clone_url": "https://github.com/acme/{name}.git"'
        return f'{{{urls}, "default_branch": "main", {flags}}}'

    items = (
        listed("shop", push=True, archived=False),
        listed("read-only", push=False, archived=False),
        listed("old", push=True, archived=True),
    )
    parrot.say(200, f"[{', '.join(items)}]")
    assert list(stranger.repositories()) == [SHOP]
    assert parrot.asked == ["GET /user/repos?per_page=100"]


def test_a_custom_role_counts_as_what_it_includes(parrot: Parrot, stranger: GitHub) -> None:
    parrot.say(200, '{"permission": "write", "role_name": "admin of nothing"}')
    parrot.say(200, '{"permission": "read", "role_name": "maintain"}')
    assert [stranger.permission(SHOP, "alice").value for _ in range(2)] == ["write", "read"]
