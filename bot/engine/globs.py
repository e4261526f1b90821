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
_PARTS: Final = re.compile(r"\\.|\*\*|\*|\?|\[(?:\\.|[^\]\\])*\]|[{},\[\\]|[^*?\[\\{},]+", re.DOTALL)
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


@lru_cache(maxsize=4096)
def compiled(pattern: str, *, separator: str = "", longest: int = _LONGEST) -> Any:
    """Return what has a `fullmatch`, as Python's patterns do; ValueError says what is wrong with a glob."""
    if len(pattern) > longest:
        raise ValueError(f"a pattern of more than {longest} characters")
    try:
        return re2.compile(f"(?s){_translated(pattern, separator)}", _QUIET)
    except re2.error as error:
        raise ValueError(f"{error}") from error


def fits(pattern: str, text: str, *, longest: int = _LONGEST) -> bool:
    """Whether a text matches a pattern as a whole; nothing matches a pattern that is none."""
    try:
        return compiled(pattern, longest=longest).fullmatch(text) is not None
    except ValueError:
        return False


def _translated(glob: str, separator: str) -> str:
    """Translate a glob; what a star takes ends before the next separator."""
    within = f"[^{re.escape(separator)}]" if separator else "."
    parts = {"**": ".*", "*": f"{within}*", "?": within}
    braces = {"{": "(?:", "}": ")", ",": "|"}
    written, depth = [], 0
    for part in _PARTS.findall(glob):
        if part == "{" or (depth and part in braces):
            depth += {"{": 1, "}": -1}.get(part, 0)
            written.append(braces[part])
        else:
            written.append(parts.get(part) or _one_of(part) or re.escape(part[-1] if part[0] == "\\" else part))
    if depth:
        raise ValueError("braces that do not match")
    return "".join(written)


def _one_of(part: str) -> str:
    """Translate a class of characters, empty when it is none."""
    if len(part) <= len("[]") or not part.startswith("["):
        return ""
    denied = part[1] == "!"
    inner = re.sub(r"\\(.)|([\[^])", lambda found: f"\\{found[1] or found[2]}", part[2:-1] if denied else part[1:-1])
    return f"[{'^' if denied else ''}{inner}]" if inner else ""
