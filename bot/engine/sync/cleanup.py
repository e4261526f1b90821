"""Which hooks are to be deleted once an operation ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.hooks import HookDeletePolicy, delete_policies_of
from bot.model.operations import Phase
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model.operations import TaskResult
    from bot.model.resources import JsonObject, ResourceKey


def hooks_to_delete(results: Iterable[TaskResult], live: Mapping[ResourceKey, JsonObject]) -> list[JsonObject]:
    """Return the live hooks whose delete policy fits how they ended, without those on their way out already."""
    ended = [(live[result.key], result.phase) for result in results if result.hook and result.key in live]
    return [
        obj
        for obj, phase in ended
        if _policy(phase) in delete_policies_of(obj) and not metadata_of(obj).get("deletionTimestamp")
    ]


def _policy(phase: Phase) -> HookDeletePolicy:
    return HookDeletePolicy.HOOK_SUCCEEDED if phase is Phase.SUCCEEDED else HookDeletePolicy.HOOK_FAILED
