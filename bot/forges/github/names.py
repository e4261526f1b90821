"""Which names may go into URLs and git commands; everything from outside passes here first."""

from __future__ import annotations

import re
from typing import Final

_FULL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
"""Owners have letters, digits, hyphens and (managed users) underscores; repositories also dots."""
_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?")
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FORBIDDEN_IN_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)")
_LONGEST_REF: Final = 255


def is_full_name(text: str) -> bool:
    """Whether `text` is `owner/name`."""
    return _FULL_NAME.fullmatch(text) is not None


def is_login(text: str) -> bool:
    """Whether `text` can be an account, `octocat` or `foresail[bot]`."""
    return _LOGIN.fullmatch(text) is not None


def is_sha(text: str) -> bool:
    """Whether `text` is a whole commit id, SHA-1 or SHA-256."""
    return _SHA.fullmatch(text) is not None


def is_branch(text: str) -> bool:
    """Whether git takes `text` as a branch: https://git-scm.com/docs/git-check-ref-format."""
    if not text or len(text) > _LONGEST_REF or text == "@" or text.startswith(("-", "/", ".")):
        return False
    return not text.endswith(("/", ".")) and _FORBIDDEN_IN_REF.search(text) is None
