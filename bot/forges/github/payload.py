"""Reading GitHub's JSON with suspicion: each value is of the type and shape it must have, or its field is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bot.errors import ForesailError, Rejected, Temporary
from bot.forges.github.names import is_branch, is_full_name, is_login, is_sha
from bot.model.changes import Change, ChangeState, Repository

_LARGEST_ID: Final = 2**63 - 1
_LONGEST_URL: Final = 2048
_GHOST: Final = "ghost"
"""Who GitHub names as the author of what a deleted account wrote."""


class Malformed(Rejected):
    """A payload lacks a field or has nonsense in it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field or 'the payload'} must be {expected}")
        self.field = field
        self.expected = expected


class BadAnswer(Temporary):
    """GitHub, or what stands in its place, answered with something else than it documents."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"GitHub's answer makes no sense: {field or 'the whole'} must be {expected}", retry_after=30.0)


@dataclass(frozen=True, slots=True)
class Payload:
    """A value inside GitHub's JSON and the way to it."""

    value: Any
    path: str = ""
    wrong: Callable[[str, str], ForesailError] = Malformed
    """Makes the error from a field and what it must be: Malformed in a delivery, BadAnswer in an answer."""

    def at(self, *names: str) -> Payload:
        """Go down to a field; `wrong` when it is not there."""
        here = self
        for name in names:
            path = f"{here.path}.{name}".lstrip(".")
            fields = here.object()
            if name not in fields:
                raise self.wrong(path, "there")
            here = replace(here, value=fields[name], path=path)
        return here

    def find(self, name: str) -> Payload | None:
        """Go down to a field that may be missing or null."""
        value = self.object().get(name)
        return None if value is None else replace(self, value=value, path=f"{self.path}.{name}".lstrip("."))

    def object(self) -> dict[str, Any]:
        """Return the JSON object here."""
        if not isinstance(self.value, dict):
            raise self.wrong(self.path, "an object")
        return self.value

    def items(self) -> Iterator[Payload]:
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
        return self._text_that(is_sha, "a commit's whole id")

    def branch(self) -> str:
        """Return the branch here, without `refs/heads/`."""
        return self._text_that(is_branch, "a branch's name")

    def login(self) -> str:
        """Return the account's name here."""
        return self._text_that(is_login, "an account's name")

    def full_name(self) -> str:
        """Return the repository's name here."""
        return self._text_that(is_full_name, "owner/name")

    def web_address(self) -> str:
        """Return the http(s) URL here; it has no credentials in it."""
        return self._text_that(_is_web_address, "an http(s) URL without credentials")

    def _text_that(self, fits: Callable[[str], bool], expected: str) -> str:
        if not isinstance(self.value, str) or not fits(self.value):
            raise self.wrong(self.path, expected)
        return self.value


def read_repository(payload: Payload, *, installation: int | None) -> Repository:
    """Read a repository object; its clone URL must end in its own name, since git's credentials go there."""
    full_name = payload.at("full_name").full_name()
    clone_url = payload.at("clone_url")
    if not clone_url.web_address().lower().endswith(f"/{full_name.lower()}.git"):
        raise clone_url.wrong(clone_url.path, "the repository's own URL")
    return Repository(
        full_name=full_name,
        clone_url=clone_url.value,
        installation=installation,
        default_branch=payload.at("default_branch").branch(),
    )


def read_change(payload: Payload, repository: Repository) -> Change:
    """Read a pull request, from a list or alone: https://docs.github.com/en/rest/pulls/pulls."""
    head, base = payload.at("head"), payload.at("base")
    source = head.find("repo")
    merged = payload.find("merged_at") is not None
    return Change(
        repository=repository,
        number=payload.at("number").number(),
        title=payload.at("title").text(),
        author=_GHOST if (user := payload.find("user")) is None else user.at("login").login(),
        state=_state(payload, merged=merged),
        draft=(draft := payload.find("draft")) is not None and draft.flag(),
        base_branch=base.at("ref").branch(),
        base_sha=base.at("sha").sha(),
        head_sha=head.at("sha").sha(),
        # a fork that was deleted leaves head.repo null
        from_fork=source is None or source.at("id").number() != base.at("repo", "id").number(),
        url=payload.at("html_url").web_address(),
        # while a change is open, this field names the commit of a trial merge
        merge_sha=payload.at("merge_commit_sha").sha() if merged else "",
    )


def _state(payload: Payload, *, merged: bool) -> ChangeState:
    if merged:
        return ChangeState.MERGED
    return ChangeState.OPEN if payload.at("state").text() == "open" else ChangeState.CLOSED


def _is_web_address(text: str) -> bool:
    if len(text) > _LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
