"""Reading a forge's JSON with suspicion: each value is of the type and shape it must have, or its field is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

from bot.errors import ForesailError, Rejected
from bot.forges.names import is_branch, is_sha

_LARGEST_ID: Final = 2**63 - 1
_LONGEST_URL: Final = 2048


class Malformed(Rejected):
    """A payload lacks a field or has nonsense in it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field or 'the payload'} must be {expected}")
        self.field = field
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Payload:
    """A value inside a forge's JSON and the way to it."""

    value: Any
    path: str = ""
    wrong: Callable[[str, str], ForesailError] = Malformed
    """Makes the error from a field and what it must be: Malformed in a delivery, BadAnswer in an answer."""

    def at(self, *names: str) -> Self:
        """Go down to a field; `wrong` when it is not there."""
        here = self
        for name in names:
            path = f"{here.path}.{name}".lstrip(".")
            fields = here.object()
            if name not in fields:
                raise self.wrong(path, "there")
            here = replace(here, value=fields[name], path=path)
        return here

    def find(self, name: str) -> Self | None:
        """Go down to a field that may be missing or null."""
        value = self.object().get(name)
        return None if value is None else replace(self, value=value, path=f"{self.path}.{name}".lstrip("."))

    def object(self) -> dict[str, Any]:
        """Return the JSON object here."""
        if not isinstance(self.value, dict):
            raise self.wrong(self.path, "an object")
        return self.value

    def items(self) -> Iterator[Self]:
        """Yield the elements of the JSON array here."""
        if not isinstance(self.value, list):
            raise self.wrong(self.path, "an array")
        for index, item in enumerate(self.value):
            yield replace(self, value=item, path=f"{self.path}[{index}]")

    def text(self) -> str:
        """Return the string here, whatever it says."""
        if not isinstance(self.value, str):
            raise self.wrong(self.path, "a string")
        return self.value

    def number(self) -> int:
        """Return the id or number here, above zero."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 < self.value <= _LARGEST_ID:
            raise self.wrong(self.path, "a number above zero")
        return self.value

    def flag(self) -> bool:
        """Return the boolean here."""
        if not isinstance(self.value, bool):
            raise self.wrong(self.path, "true or false")
        return self.value

    def time(self) -> datetime:
        """Return the time here."""
        with suppress(ValueError):
            found = datetime.fromisoformat(self.text())
            if found.tzinfo is not None:
                return found
        raise self.wrong(self.path, "a time")

    def sha(self) -> str:
        """Return the commit id here."""
        return self.text_that(is_sha, "a commit's whole id")

    def branch(self) -> str:
        """Return the branch here, without `refs/heads/`."""
        return self.text_that(is_branch, "a branch's name")

    def web_address(self) -> str:
        """Return the http(s) URL here; it has no credentials in it."""
        return self.text_that(_is_web_address, "an http(s) URL without credentials")

    def text_that(self, fits: Callable[[str], bool], expected: str) -> str:
        """Return the string here, if it `fits`; `expected` says in words what it must be."""
        if not isinstance(self.value, str) or not fits(self.value):
            raise self.wrong(self.path, expected)
        return self.value


def _is_web_address(text: str) -> bool:
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
