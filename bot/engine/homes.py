"""Where Applications may live: the control namespace, and what the operator adds to it.

Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/ and argo-cd `util/glob/list.go`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import re2  # type: ignore[import-untyped]  # it ships no types

from bot.engine.globs import fits
from bot.model.names import name_in, split
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.model.resources import JsonObject

_LONGEST: Final = 253
"""Characters of a pattern."""
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names"""
_PARTS: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:[:=!]|<[=!])|\(|[*+?][?+]?|\{[^}]*\}[?+]?|.", re.DOTALL
)
"""Of a regular expression: an escape, a class, what opens a group, how often, or any other character."""
_LOOKS: Final = frozenset({"?=", "?!", "?<=", "?<!"})
_MOST_CHOICES: Final = 3
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


@dataclass(frozen=True, slots=True)
class Homes:
    """The namespaces whose Applications are ours."""

    control: str
    others: tuple[str, ...] = ()
    """Names, globs and regular expressions between slashes, as Argo CD's `application.namespaces`."""

    def allows(self, namespace: str) -> bool:
        """Whether Applications of a namespace are ours; one that a file does not name is the control namespace."""
        return namespace in {"", self.control} or names_any(self.others, namespace)

    @property
    def places(self) -> tuple[str, ...]:
        """The namespaces that hold all of them, the control namespace first; an empty one: all have to be asked."""
        if not all(map(_NAME.fullmatch, self.others)):
            return ("",)
        return tuple(dict.fromkeys((self.control, *self.others)))

    def name_of(self, obj: JsonObject) -> str:
        """Return the qualified name of an Application as the API server has it; empty where it is none of ours."""
        allowed = self.allows(str(metadata_of(obj).get("namespace") or ""))
        return name_in(obj, home=self.control) if allowed else ""

    def has(self, name: str, names: Collection[str]) -> bool:
        """Whether there is an Application of this qualified name: `names` are all of ours, of others nobody knows."""
        return name in names or not self.allows(self.split(name)[0])

    def split(self, name: str) -> tuple[str, str]:
        """Return the namespace and the own name that a qualified one is made of."""
        return split(name, home=self.control)


def names_any(patterns: Iterable[str], namespace: str) -> bool:
    """Whether one of the patterns is about a namespace: a glob as a whole, an expression between slashes anywhere."""
    return any(_names(pattern, namespace) for pattern in patterns)


def _names(pattern: str, namespace: str) -> bool:
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):  # noqa: PLR2004 - the two slashes
        found = _expression(pattern[1:-1])
        return found is not None and found.search(namespace) is not None
    return fits(pattern, namespace)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> Any:
    """Return what has a `search`, None for what is no regular expression, or one that may take for ever.

    RE2 takes linear time and knows no lookarounds, with which people say "all but these"; for them there is Python's.
    """
    if len(pattern) > _LONGEST:
        return None
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error:
        try:
            return re.compile(pattern) if _is_tame(pattern) else None
        except (re.error, RecursionError, OverflowError):
            return None


def _is_tame(pattern: str) -> bool:
    """Whether Python's matching cannot take long: few choices, and no repetition of what can match in several ways.

    Whoever may write a project must not stop everybody, and a name that it takes for ever with anybody may choose.
    """
    choices, several = 0, [False]
    """Of each group that is open, the whole first: whether it can match in several ways."""
    looks, closed = [False], False
    for part in _PARTS.findall(pattern):
        if part[0] == "(":
            several.append(False)
            looks.append(part[1:] in _LOOKS)
        elif part == ")" and len(several) > 1:
            ways, look = several.pop(), looks.pop()
            closed = ways and not look  # what a lookaround has tried it does not try again
            several[-1] = several[-1] or closed
            choices += closed
            continue
        elif part[0] in "*+?{":
            choices += 1
            if closed:
                return False
            several[-1] = True
        elif part == "|":
            several[-1] = True
        elif part[1:2].isdecimal() and part[0] == "\\":
            return False
        closed = False
    return choices <= _MOST_CHOICES
