"""GitLab's refusals in Foresail's words: who must act, and when it may be tried again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.payload import BadAnswer, Payload

TOKEN_SETTING: Final = "FORESAIL_GITLAB_TOKEN"  # noqa: S105 - the variable's name
_LONGEST_WORDS: Final = 500
_LONGEST_WAIT: Final = 7200.0
_LIMIT_WAIT: Final = 60.0
"""Seconds to wait when GitLab names none, as it does for limits of single endpoints, which are all by the minute:
https://docs.gitlab.com/administration/settings/rate_limits_on_note_creation/"""
_BUSY: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.LOCKED})
"""Somebody else changes the same thing at the moment; GitLab holds locks for ten seconds at most."""


class BadCredentials(Rejected):
    """GitLab does not know the token, or no longer."""


class Forbidden(Rejected):
    """The token is good and does not reach that far."""


class NotFound(Rejected):
    """There is no such thing, or not for this token: GitLab does not say which."""


class SlowDown(Temporary):
    """GitLab asks for silence, `retry_after` seconds of it."""


class Invalid(Rejected):
    """GitLab will not take what was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitLab said: status, headers by lower-case name, decoded JSON (None: no body, or not JSON)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Any = None

    @property
    def payload(self) -> Payload:
        """The JSON, to be read; BadAnswer where it is not what GitLab documents."""
        return Payload(self.data, wrong=BadAnswer)


def refusal(answer: Answer, *, doing: str) -> Rejected | Temporary:
    """Return the error for an answer of 400 and above to `doing` (method and path).

    https://docs.gitlab.com/api/rest/troubleshooting/#status-codes
    """
    words = _words(answer.data) or f"status {answer.status}"
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return SlowDown(f"GitLab asks to slow down: {words}", retry_after=_asked(answer.headers) or _LIMIT_WAIT)
    if answer.status in _BUSY or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Temporary(f"GitLab failed at {doing}: {words}", retry_after=_asked(answer.headers) or 5.0)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return BadCredentials(f"GitLab does not accept {TOKEN_SETTING}: {words}", remedy=f"Set {TOKEN_SETTING} anew.")
    if answer.status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, doing=doing, words=words)
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return NotFound(f"GitLab finds nothing at {doing}, or does not let this token see it: {words}")
    return Invalid(f"GitLab does not take {doing}: {words}")


def _asked(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers."""
    text = headers.get("retry-after", "")
    return min(max(float(text), 1.0), _LONGEST_WAIT) if text.isascii() and text.isdecimal() else None


def _forbidden(answer: Answer, *, doing: str, words: str) -> Forbidden:
    scope = isinstance(answer.data, dict) and answer.data.get("error") == "insufficient_scope"
    remedy = "Give the token the scope api." if scope else "Give the token's account the role Maintainer there."
    return Forbidden(f"GitLab does not allow {doing}: {words}", remedy=remedy)


def _words(data: Any) -> str:
    """Return GitLab's words, which stand in `message` or `error` and may be of each field, on one line."""
    if not isinstance(data, dict):
        return ""
    said = [_flat(data[name]) for name in ("message", "error", "error_description") if data.get(name)]
    return " ".join("; ".join(said).split())[:_LONGEST_WORDS]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_flat(one)}" for name, one in value.items())
    return ", ".join(_flat(one) for one in value) if isinstance(value, list) else str(value)
