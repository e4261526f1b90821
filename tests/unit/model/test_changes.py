"""Changes and the repositories they are made in."""

from __future__ import annotations

import pytest

from bot.model.changes import Permission, repository_address, repository_identity


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/Acme/shop.git",
        "https://git.example/acme/shop/",
        "https://user:token@git.example:8443/acme/shop.git",
        "ssh://git@git.example:22/acme/shop.git",
        "git@git.example:acme/shop.git",
        "git.example:acme/shop",
    ],
)
def test_all_urls_of_a_repository_have_one_identity(url: str) -> None:
    assert repository_identity(url) == "git.example/acme/shop"


@pytest.mark.parametrize("url", ["", "/", "https://", "http://[", "https://[::1", "x" * 10_000, "a:b:c", "\n", "://"])
def test_what_is_no_url_breaks_nothing(url: str) -> None:
    assert repository_identity(url) == repository_identity(url)
    assert repository_identity(url) != "git.example/acme/shop"


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/acme/shop.git",
        "https://git.example:443/acme/shop",
        "https://alice:token@GIT.example/acme/shop/",
    ],
)
def test_spellings_of_one_address_are_the_same(url: str) -> None:
    assert repository_address(url) == "https://git.example/acme/shop"


def test_the_short_form_of_ssh_is_the_same_address() -> None:
    assert repository_address("git@git.example:acme/shop") == repository_address("ssh://git.example:22/acme/shop.git")


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example:8443/acme/shop",
        "http://git.example/acme/shop",
        "http://git.example:443/acme/shop",
        "ssh://git@git.example/acme/shop",
        "git@git.example:acme/shop",
        "https://git.example/acme/shop?service=other",
        "https://git.example/acme/shop#other",
        "https://git.example.org/acme/shop",
        "https://git.example:x/acme/shop",
        "https://git.example@169.254.169.254/acme/shop",
    ],
)
def test_another_server_or_protocol_is_another_address(url: str) -> None:
    assert repository_address(url) != repository_address("https://git.example/acme/shop")


def test_a_permission_includes_those_below_it() -> None:
    assert [one.value for one in Permission if one.includes(Permission.WRITE)] == ["write", "maintain", "admin"]
