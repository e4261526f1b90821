"""Which of GitLab's names may go into URLs; everything from outside passes here first."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}"
_FULL_NAME: Final = re.compile(rf"{_PART}(?:/{_PART}){{1,21}}")
"""Groups (twenty deep at most) and a project: https://docs.gitlab.com/user/reserved_names/."""
_USERNAME: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}")
_BOT: Final = re.compile(r"(?:project|group)_\d+_bot(?:_[0-9a-f]+|\d*)")
"""Whom a project's or group's access token acts as: https://docs.gitlab.com/user/project/settings/project_access_tokens/."""


def is_full_name(text: str) -> bool:
    """Whether `text` is `group/…/project`."""
    return _FULL_NAME.fullmatch(text) is not None


def is_team(text: str) -> bool:
    """Whether `text` can be a group inside another, `group/…/group`."""
    return is_full_name(text)


def is_username(text: str) -> bool:
    """Whether `text` can be an account."""
    return _USERNAME.fullmatch(text) is not None


def is_bot(username: str) -> bool:
    """Whether a name is that of an access token's own account."""
    return _BOT.fullmatch(username) is not None
