"""What a repository's own configuration says about when its commits are synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.preview.configuration import FILE, read, why_waits

if TYPE_CHECKING:
    from bot.repository.mirrors import Mirror
    from bot.services import Services


def why_configured(services: Services, mirror: Mirror, tree_id: str, application: str) -> str:
    """Return why a commit is not synced to an application by itself, as the file in it says; empty where it is."""
    command = f"{services.settings.command_prefix} sync"
    try:
        found = read(mirror.read(tree_id, FILE))
    except Rejected as error:
        return f"waits for a person to write {command}: {error.message}"
    now = services.clock.now() if found.configuration.holds else 0.0
    return why_waits(found, application, now=now, command=command)


def is_reconfigured(mirror: Mirror, before: str, commit: str) -> bool:
    """Whether a commit says something else than the one before: what has waited may be due."""
    if not before or not mirror.has(before):
        return False
    then, now = (mirror.entry(mirror.tree_of(one), FILE) for one in (before, commit))
    return then != now
