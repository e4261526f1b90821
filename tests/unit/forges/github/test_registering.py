"""What an App is registered with, by what it is to do."""

from __future__ import annotations

import pytest

from bot.forges.github import PERMISSIONS
from bot.forges.github.registering import Registration


@pytest.mark.parametrize(
    ("writes", "teams", "more"),
    [
        (False, False, {}),
        (True, False, {"contents": "write"}),
        (False, True, {"members": "read"}),
        (True, True, {"contents": "write", "members": "read"}),
    ],
)
def test_it_may_do_no_more_than_it_is_asked_for(
    writes: bool,  # noqa: FBT001 - the case
    teams: bool,  # noqa: FBT001 - the case
    more: dict[str, str],
) -> None:
    app = Registration("https://github.com", "Foresail", "https://foresail.example.com", writes=writes, teams=teams)
    assert app.manifest(back="http://127.0.0.1:1")["default_permissions"] == {**PERMISSIONS, **more}
