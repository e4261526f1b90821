"""As whom a repository is read, on the forge's own site and elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.forges.credentials import credentials_for
from bot.forges.github.others import OtherApps
from bot.forges.gitlab.client import GitLab
from bot.model.credentials import Credentials
from bot.settings import Settings

OTHERS = {
    "https://example.com/gitlab/acme/shop.git": Credentials("canary", "canary", proxy="http://proxy:1"),
    "https://git.example.com/x.git": Credentials("someone", "else"),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    token = SecretStr("glpat-canary")
    return Settings(gitlab_url="https://example.com/gitlab", gitlab_token=token, gitlab_ca_file=authority)


def found(settings: Settings, url: str) -> Credentials | None:
    apps = OtherApps(timeout=1)
    forge = GitLab.from_settings(settings)
    return credentials_for(forge, settings.forge_site, lambda asked, _project: OTHERS.get(asked), apps)(url, "default")


def test_the_token_goes_to_gitlabs_own_projects_with_who_signs_its_certificate(settings: Settings) -> None:
    ours = found(settings, "https://example.com/gitlab/acme/team/shop.git")
    assert ours is not None
    assert (ours.username, ours.password, ours.vouched) == ("oauth2", "glpat-canary", True)
    assert ours.authorities.startswith("-----BEGIN")


def test_what_a_secret_says_of_the_way_holds_and_not_as_whom(settings: Settings) -> None:
    ours = found(settings, "https://example.com/gitlab/acme/shop.git")
    assert ours is not None
    assert (ours.username, ours.password, ours.proxy) == ("oauth2", "glpat-canary", "http://proxy:1")
    assert ours.authorities.startswith("-----BEGIN")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/gitlab/acme/shop.git",
        "https://example.com:8443/gitlab/acme/shop.git",
        "https://example.com/gitlab-evil/acme/shop.git",
        "https://example.com.evil.test/gitlab/acme/shop.git",
        "https://example.com/other/acme/shop.git",
    ],
)
def test_the_token_goes_nowhere_else(settings: Settings, url: str) -> None:
    assert found(settings, url) is None


def test_elsewhere_what_a_secret_says_holds(settings: Settings) -> None:
    assert found(settings, "https://git.example.com/x.git") == OTHERS["https://git.example.com/x.git"]
