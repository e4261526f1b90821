"""The parent's side: a child for the rules of one preview, asked about one application after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.errors import Temporary
from bot.model.policies import Finding, PolicySeverity
from bot.model.resources import JsonObject
from bot.repository import frames
from bot.repository.children import Child, ChildLostError, ChildSlowError
from bot.repository.policies.source import PolicySet

_log = structlog.get_logger()

SECONDS: Final = 10.0
"""Seconds the rules may take with one application; they usually take milliseconds."""
_LOADING: Final = 30.0
"""Seconds in which the rules have to be read, engines and all; it usually takes a third of one."""
_MAIN: Final = "bot.repository.policies.child"
_FAULT: Final = "they cannot be evaluated through a fault of Foresail's own; its log says more"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules say about one application: by place of the object among those asked about, -1 for the whole."""

    findings: tuple[tuple[int, Finding], ...] = ()
    broken: tuple[str, ...] = ()
    """Rules that could not be evaluated, with why, each naming its file."""


def evaluated(
    sets: Sequence[PolicySet], applications: Iterable[JsonObject], *, seconds: float = SECONDS
) -> Iterator[Answer]:
    """Yield what the rules say, an answer for each of `applications` (requests as `evaluation` takes them).

    The first answer also has what is wrong with the rules themselves. When they take longer than `seconds`, or more
    memory than allowed, every application from there on has that as its answer: none counts as passed. Raises Temporary
    when no child can be started.
    """
    try:
        child = Child.start(timeout=max(seconds, _LOADING), main=_MAIN)
    except ChildLostError as error:
        raise Temporary(f"no evaluator of policies can be started: {error}") from error
    try:
        if not all(child.confined.values()):
            _log.warning("policies are less confined than they could be", **child.confined)
        asking = _Asking(child)
        broken = tuple(words for one in sets for words in one.broken)
        broken += asking.ask({"policies": [dict(one.files) for one in sets]}, _LOADING).broken
        for application in applications:
            answer = asking.ask(application, seconds)
            yield Answer(answer.findings, tuple(dict.fromkeys((*broken, *answer.broken))))
            broken = ()
    finally:
        child.kill()


@dataclass(slots=True)
class _Asking:
    child: Child
    lost: str = ""

    def ask(self, request: JsonObject, seconds: float) -> Answer:
        if self.lost:
            return Answer(broken=(self.lost,))
        try:
            return _read(self.child.ask(frames.encode(request), seconds))
        except ChildSlowError:
            self.lost = f"they took longer than {seconds:g} s"
        except ChildLostError as error:
            self.lost = f"they gave no answer: {error}"
        return Answer(broken=(self.lost,))


def _read(answer: dict[str, Any]) -> Answer:
    """Read a child's answer; it is as untrusted as what the child has read."""
    if isinstance(refused := answer.get("refused"), str):
        return Answer(broken=(refused,))
    try:
        findings = tuple(
            (int(place), Finding(str(policy), PolicySeverity(severity), str(message)))
            for place, policy, severity, message in answer.get("findings", ())
        )
        broken = tuple(str(words) for words in answer["broken"])
    except (KeyError, TypeError, ValueError):
        _log.error("policies failed through a fault of ours", fault=answer.get("fault"))
        return Answer(broken=(_FAULT,))
    return Answer(findings, broken)
