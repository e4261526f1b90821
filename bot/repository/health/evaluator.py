"""The parent's side: judges objects by the operator's rules, and by Foresail's where the operator has none."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.engine.health.own import OwnRule, OwnRules
from bot.engine.health.rules import assess, is_being_deleted
from bot.errors import Rejected
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject, group_of
from bot.preview.redaction import without_secrets
from bot.repository import frames
from bot.repository.children import Child, ChildLostError, ChildSlowError

_log = structlog.get_logger()

SECONDS: Final = 1.0
"""Seconds of processor time for a rule on one object, as Argo CD allows; the kernel counts whole ones."""
_PATIENCE: Final = 10.0
"""Times as long as that a busy machine may take to give it."""
_BANNED: Final = 60.0
"""Seconds in which a rule that took too long, or ended its child, is not asked again: many objects may need it."""
_READ_AGAIN: Final = 5.0
"""Seconds after which it is seen whether the rules have changed."""
_MAIN: Final = "bot.repository.health.child"


class OwnHealth:
    """Judges live objects; safe to use from threads, one question to the child at a time.

    The child is started with the first question, and ends with the process that has it. A rule that fails makes its
    object Unknown with the words, and nothing else.
    """

    def __init__(self, read: Callable[[], Mapping[str, str]], *, read_again: float = _READ_AGAIN) -> None:
        """`read` returns the keys of `argocd-cm`: now, and after so many seconds again. Raises Rejected as they do."""
        self._source = _Source(read, read_again)
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._owner = 0
        self._banned: dict[str, tuple[float, str]] = {}

    def __call__(self, obj: JsonObject) -> HealthStatus | None:
        """Judge a live object; None when nothing is known about the health of its kind. Never raises for its fields."""
        rule = self._source.rule_of(obj)
        if rule is None or is_being_deleted(obj):
            return assess(obj)
        try:
            return self._judged(rule, obj)
        except Rejected as error:
            return HealthStatus(Health.UNKNOWN, f"The rule {rule.name} fails: {error.message}")

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            self._let_go()

    def _judged(self, rule: OwnRule, obj: JsonObject) -> HealthStatus | None:
        try:
            # What a rule says ends in statuses and comments, where no secret value may stand.
            question = frames.encode({**rule.question, "object": without_secrets(obj)})
        except TypeError as error:
            raise Rejected("the object is nested too deep, or no JSON") from error
        with self._lock:
            until, words = self._banned.get(rule.name, (0.0, ""))
            if time.monotonic() < until:
                raise Rejected(words)
            try:
                answer = self._ask(question)
            except ChildLostError as error:
                slow = isinstance(error, ChildSlowError) or "SIGXCPU" in str(error)
                words = f"it takes longer than {SECONDS:g} s" if slow else f"no answer is given: {error}"
                self._banned[rule.name] = (time.monotonic() + _BANNED, words)
                raise Rejected(words) from error
        return _read(answer)

    def _ask(self, question: bytes) -> dict[str, Any]:
        """Ask once more when a child is gone that answered before: it may have ended for another reason."""
        if self._child is not None and self._owner == os.getpid():
            try:
                return self._child.ask(question, _PATIENCE * SECONDS)
            except ChildLostError as error:
                self._let_go()
                if isinstance(error, ChildSlowError) or "SIGXCPU" in str(error):
                    raise
        # A forked worker must not share its parent's: answers would go to the wrong one.
        self._child, self._owner = Child.start(timeout=SECONDS, main=_MAIN), os.getpid()
        try:
            return self._child.ask(question, _PATIENCE * SECONDS)
        except ChildLostError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            child.kill()


@dataclass(slots=True)
class _Source:
    """Rules as they are now; ones that have become unreadable leave those before them in force."""

    read: Callable[[], Mapping[str, str]]
    patience: float
    rules: OwnRules = field(init=False)
    _seen: Mapping[str, str] = field(init=False)
    _read_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._seen, self._read_at = self.read(), time.monotonic()
        self.rules = OwnRules.read(self._seen)

    def rule_of(self, obj: JsonObject) -> OwnRule | None:
        """Return the rule for an object, if the operator has one."""
        if time.monotonic() > self._read_at + self.patience:
            self._renew()
        version, kind = obj.get("apiVersion"), obj.get("kind")
        if not isinstance(version, str) or not isinstance(kind, str):
            return None
        return self.rules.of(group_of(version), kind)

    def _renew(self) -> None:
        self._read_at = time.monotonic()
        try:
            found = self.read()
            if found != self._seen:
                self._seen = found
                self.rules = OwnRules.read(found)
                _log.info("health rules read", kinds=len(self.rules.exact), patterns=len(self.rules.patterns))
        except Rejected as error:
            _log.error("health rules cannot be read; those before them stay in force", reason=error.message)


def _read(answer: dict[str, Any]) -> HealthStatus | None:
    """Read a child's answer; it is as untrusted as what the child has read."""
    if isinstance(refused := answer.get("refused"), str):
        raise Rejected(refused)
    if "health" not in answer:
        _log.error("a health rule failed through a fault of ours", fault=answer.get("fault"))
        raise Rejected("it cannot be evaluated through a fault of Foresail's own; its log says more")
    if answer["health"] is None:
        return None
    try:
        return HealthStatus(Health(answer["health"]), str(answer.get("message", "")))
    except ValueError as error:
        raise Rejected(f"it gives {str(answer['health'])[:100]!r}, which is no health") from error
