"""Globs as Argo CD reads them (gobwas/glob): `*` and `?` match anything, `[…]` one of, `{a,b}` either.

With a separator `*` and `?` stop at it and `**` does not. RE2 matches in time linear in the text, whatever the pattern.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # it ships no types

_LONGEST: Final = 253
"""Characters of a pattern: a Kubernetes name has no more, and a URL that has could not be told on one line."""
_ALTERNATIVES: Final = 64
"""What braces may be written out to."""
_PARTS: Final = re.compile(r"\*\*|\*|\?|\[[^\]]*\]|[^*?\[]+|\[")


@lru_cache(maxsize=4096)
def compiled(pattern: str, *, separator: str = "") -> Any:
    """Return what has a `fullmatch`, as Python's patterns do; ValueError says what is wrong with a glob."""
    if len(pattern) > _LONGEST:
        raise ValueError(f"a pattern of more than {_LONGEST} characters")
    either = _alternatives(pattern)
    if either is None:
        raise ValueError(f"braces that do not match, or more than {_ALTERNATIVES} alternatives")
    try:
        return re2.compile("(?s)" + "|".join(f"(?:{_translated(one, separator)})" for one in either))
    except re2.error as error:
        raise ValueError(f"{error}") from error


def fits(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern as a whole; nothing matches a pattern that is none."""
    try:
        return compiled(pattern).fullmatch(text) is not None
    except ValueError:
        return False


def _translated(glob: str, separator: str) -> str:
    """Translate a glob without braces; what a star takes ends before the next separator."""
    within = f"[^{re.escape(separator)}]" if separator else "."
    parts = {"**": ".*", "*": f"{within}*", "?": within}
    return "".join(parts.get(part) or _one_of(part) or re.escape(part) for part in _PARTS.findall(glob))


def _one_of(part: str) -> str:
    """Translate a class of characters, empty when it is none."""
    if len(part) <= len("[]") or not part.startswith("["):
        return ""
    denied = part[1] == "!"
    inner = re.sub(r"([\\\[^])", r"\\\1", part[2:-1] if denied else part[1:-1])
    return f"[{'^' if denied else ''}{inner}]" if inner else ""


def _alternatives(pattern: str) -> list[str] | None:
    """Write out braces; None when they do not match or ask for too much."""
    waiting, found = [pattern], []
    while waiting:
        one = waiting.pop()
        inner = re.search(r"\{([^{}]*)\}", one)
        if inner is None:
            found.append(one)
        else:
            waiting += [one[: inner.start()] + part + one[inner.end() :] for part in inner[1].split(",")]
        if len(waiting) + len(found) > _ALTERNATIVES:
            return None
    return None if any("{" in one or "}" in one for one in found) else found
