"""Apps: who they are, which tokens they get, and what these allow."""

from __future__ import annotations

import time

import jwt
import pytest
from github import Auth, BadCredentialsException, GithubException, GithubIntegration, UnknownObjectException

from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from tests.integration.sandbox.github.conftest import PERMISSIONS, Client


@pytest.fixture
def integration(github: GitHubStandIn, app: App) -> GithubIntegration:
    auth = Auth.AppAuth(app.id, app.private_key_pem)
    return GithubIntegration(auth=auth, base_url=github.url, seconds_between_requests=0, seconds_between_writes=0)


def signed(app: App, *, lifetime: float, key: str | None = None, algorithm: str = "RS256") -> Auth.AppAuthToken:
    now = int(time.time())
    claims = {"iss": str(app.id), "iat": now - 60, "exp": int(now + lifetime)}
    return Auth.AppAuthToken(jwt.encode(claims, key or app.private_key_pem, algorithm=algorithm))


def test_an_app_finds_the_installation_of_a_repository(
    integration: GithubIntegration, installation: Installation
) -> None:
    assert integration.get_repo_installation("acme", "shop").id == installation.id
    assert [one.id for one in integration.get_installations()] == [installation.id]


def test_a_repository_without_the_app_has_no_installation(
    github: GitHubStandIn, integration: GithubIntegration
) -> None:
    github.create_repository("acme/other")
    with pytest.raises(UnknownObjectException):
        integration.get_repo_installation("acme", "other")


def test_a_json_web_token_may_live_ten_minutes(client: Client, app: App) -> None:
    assert client(signed(app, lifetime=590)).requester.requestJsonAndCheck("GET", "/app")[1]["slug"] == "foresail"
    with pytest.raises(GithubException, match="too far in the future"):
        client(signed(app, lifetime=660)).requester.requestJsonAndCheck("GET", "/app")
    with pytest.raises(GithubException, match="Expiration time"):
        client(signed(app, lifetime=-1)).requester.requestJsonAndCheck("GET", "/app")


def test_a_json_web_token_of_another_key_is_refused(github: GitHubStandIn, client: Client, app: App) -> None:
    other = github.create_app("Other", permissions={}, events=())
    forged = signed(app, lifetime=60, key=other.private_key_pem)
    with pytest.raises(GithubException, match="could not be decoded"):
        client(forged).requester.requestJsonAndCheck("GET", "/app")


def test_a_json_web_token_signed_with_a_shared_secret_is_refused(client: Client, app: App) -> None:
    forged = signed(app, lifetime=60, key="a shared secret that is long enough", algorithm="HS256")
    with pytest.raises(GithubException, match="could not be decoded"):
        client(forged).requester.requestJsonAndCheck("GET", "/app")


def test_an_installation_token_works_for_an_hour(
    github: GitHubStandIn, integration: GithubIntegration, client: Client, installation: Installation
) -> None:
    token = integration.get_access_token(installation.id, permissions=PERMISSIONS)
    bot = client(Auth.Token(token.token))
    github.clock.advance(3590)
    assert bot.get_repo("acme/shop").full_name == "acme/shop"
    github.clock.advance(20)
    with pytest.raises(BadCredentialsException):
        bot.get_repo("acme/shop")


def test_a_token_without_permissions_may_do_nothing(
    integration: GithubIntegration, client: Client, installation: Installation
) -> None:
    token = integration.get_access_token(installation.id, permissions={})
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        client(Auth.Token(token.token)).get_repo("acme/shop")


def test_a_token_may_do_what_its_permissions_name_and_no_more(
    integration: GithubIntegration, client: Client, installation: Installation, shop: HostedRepository
) -> None:
    narrow = {"metadata": "read", "contents": "read", "statuses": "read"}
    token = integration.get_access_token(installation.id, permissions=narrow)
    commit = client(Auth.Token(token.token)).get_repo("acme/shop").get_commit(shop.head())
    assert commit.get_combined_status().total_count == 0
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        commit.create_status("success")


def test_a_token_cannot_be_wider_than_the_app(integration: GithubIntegration, installation: Installation) -> None:
    with pytest.raises(GithubException, match="not granted to this installation"):
        integration.get_access_token(installation.id, permissions={"administration": "write"})


def test_a_repository_where_the_app_is_not_installed_is_not_there(
    github: GitHubStandIn, client: Client, integration: GithubIntegration, installation: Installation
) -> None:
    github.create_repository("acme/secret")
    token = integration.get_access_token(installation.id, permissions=PERMISSIONS)
    with pytest.raises(UnknownObjectException):
        client(Auth.Token(token.token)).get_repo("acme/secret")


def test_tokens_of_a_removed_installation_stop_to_work(
    github: GitHubStandIn, client: Client, integration: GithubIntegration, installation: Installation
) -> None:
    token = integration.get_access_token(installation.id, permissions=PERMISSIONS)
    github.uninstall(installation)
    with pytest.raises(BadCredentialsException):
        client(Auth.Token(token.token)).get_repo("acme/shop")
