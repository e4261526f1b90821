"""Which names may go into URLs and git commands; everything from outside passes here first."""

from __future__ import annotations

import re
from typing import Final

_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FORBIDDEN_IN_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)")
_LONGEST_REF: Final = 255


def is_sha(text: str) -> bool:
    """Whether `text` is a whole commit id, SHA-1 or SHA-256."""
    return _SHA.fullmatch(text) is not None


def is_branch(text: str) -> bool:
    """Whether git takes `text` as a branch: https://git-scm.com/docs/git-check-ref-format."""
    if not text or len(text) > _LONGEST_REF or text == "@" or text.startswith(("-", "/", ".")):
        return False
    return not text.endswith(("/", ".")) and _FORBIDDEN_IN_REF.search(text) is None
