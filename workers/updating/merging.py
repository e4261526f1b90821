"""Changes of our own that land by themselves: routine, green, and exactly what we would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.model.changes import ChangeState, Permission, StatusState
from bot.model.jobs import preview_again
from bot.repository.publishing import Signed, is_own, parent_of, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model.changes import Change
    from bot.repository.mirrors import Mirror
    from bot.services import Services

_log = structlog.get_logger()
_NOBODY = Signed("", "nobody", "nobody@foresail.dev")


def land(services: Services, mirror: Mirror, change: Change, files: Mapping[str, bytes]) -> bool:
    """Merge a change if it holds nothing but `files` on top of its parent, was predicted to be routine, and is green.

    Return whether it is merged. What is not so now may be so in the next round. A name or a message proves nothing:
    whoever may push can have both. Nor does what was predicted on top of another commit of its base: it is predicted
    again, and merged in a later round.
    """
    head = change.head_sha
    if change.draft or not is_own(mirror, head):
        return False
    parent = parent_of(mirror, head)
    again = written(mirror, parent, files, _NOBODY)
    ours = mirror.tree_of(again) == mirror.tree_of(head) and mirror.is_ancestor(parent, mirror.tip(change.base_branch))
    predicted_on = services.memory.routine_on(str(change), head)
    if not ours or not predicted_on or not _is_green(services, change):
        return False
    now = services.forge.change(change.repository, change.number)  # it was listed some minutes ago
    if now.state is not ChangeState.OPEN or now.draft or (now.base_branch, now.head_sha) != (change.base_branch, head):
        return False
    if services.forge.branch_head(change.repository, change.base_branch) != predicted_on:
        services.queue.enqueue(preview_again(change.repository, [change.number]))
        _log.info("update not merged yet", change=str(change), reason="its base has moved since it was predicted")
        return False
    who = _objector(services, change)
    why_not = (
        f"{who} asks for changes" if who else services.forge.proposals.merge(change.repository, change.number, head)
    )
    if why_not:
        _log.info("update not merged yet", change=str(change), reason=why_not)
        return False
    _log.info("update merged", change=str(change))
    return True


def _objector(services: Services, change: Change) -> str:
    """Return somebody who may write and asks for changes: where no rule asks for reviews, no forge heeds that."""
    asking = services.forge.objections(change.repository, change.number)
    able = (one for one in asking if services.forge.permission(change.repository, one).includes(Permission.WRITE))
    return next(able, "")


def _is_green(services: Services, change: Change) -> bool:
    """Whether our own status is there, and no other says anything but success."""
    statuses = services.forge.statuses(change.repository, change.head_sha)
    own = statuses.get(f"{services.settings.instance}/preview")
    return own is not None and all(one.state is StatusState.SUCCESS for one in statuses.values())
