"""What jobs are given, read back into our nouns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model.changes import Repository

if TYPE_CHECKING:
    from bot.model.resources import JsonObject


def repository_in(payload: JsonObject) -> Repository:
    """Return the repository a job is about."""
    return Repository(**payload["repository"])
