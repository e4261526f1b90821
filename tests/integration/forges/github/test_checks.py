"""Statuses are said by check runs where the App may write them, and never by a run and a commit status at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.forges.github import PERMISSIONS
from bot.forges.github.client import GitHub
from bot.model.changes import CommitStatus, Repository, StatusState
from bot.model.checks import Annotation, Button, Details, Level
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App
from tests.integration.forges.github.conftest import writes_to

NAME = "foresail/preview"
STARTED = CommitStatus(NAME, StatusState.PENDING, "predicting")
BAD = CommitStatus(NAME, StatusState.FAILURE, "fails")
NOTE = Annotation("app.yaml", 1, 1, Level.FAILURE, "Deployment shop/web", "cannot be changed in place")
RUNS = "/repos/acme/shop/check-runs"


@pytest.mark.parametrize("state", StatusState)
def test_every_state_is_read_as_it_was_said(
    shop: HostedRepository, repository: Repository, forge: GitHub, state: StatusState
) -> None:
    said = CommitStatus(NAME, state, "words", "https://foresail.test/1")
    forge.set_statuses(repository, shop.head(), [said])
    assert forge.statuses(repository, shop.head()) == {NAME: said}
    assert shop.statuses(shop.head())[NAME].state == state
    assert shop.state.statuses == {}


def test_a_run_goes_on_until_it_has_ended_and_is_followed_by_another(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    told = [STARTED, replace(STARTED, description="waits"), BAD, STARTED, replace(BAD, state=StatusState.SUCCESS)]
    for status in told:
        for _ in range(2):
            forge.set_statuses(repository, shop.head(), [status])
    first, second = shop.check_runs(shop.head())
    begun, ended = f"POST {RUNS}", f"PATCH {RUNS}/{second.id}"
    assert writes_to(github) == [begun, f"PATCH {RUNS}/{first.id}", f"PATCH {RUNS}/{first.id}", begun, ended]
    assert [one.state for one in shop.status_history(shop.head())] == [one.state for one in told]


def test_details_stand_in_the_run_and_are_written_once(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    details = Details("### Merging changes 1 resource", (NOTE,) * 60, (Button.RETRY, Button.HOLD))
    for _ in range(2):
        forge.set_statuses(repository, shop.head(), [replace(BAD, details=details)])
    forge.set_statuses(repository, shop.head(), [BAD])  # who has nothing to add takes nothing away
    (run,) = shop.check_runs(shop.head())
    assert writes_to(github) == [f"POST {RUNS}"]
    assert run.fields["output"] == {"title": "fails", "summary": "### Merging changes 1 resource"}
    assert len(run.annotations) == 50
    shop.press(run, "retry")


def test_other_details_are_said_by_a_run_of_their_own(
    shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    for line in (1, 1, 2):
        details = Details("", (replace(NOTE, last=line),))
        forge.set_statuses(repository, shop.head(), [replace(BAD, details=details)])
    assert [len(run.annotations) for run in shop.check_runs(shop.head())] == [1, 1]


def test_an_app_that_may_write_no_checks_says_commit_statuses(
    app: App, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    del app.permissions["checks"]
    forge.set_statuses(repository, shop.head(), [STARTED, BAD])
    assert shop.check_runs(shop.head()) == []
    assert forge.statuses(repository, shop.head()) == {NAME: BAD}


def test_what_began_as_a_commit_status_goes_on_as_one(
    app: App, github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    del app.permissions["checks"]
    forge.set_statuses(repository, shop.head(), [STARTED])
    app.permissions["checks"] = PERMISSIONS["checks"]
    github.clock.advance(3600)
    forge.set_statuses(repository, shop.head(), [BAD])
    assert shop.check_runs(shop.head()) == []
    assert forge.statuses(repository, shop.head()) == {NAME: BAD}


def test_an_app_from_which_the_permission_is_taken_goes_on_with_commit_statuses(
    app: App, github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    before, after = shop.push("one", {"a": "1"}), shop.push("two", {"a": "2"})
    forge.set_statuses(repository, before, [STARTED])
    del app.permissions["checks"]
    github.clock.advance(120)
    forge.set_statuses(repository, after, [BAD])
    assert forge.statuses(repository, after) == {NAME: BAD}
    assert shop.check_runs(after) == []


def test_another_apps_run_of_the_same_name_is_not_ours(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    forge.set_statuses(repository, shop.head(), [STARTED])
    (run,) = shop.check_runs(shop.head())
    other = github.create_app("Other", permissions=PERMISSIONS, events=())
    run.suite.app = other
    assert forge.statuses(repository, shop.head()) == {}
    forge.set_statuses(repository, shop.head(), [BAD])
    assert run.fields["status"] == "in_progress"


def test_a_commit_status_that_somebody_else_has_put_beside_a_run_ends_no_run(
    app: App, github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    forge.set_statuses(repository, shop.head(), [STARTED])
    del app.permissions["checks"]
    github.clock.advance(120)
    forge.set_statuses(repository, shop.head(), [replace(STARTED, state=StatusState.SUCCESS)])  # as anybody's token may
    app.permissions["checks"] = PERMISSIONS["checks"]
    github.clock.advance(3600)
    other = replace(BAD, context="foresail/sync")
    forge.set_statuses(repository, shop.head(), [BAD, other])
    (run,) = (one for one in shop.check_runs(shop.head()) if one.fields["name"] == NAME)
    assert run.fields["conclusion"] == "failure"
    assert forge.statuses(repository, shop.head()) == {NAME: BAD, other.context: other}


def test_when_it_began_is_when_it_was_said(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    forge.set_statuses(repository, shop.head(), [STARTED])
    github.clock.advance(500)
    forge.set_statuses(repository, shop.head(), [replace(STARTED, description="still at it")])
    said_at = forge.statuses(repository, shop.head())[NAME].said_at
    assert said_at == pytest.approx(github.clock.now(), abs=100)
