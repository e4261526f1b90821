"""What a pull request's timeline says of its labels. Pure.

https://docs.github.com/en/rest/using-the-rest-api/issue-event-types#labeled
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.forges.github.payload import Payload

LONGEST_STORY: Final = 1000
"""Events of a pull request that are read; anybody may add some by commenting."""
_PUT: Final = "labeled"


def is_about(event: Payload, label: str) -> bool:
    """Whether somebody has put on, or taken off, a label."""
    kind = event.find("event")
    if kind is None or kind.text() not in {_PUT, "unlabeled"}:
        return False
    return event.at("label", "name").text().lower() == label.lower()


def who_put(event: Payload) -> str | None:
    """Return the person who has put on a label; None where it was taken off, by a program, or by nobody any more."""
    actor = event.find("actor")
    by_program = event.find("performed_via_github_app") is not None
    if event.at("event").text() != _PUT or actor is None or by_program or actor.at("type").text() != "User":
        return None
    return actor.at("login").login()
