"""What is told of a URL never has its user or password in it."""

from __future__ import annotations

import pytest

from bot.repository.transport import without_user

SHOWN = "https://git.example.com/acme/shop.git"


@pytest.mark.parametrize("user", ["ann", "ann:s3cret", "ann:s3@cret", "ann@example.com:s3cret", "@:@"])
def test_a_user_is_left_out_whole(user: str) -> None:
    url = SHOWN.replace("://", f"://{user}@")
    assert without_user(f"unable to access '{url}': ann@example.com is told, as is {url}") == (
        f"unable to access '{SHOWN}': ann@example.com is told, as is {SHOWN}"
    )


@pytest.mark.parametrize("text", [SHOWN, "git@git.example.com:acme/shop.git", f"{SHOWN} of ann@example.com", ""])
def test_nothing_else_is(text: str) -> None:
    assert without_user(text) == text
