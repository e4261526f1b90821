"""Which repository Secret belongs to a URL."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from bot.engine.repositories import KnownRepositories, RepositorySecret, known
from bot.errors import Rejected
from bot.model.credentials import Credentials, GitHubApp


def secret(kind: str, url: str, *, name: str = "it", **data: str) -> dict[str, Any]:
    values = {key: b64encode(value.encode()).decode() for key, value in {"url": url, **data}.items()}
    labels = {"argocd.argoproj.io/secret-type": kind}
    return {"metadata": {"name": name, "labels": labels}, "data": values}


def repository(url: str, **data: str) -> dict[str, Any]:
    return secret("repository", url, **data)


def template(url: str, **data: str) -> dict[str, Any]:
    return secret("repo-creds", url, **data)


def found(url: str, *secrets: dict[str, Any], project: str = "default") -> Credentials | None:
    read, problems = known(secrets)
    assert problems == ()
    return KnownRepositories(read).find(url, project)


def password(url: str, *secrets: dict[str, Any], project: str = "default") -> str:
    credentials = found(url, *secrets, project=project)
    return credentials.password if credentials is not None else ""


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/team/shop",
        "https://git.example.com/team/shop.git",
        "https://GIT.example.com:443/team/shop/",
        "https://somebody@git.example.com/team/shop",
    ],
)
def test_spellings_of_a_url_have_the_same_secret(url: str) -> None:
    assert password(url, repository("https://git.example.com/team/shop.git", password="one")) == "one"


@pytest.mark.parametrize(
    "url",
    [
        "http://git.example.com/team/shop",
        "https://git.example.com:8443/team/shop",
        "https://git.example.com.evil/team/shop",
        "https://git.example.com@evil.example/team/shop",
        "ssh://git@git.example.com/team/shop",
    ],
)
def test_another_place_has_not(url: str) -> None:
    assert found(url, repository("https://git.example.com/team/shop", password="one")) is None
    assert found(f"{url}2", repository("https://git.example.com/team/shop", password="one")) is None
    assert found(url.replace("/team/shop", "/other"), template("https://git.example.com", password="one")) is None


@pytest.mark.parametrize("url", ["git@git.example.com:team/shop.git", "ssh://git@git.example.com:22/team/shop"])
def test_ssh_urls_are_written_in_two_ways(url: str) -> None:
    key = template("git@git.example.com:team", sshPrivateKey="key")
    assert found(url, key) == Credentials(ssh_private_key="key", vouched=True)


def test_the_longest_template_wins() -> None:
    templates = [
        template("https://git.example.com", password="site"),
        template("https://git.example.com/team/", password="team"),
        template("https://git.example.com/team/shop", password="shop"),
    ]
    assert password("https://git.example.com/team/shop", *templates) == "shop"
    assert password("https://git.example.com/team/web", *templates) == "team"
    assert password("https://git.example.com/teams/web", *templates) == "site"
    assert password("https://git.example.com/team-of-others/web", *templates) == "site"


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com.evil/team/web",
        "https://git.example.comteam/web",
        "https://git.example.com/team-of-others/web",
        "https://git.example.com/other/../team/web/../../other",
        "https://git.example.com/team/../other/web",
        "https://git.example.com/team/%2e%2e/other/web",
        "https://git.example.com/team%2f..%2fother",
        "https://git.example.com/team\\..\\other",
        "https://evil.example/https://git.example.com/team/web",
        "https://[",
    ],
)
def test_a_template_is_for_what_lies_below_it_only(url: str) -> None:
    assert found(url, template("https://git.example.com/team", password="one")) is None


def test_a_repositorys_own_words_come_first() -> None:
    url = "https://git.example.com/team/shop"
    general = template("https://git.example.com", password="general", proxy="http://proxy:3128")
    assert found(url, repository(url, password="own"), general) == Credentials(password="own", vouched=True)
    assert found(url, repository(url, insecure="true"), general) == Credentials(
        password="general", proxy="http://proxy:3128", insecure=True, vouched=True
    )


def test_a_project_uses_its_own_and_nobody_elses() -> None:
    url = "https://git.example.com/team/shop"
    mine, all_ = repository(url, password="mine", project="red"), repository(url, password="all")
    assert password(url, all_, mine, project="red") == "mine"
    assert password(url, all_, mine, project="blue") == "all"
    assert found(url, mine, project="blue") is None
    assert found(url, mine, project="") is None
    restricted = template("https://git.example.com", password="red", project="red")
    assert found(url, restricted, project="blue") is None
    assert found(url, restricted, project="red") == Credentials(password="red", project="red", vouched=True)


def test_every_key_is_read() -> None:
    data = {
        "username": "alice",
        "bearerToken": "bearer",
        "sshPrivateKey": "ssh",
        "tlsClientCertData": "certificate",
        "tlsClientCertKey": "key",
        "insecureIgnoreHostKey": "true",
        "proxy": "socks5://proxy:1080",
        "noProxy": ".example.com",
        "githubAppID": "7",
        "githubAppInstallationID": "9",
        "githubAppPrivateKey": "pem",
        "githubAppEnterpriseBaseUrl": "https://ghe.example.com/api/v3/",
        "type": "git",
        "depth": "1",
    }
    read = RepositorySecret.parse(repository("https://git.example.com/team/shop", **data)).credentials
    assert read == Credentials(
        username="alice",
        bearer_token="bearer",
        ssh_private_key="ssh",
        client_certificate="certificate",
        client_key="key",
        insecure=True,
        proxy="socks5://proxy:1080",
        no_proxy=".example.com",
        github_app=GitHubApp(7, "pem", installation=9, api_url="https://ghe.example.com/api/v3"),
    )


@pytest.mark.parametrize("url", ["ghcr.example/team", "oci://ghcr.example/team"])
def test_a_registry_is_known_with_and_without_its_scheme(url: str) -> None:
    secrets = (
        template(url, enableOCI="true", username="alice", password="one", insecureOCIForceHttp="true"),
        repository("ghcr.example/other", enableOCI="true", password="two", insecureOCIForceHttp="true"),
    )
    assert password("oci://ghcr.example/team/charts", *secrets) == "one"
    assert password("oci://ghcr.example/teams", *secrets) == ""
    assert password("https://ghcr.example/team/charts", *secrets) == ""
    for place in ("oci://ghcr.example/other", "oci://ghcr.example/team/charts"):
        credentials = found(place, *secrets)
        assert credentials is not None
        assert credentials.plain_http


def test_nothing_secret_is_in_what_is_printed() -> None:
    data = dict.fromkeys(("password", "bearerToken", "sshPrivateKey", "tlsClientCertKey", "proxy"), "canary")
    read = RepositorySecret.parse(
        repository("https://git.example.com/team/shop", githubAppID="7", githubAppPrivateKey="canary", **data)
    )
    assert "canary" not in repr(read)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"bearerToken": "a\r\nX-Other: b"}, "more than one line in bearerToken"),
        ({"proxy": "http://a\nb"}, "more than one line in proxy"),
        ({"password": "a\0b"}, "text that cannot be read in password"),
        ({"insecure": "perhaps"}, "neither true nor false in insecure"),
        ({"githubAppID": "1e3", "githubAppPrivateKey": "pem"}, "no number in githubAppID"),
        ({"githubAppID": "12"}, "one of githubAppID and githubAppPrivateKey, and not the other"),
    ],
)
def test_a_secret_that_cannot_be_read_is_named_and_left_out(data: dict[str, str], words: str) -> None:
    good = repository("https://git.example.com/a", password="one")
    read, problems = known([repository("https://git.example.com/b", name="wrong", **data), good])
    assert [one.url for one in read] == ["https://git.example.com/a"]
    assert len(problems) == 1
    assert problems[0].startswith(f"the Secret wrong has {words}")


def test_a_way_to_sign_in_that_is_not_supported_is_told_to_whoever_needs_it() -> None:
    url = "https://git.example.com/team/shop"
    with pytest.raises(Rejected, match="the Secret it for this repository has gcpServiceAccountKey, which"):
        found(url, template("https://git.example.com", gcpServiceAccountKey="{}"))
    assert password(url, repository(url, password="own"), template(url, gcpServiceAccountKey="{}")) == "own"


def test_servers_are_known_by_host() -> None:
    everything = KnownRepositories(known_hosts="hosts", authorities={"git.example.com": "pem"})
    assert everything.find("https://git.example.com:8443/a", "") == Credentials(authorities="pem")
    assert everything.find("https://git.example.com.evil/a", "") is None
    assert everything.find("git@git.example.com:a", "") == Credentials(known_hosts="hosts")


def test_large_files_are_fetched_of_the_repository_that_says_so() -> None:
    url = "https://git.example.com/team/shop"
    said = found(url, repository(url, enableLfs="true"))
    assert said is not None
    assert said.large_files
    template_only = found(url, template("https://git.example.com", password="one", enableLfs="true"))
    assert template_only is not None
    assert not template_only.large_files
