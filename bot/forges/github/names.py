"""Which of GitHub's names may go into URLs; everything from outside passes here first."""

from __future__ import annotations

import re
from typing import Final

_FULL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
"""Owners have letters, digits, hyphens and (managed users) underscores; repositories also dots."""
_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?")

_TEAM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
"""A team's name in addresses: https://docs.github.com/en/rest/teams/teams#get-a-team-by-name"""


def is_full_name(text: str) -> bool:
    """Whether `text` is `owner/name`."""
    return _FULL_NAME.fullmatch(text) is not None


def is_team(text: str) -> bool:
    """Whether `text` can be what a team is called in addresses, without its organisation."""
    return _TEAM.fullmatch(text) is not None


def is_login(text: str) -> bool:
    """Whether `text` can be an account, `octocat` or `foresail[bot]`."""
    return _LOGIN.fullmatch(text) is not None
