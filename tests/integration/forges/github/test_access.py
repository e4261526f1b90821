"""Who Foresail is on GitHub, how long its tokens live, and that nobody ever reads them."""

from __future__ import annotations

import logging
import subprocess
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.errors import ForesailError, Rejected
from bot.forges.github import PERMISSIONS
from bot.forges.github.client import GitHub
from bot.forges.github.errors import BadCredentials, Forbidden, NotInstalled
from bot.forges.port import Comment, Reaction
from bot.model.changes import CommitStatus, Permission, Repository, StatusState
from bot.sandbox.forge.exchanges import Exchange
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from bot.settings import Settings
from tests.integration.forges.github.conftest import Connect

MINUTE = 60.0
GOOD = CommitStatus("foresail/preview", StatusState.SUCCESS, "changes nothing")


@pytest.fixture
def person(github: GitHubStandIn, shop: HostedRepository) -> Settings:
    shop.grant("robot", "write")
    token = SecretStr(github.personal_access_token("robot"))
    return Settings(github_url=github.url, github_token=token, forge_timeout=5)


@pytest.fixture
def other_key() -> SecretStr:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SecretStr(pem.decode())


def tokens_made(github: GitHubStandIn) -> list[Exchange]:
    return [one for one in github.requests if one.template.endswith("/access_tokens")]


def test_a_token_serves_until_ten_minutes_before_its_end(
    github: GitHubStandIn, forge: GitHub, repository: Repository
) -> None:
    forge.branch_head(repository, "main")
    github.clock.advance(49 * MINUTE)
    forge.branch_head(repository, "main")
    assert len(tokens_made(github)) == 1
    github.clock.advance(2 * MINUTE)
    forge.branch_head(repository, "main")
    assert len(tokens_made(github)) == 2


def test_git_credentials_are_good_for_ten_more_minutes_and_usually_cost_nothing(
    github: GitHubStandIn, forge: GitHub, repository: Repository
) -> None:
    first = forge.git_credentials(repository)
    github.clock.advance(49 * MINUTE)
    assert forge.git_credentials(repository) == first
    github.clock.advance(2 * MINUTE)
    assert forge.git_credentials(repository) != first
    assert len(tokens_made(github)) == len(github.requests) == 2


def test_git_credentials_can_read_one_repository_and_no_more(
    github: GitHubStandIn, app: App, shop: HostedRepository, forge: GitHub
) -> None:
    github.create_repository("acme/site")
    both = github.install(app, owner="acme", repositories=["acme/shop", "acme/site"])
    forge.git_credentials(Repository("acme/shop", shop.clone_url, both.id))
    (made,) = tokens_made(github)
    assert made.answer["permissions"] == {"contents": "read", "metadata": "read"}
    assert [one["full_name"] for one in made.answer["repositories"]] == ["acme/shop"]


@pytest.fixture(params=["settings", "person"])
def somebody(request: pytest.FixtureRequest, connect: Connect) -> GitHub:
    """Return the App, and then a person."""
    return connect(request.getfixturevalue(request.param))


def test_git_fetches_with_the_credentials(
    somebody: GitHub, repository: Repository, shop: HostedRepository, tmp_path: Path
) -> None:
    credentials = somebody.git_credentials(repository)
    url = repository.clone_url.replace("://", f"://{credentials.username}:{credentials.password}@")
    listed = subprocess.run(
        ["git", "ls-remote", url, "refs/heads/main"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert listed.stdout.split()[0] == shop.head()


def test_requests_are_made_with_no_more_than_they_need(
    github: GitHubStandIn, forge: GitHub, repository: Repository
) -> None:
    forge.branch_head(repository, "main")
    (made,) = tokens_made(github)
    for_events = {"issues", "merge_queues"}
    assert made.body == {"permissions": {name: PERMISSIONS[name] for name in PERMISSIONS if name not in for_events}}


def test_threads_share_a_token_and_never_each_others_answers(
    github: GitHubStandIn, forge: GitHub, repository: Repository, shop: HostedRepository
) -> None:
    heads = {f"b{index}": shop.push(f"b{index}", {"app.yaml": f"replicas: {index}\n"}) for index in range(20)}
    with ThreadPoolExecutor(max_workers=8) as threads:
        found = list(threads.map(lambda branch: forge.branch_head(repository, branch), heads))
    assert found == list(heads.values())
    assert len(tokens_made(github)) == 1


def test_an_app_that_was_installed_anew_goes_on(
    github: GitHubStandIn, app: App, installation: Installation, forge: GitHub, repository: Repository
) -> None:
    forge.branch_head(repository, "main")
    github.uninstall(installation)
    again = github.install(app, owner="acme", repositories=["acme/shop"])
    github.clock.advance(2 * MINUTE)
    assert forge.branch_head(repository, "main")
    assert forge.repository("acme/shop").installation == again.id


def test_an_app_that_was_removed_is_rejected(
    github: GitHubStandIn, installation: Installation, forge: GitHub, repository: Repository
) -> None:
    github.uninstall(installation)
    with pytest.raises(NotInstalled, match="not installed on acme/shop"):
        forge.branch_head(repository, "main")


def test_an_app_that_lacks_a_permission_is_rejected_with_the_whole_list(
    app: App, forge: GitHub, repository: Repository
) -> None:
    del app.permissions["statuses"]
    with pytest.raises(Forbidden, match="permissions requested are not granted") as refused:
        forge.branch_head(repository, "main")
    assert all(f"{name}: {level}" in refused.value.remedy for name, level in PERMISSIONS.items())


def test_a_person_without_the_right_is_told_which_permission_it_takes(
    connect: Connect, person: Settings, repository: Repository, shop: HostedRepository
) -> None:
    shop.grant("robot", "read")
    with pytest.raises(Forbidden, match="it takes the permission statuses=write"):
        connect(person).set_statuses(repository, shop.head(), [GOOD])


def test_another_apps_key_is_rejected_by_the_settings_name(
    connect: Connect, settings: Settings, repository: Repository, other_key: SecretStr
) -> None:
    with pytest.raises(BadCredentials, match="FORESAIL_GITHUB_APP_ID and FORESAIL_GITHUB_APP_PRIVATE_KEY"):
        connect(settings, github_app_private_key=other_key).change(repository, 1)


def test_what_is_no_key_is_rejected_by_the_settings_name(
    connect: Connect, settings: Settings, repository: Repository
) -> None:
    forge = connect(settings, github_app_private_key=SecretStr("-----BEGIN NONSENSE-----"))
    with pytest.raises(Rejected, match="FORESAIL_GITHUB_APP_PRIVATE_KEY is not an RSA private key"):
        forge.change(repository, 1)


def test_an_unknown_token_is_rejected_by_the_settings_name(
    connect: Connect, person: Settings, repository: Repository
) -> None:
    with pytest.raises(BadCredentials, match="FORESAIL_GITHUB_TOKEN: Bad credentials"):
        connect(person, github_token=SecretStr("ghp_unknown")).change(repository, 1)


def test_a_person_does_what_an_app_does(
    connect: Connect, person: Settings, repository: Repository, shop: HostedRepository
) -> None:
    forge = connect(person)
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    number = shop.open_pull_request("feature").number
    shop.comment(number, "<!-- m --> not ours", user="alice")
    mine = forge.add_comment(repository, number, "<!-- m --> ours")
    forge.set_statuses(repository, shop.head("feature"), [GOOD])
    assert forge.own_comments(repository, number, marker="<!-- m -->") == [mine]
    assert forge.statuses(repository, shop.head("feature")) == {GOOD.context: GOOD}
    assert forge.repository("acme/shop").installation is None


def test_a_token_with_a_line_break_around_it_works(
    connect: Connect, person: Settings, repository: Repository, shop: HostedRepository
) -> None:
    assert person.github_token is not None
    padded = SecretStr(f" {person.github_token.get_secret_value()}\n")
    assert connect(person, github_token=padded).branch_head(repository, "main") == shop.head()


def test_a_token_that_no_header_can_carry_is_rejected_without_being_shown(settings: Settings) -> None:
    broken = settings.model_copy(update={"github_token": SecretStr("ghp_one\nghp_two")})
    with pytest.raises(Rejected, match="FORESAIL_GITHUB_TOKEN") as refused:
        GitHub.from_settings(broken)
    assert "ghp_" not in refused.value.message


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "FORESAIL_GITHUB_APP_ID and .*, or FORESAIL_GITHUB_TOKEN"),
        ({"github_app_id": 12}, "FORESAIL_GITHUB_APP_PRIVATE_KEY"),
        ({"github_app_private_key": SecretStr("key")}, "FORESAIL_GITHUB_APP_ID"),
    ],
)
def test_without_settings_every_call_says_what_to_set(given: dict[str, object], named: str) -> None:
    forge = GitHub.from_settings(Settings.model_validate(given))
    somewhere = Repository("acme/shop", "https://github.com/acme/shop.git")
    calls: list[Callable[[], object]] = [
        lambda: next(forge.repositories()),
        lambda: forge.repository("acme/shop"),
        lambda: forge.change(somewhere, 1),
        lambda: next(forge.open_changes(somewhere)),
        lambda: forge.set_statuses(somewhere, "0" * 40, [GOOD]),
        lambda: forge.own_comments(somewhere, 1, marker="m"),
        lambda: forge.set_comments(somewhere, 1, [Comment(1, "")], []),
        lambda: forge.permission(somewhere, "alice"),
        lambda: forge.react(somewhere, 1, 1, Reaction.SEEN),
        lambda: forge.git_credentials(somewhere),
    ]
    for call in calls:
        with pytest.raises(Rejected, match=named):
            call()


@pytest.mark.parametrize("url", ["", "github.example.com", "ftp://github.example.com", "https://user:pw@github.com"])
def test_what_is_no_url_of_a_github_is_rejected_by_the_settings_name(url: str) -> None:
    with pytest.raises(Rejected, match="FORESAIL_GITHUB_URL"):
        GitHub.from_settings(Settings(github_url=url))


def test_permissions_are_looked_up_and_never_remembered(
    forge: GitHub, repository: Repository, shop: HostedRepository
) -> None:
    shop.grant("alice", "admin")
    assert forge.permission(repository, "alice") is Permission.ADMIN
    shop.grant("alice", "none")
    assert forge.permission(repository, "alice") is Permission.NONE


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.SECONDARY_LIMIT, Fault.DROP_CONNECTION, Fault.LOSE_ANSWER])
def test_no_error_and_no_log_shows_a_secret(
    github: GitHubStandIn, forge: GitHub, repository: Repository, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = forge.git_credentials(repository)
    forge.branch_head(repository, "main")
    github.faults.add("GET /repos/acme/shop/git/*", kind=fault, times=3)
    with pytest.raises(ForesailError) as refused:
        forge.branch_head(repository, "main")
    shown = "".join(traceback.format_exception(refused.value)) + caplog.text + repr(credentials) + repr(forge)
    assert not [secret for secret in ("ghs_", "Bearer", "PRIVATE KEY", credentials.password) if secret in shown]
