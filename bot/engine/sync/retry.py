"""Whether an operation that failed is tried again, and when.

Source: argo-cd `controller/appcontroller.go` (`processRequestedAppOperation`) and `types.go` (`NextRetryAt`). There the
first wait is twice what its message says and its documentation promises; here it is what they say.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from bot.engine.diff.quantities import duration
from bot.engine.sync.start import is_held
from bot.model.operations import OperationState, Phase
from bot.model.retry import Retry

_STEEPEST: Final = 1_000
_STEPS: Final = 64
"""Attempts from which on the wait is the longest."""
_LONGEST: Final = 30 * 86_400.0
"""Seconds between two attempts at most, where no `maxDuration` says so: what is later is not worth a date."""


def after_attempt(state: OperationState) -> OperationState:
    """Return how an operation goes on, an attempt of which has just ended: it is over, or waits to be tried again.

    What waits for a person is not tried again, and neither is a dry run.
    """
    if state.phase not in {Phase.FAILED, Phase.ERROR} or is_held(state) or state.operation.dry_run:
        return state
    count, retry = state.retry_count, state.operation.retry
    if not retry.allows(count):
        times = f" (retried {count} times)." if count else ""
        return replace(state, message=f"{state.message}{times}")
    waiting = replace(state, phase=Phase.RUNNING, retry_count=count + 1)
    return replace(waiting, message=f"{state.message}. {_announced(waiting)}")


def announced_first(state: OperationState) -> str:
    """Return the message of an operation that rests, its next attempt before its failure: room may be short."""
    words = _announced(state)
    return f"{words} {state.message.removesuffix(words)}".rstrip()


def _announced(state: OperationState) -> str:
    at = datetime.fromtimestamp(retry_at(state), UTC)
    return f"Retrying attempt #{state.retry_count} at {at:%-I:%M%p} UTC."


def next_attempt(state: OperationState) -> OperationState:
    """Return the beginning of the next attempt; where it is asked for, of the newest revisions."""
    operation, extra = state.operation, ""
    if operation.retry.refresh:
        operation, extra = replace(operation, revision="", revisions=()), " with latest revisions"
    words = f"Retrying operation{extra}. Attempt #{state.retry_count}"
    return replace(state, operation=operation, message=words, results=(), finished_at="")


def retry_at(state: OperationState) -> float:
    """Return when an operation that rests is tried again, in Unix seconds."""
    return datetime.fromisoformat(state.finished_at).timestamp() + wait(state.operation.retry, state.retry_count)


def deadline(state: OperationState, *, limit: float) -> float:
    """Return until when, in Unix seconds, an operation has to come to its end, if each attempt may take `limit`."""
    retry, count = state.operation.retry, state.retry_count
    waits = sum(wait(retry, number) for number in range(1, min(count, _STEPS) + 1))
    waits += max(0, count - _STEPS) * wait(retry, _STEPS)
    return datetime.fromisoformat(state.started_at).timestamp() + waits + limit * (state.retry_count + 1)


def wait(retry: Retry, number: int) -> float:
    """Return the seconds before another attempt, the first of them being 1; what is no duration counts as not given."""
    usual = Retry()
    first = _seconds(retry.duration, otherwise=usual.duration)
    most = _seconds(retry.max_duration, otherwise=usual.max_duration)
    # Whatever the factor is, after so many steps it has grown as far as it may: no number needs to be larger.
    grown = min(_LONGEST, first * float(min(max(0, retry.factor), _STEEPEST)) ** min(max(0, number - 1), _STEPS))
    return min(most, grown) if most > 0 else grown


def _seconds(text: str, *, otherwise: str) -> float:
    """Read a duration; a number alone is seconds (argo-cd `parseStringToDuration`)."""
    nanoseconds = duration(f"{text}s" if text.isdecimal() else text)
    if nanoseconds is None or nanoseconds < 0:
        return _seconds(otherwise, otherwise=otherwise)
    return float(nanoseconds / 10**9)
