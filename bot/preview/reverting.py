"""What a change that takes back a revision is called, and what it says."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from bot.engine.diff.lines import visible
from bot.preview.inert import clipped, code, inert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model.changes import Change

_FOLDER: Final = "reverts"
_SHORT: Final = 7
_LONGEST: Final = 120
_NAMED: Final = 3
"""Files in conflict that are named."""
_LAST: Final = (
    "Its annotation `foresail.dev/auto-rollback` asks for this. Nothing goes back before it is merged. Close it to go"
    " on with a fix: it is not opened again for these commits."
)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_OURS: Final = re.compile(rf"[^/]+/{_FOLDER}/[0-9a-f]{{{_SHORT}}}-[0-9a-f]{{12}}")
"""A branch that `branch` has named, for whichever instance: what one knows to be no better, another need not try."""


def prefix(instance: str) -> str:
    """Return what the branches of such changes begin with: nobody else's do."""
    return f"{instance}/{_FOLDER}/"


def branch(instance: str, base: str, commits: Sequence[str]) -> str:
    """Return the branch that takes these commits back from `base`: the same for every application that asks for it."""
    digest = hashlib.sha256("\0".join([base, *commits]).encode()).hexdigest()
    return f"{prefix(instance)}{commits[0][:_SHORT]}-{digest[:12]}"


def title(application: str, commits: Sequence[str]) -> str:
    """Return the title, and the first line of the commit."""
    what = commits[0][:_SHORT] if len(commits) == 1 else f"{len(commits)} commits up to {commits[0][:_SHORT]}"
    return clipped(f"Revert {what}: {application} did not get well", _LONGEST)


def commit_message(application: str, commits: Sequence[str]) -> str:
    """Return what the commit says, where nothing is inert."""
    lines = [f"This reverts commit {one}." for one in commits if _COMMIT.fullmatch(one)]
    return "\n".join([title(application, commits), "", *lines])


def body(application: str, *, why: str, good: str, commits: Mapping[str, Change | None]) -> str:
    """Return what the change says of itself; `commits` are those that it takes back, with what brought them."""
    newest = next(iter(commits))
    lines = [
        f"{code(application)} was synced to {code(newest[:_SHORT])} or later, and {inert(why)}.",
        f"At {code(good[:_SHORT])}, the sync before, it was well.",
        "",
        "This reverts what has changed in between of what it is rendered from:",
        "",
        *(f"- {code(one[:_SHORT])}{_of(change)}" for one, change in commits.items()),
        "",
        _LAST,
    ]
    return "\n".join(lines) + "\n"


def mark(instance: str, branch: str) -> str:
    """Return how the comment begins that tells a change that it is taken back."""
    return f"<!-- foresail-reverts {instance} {branch} -->"


def remark(instance: str, application: str, *, why: str, proposed: Change) -> str:
    """Return the comment under a change that brought what is taken back."""
    return (
        f"{mark(instance, proposed.head_branch)}\n{code(application)} {inert(why)} with this. "
        f"{proposed.repository.mark}{proposed.number} reverts it.\n"
    )


def conflicting(paths: Sequence[str]) -> str:
    """Say why nothing is reverted where files were changed since."""
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"reverting it conflicts with what came later in {', '.join(map(visible, paths[:_NAMED]))}{more}"


def why_a_loop(commits: Mapping[str, Change | None]) -> str:
    """Say which of these commits a change of Foresail's brought that was a revert itself; empty where none was."""
    for commit, change in commits.items():
        if change is not None and not change.from_fork and _OURS.fullmatch(change.head_branch):
            return f"{commit[:_SHORT]} is itself a revert, {change}: a person has to look"
    return ""


def _of(change: Change | None) -> str:
    return f" of {change.repository.mark}{change.number}" if change is not None else ""
