"""GitHub's refusals in Foresail's words: who must act, and when it may be tried again. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from bot.errors import Rejected, Temporary
from bot.forges.github.payload import BadAnswer, Payload
from bot.forges.port import NotOurs
from bot.model.pacing import Allowance

_LONGEST_WORDS: Final = 500
_LONGEST_WAIT: Final = 7200.0
_SECONDARY_WAIT: Final = 60.0
"""Seconds to wait when GitHub names none: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
_LIMIT_WORDS: Final = re.compile(r"rate limit|abuse detection", re.IGNORECASE)


class BadCredentials(Rejected):
    """GitHub does not know the token or key."""


class Forbidden(Rejected):
    """The credentials are good and do not reach that far."""


class NotFound(Rejected):
    """There is no such thing, or not for these credentials: GitHub does not say which."""


class NotInstalled(NotOurs):
    """The App may not act on a repository at all; told apart from NotFound, which is about something inside of one."""

    def __init__(self, full_name: str) -> None:
        super().__init__(
            f"the GitHub App is not installed on {full_name}, or FORESAIL_GITHUB_APP_ID is not its id",
            remedy="Install it there, or correct the name or the setting.",
        )


class Invalid(Rejected):
    """GitHub will not take what was sent."""


class SlowDown(Temporary):
    """GitHub will take nothing from this account for a while."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub said: status, headers by lower-case name, decoded JSON (None: no body, or not JSON)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Any = None
    length: int = 0
    """Characters of the body."""

    @property
    def payload(self) -> Payload:
        """The JSON, to be read; BadAnswer where it is not what GitHub documents."""
        return Payload(self.data, wrong=BadAnswer)

    @property
    def allowance(self) -> Allowance | None:
        """What the account has left, as every answer of the REST API says; None on a server without rate limits."""
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        limit, remaining, reset = (_seconds(self.headers.get(name)) for name in names)
        if limit is None or remaining is None or reset is None:
            return None
        return Allowance(int(limit), int(remaining), int(reset))


def refusal(answer: Answer, *, doing: str, setting: str, now: float) -> Rejected | Temporary:
    """Return the error for an answer of 400 and above to `doing` (method and path).

    `setting` names the variables the credentials came from, `now` is in seconds since the epoch.
    """
    words = _words(answer.data) or f"status {answer.status}"
    if is_limit(answer):
        return SlowDown(f"GitHub asks to slow down: {words}", retry_after=_wait(answer.headers, now=now))
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Temporary(f"GitHub failed at {doing}: {words}", retry_after=_asked(answer.headers) or 5.0)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return BadCredentials(f"GitHub does not accept {setting}: {words}", remedy=f"Set {setting} anew.")
    if answer.status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, doing=doing, words=words)
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return NotFound(f"GitHub finds nothing at {doing}, or does not let these credentials see it: {words}")
    return Invalid(f"GitHub does not take {doing}: {words}")


def is_limit(answer: Answer) -> bool:
    """Whether a refusal is about too many requests, primary or secondary limit.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if answer.status != HTTPStatus.FORBIDDEN:
        return False
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in answer.headers or bool(_LIMIT_WORDS.search(_words(answer.data)))


def _wait(headers: Mapping[str, str], *, now: float) -> float:
    asked = _asked(headers)
    if asked is not None:
        return asked
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return min(max(reset - now, 1.0), _LONGEST_WAIT)
    return _SECONDARY_WAIT


def _asked(headers: Mapping[str, str]) -> float | None:
    seconds = _seconds(headers.get("retry-after"))
    return None if seconds is None else min(max(seconds, 1.0), _LONGEST_WAIT)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdecimal() else None


def _forbidden(answer: Answer, *, doing: str, words: str) -> Forbidden:
    """Name what is missing: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""
    accepted = answer.headers.get("x-accepted-github-permissions", "")
    choices = [choice.strip().replace(",", " and ") for choice in accepted.split(";") if choice.strip()]
    needs = f" (it takes the permission {' or '.join(choices)})" if choices else ""
    remedy = "Give the App this permission, and accept it where the App is installed." if choices else ""
    return Forbidden(f"GitHub does not allow {doing}{needs}: {words}", remedy=remedy)


def _words(data: Any) -> str:
    """Return GitHub's message and what it says of each field, on one line and not too long."""
    if not isinstance(data, dict):
        return ""
    errors = data.get("errors")
    details = [*_details(errors)] if isinstance(errors, list) else []
    message = data.get("message")
    whole = "; ".join([message if isinstance(message, str) else "", *details])
    return " ".join(whole.split())[:_LONGEST_WORDS]


def _details(errors: list[Any]) -> Iterator[str]:
    for error in errors:
        if isinstance(error, str):
            yield error
        elif isinstance(error, dict):
            said = error.get("message") or f"{error.get('field', 'something')} is {error.get('code', 'wrong')}"
            yield str(said)
