"""What a change from a fork is told before anything of it is rendered."""

from __future__ import annotations

import hashlib
from typing import Final

from bot.preview.inert import code, fenced
from bot.preview.markdown import Marker

_DIGEST: Final = 16


def approval_comment(instance: str, command: str, *, idle_label: str = "") -> str:
    """Write the comment that stands in the place of a preview; `command` is the line that approves this head.

    `idle_label` is on the change, could approve its head, and does not.

    It says that it is about no head: what is told of this one later is not told *anew*.
    """
    text = (
        "### Nothing predicted: this change is from a fork\n\n"
        "Nothing of it is rendered until somebody with write permission has looked at this commit and writes:\n\n"
        f"```\n{fenced(command)}\n```\n\n"
        "It is about this commit alone: another push has to be looked at again.\n"
    )
    if idle_label:
        text += (
            f"\nThe label {code(idle_label)} does not count here: it was set before this commit came, or by a program, "
            "or nobody can tell. Look at the commit, take the label off, and set it again.\n"
        )
    said = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{Marker(instance, 1, 1, '', '', said=said)}\n{text}"
