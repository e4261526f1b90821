"""Errors by who must act: the caller, time, or us."""

from __future__ import annotations


class ForesailError(Exception):
    """Root of every error Foresail raises on purpose; anything else is a bug."""


class Rejected(ForesailError):  # noqa: N818 - the name says what happened, not that it is an error
    """The caller must act: the request, file or object is wrong, and trying again changes nothing.

    `str(error)` is written for that person and is safe to show where they look.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        """What to do about it, one sentence; empty when the message says it."""


class Temporary(ForesailError):  # noqa: N818 - as above
    """Time must act: the same call may work after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float = 5.0) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        """Seconds the other side asked for, or our own first guess."""


class Paced(Temporary):
    """Our own pace has no room for it now: nothing has failed, and nothing was sent."""
