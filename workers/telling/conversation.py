"""The comment that answers commands: one a change, below the newest command, and with the record of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.preview.asked import answers, asked_marker, records_in
from workers.telling.comments import WRITING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forges.port import Comment
    from bot.model.answers import Answer, Record
    from bot.model.changes import Repository
    from bot.services import Services


def records(services: Services, repository: Repository, number: int) -> tuple[Record, ...]:
    """Return what was asked for on a change and what came of it, oldest first, as far as there is room to keep it."""
    return _records(_existing(services, repository, number))


def tell(services: Services, repository: Repository, number: int, now: Sequence[tuple[Record, Answer]]) -> None:
    """Answer below whatever was written last; the answer before this one moves into its fold.

    The new comment is written before the old one goes: killed in between, both are there until the next command.
    """
    settings = services.settings
    with services.locks.hold(f"answers of {repository.change(number)}", seconds=WRITING):
        existing = _existing(services, repository, number)
        before = _records(existing)
        if {record.key for record, _ in now} <= {record.key for record in before}:
            surplus = existing[:-1]  # somebody was killed after the new one was written
        else:
            body = answers(settings.instance, now, before, budget=settings.comment_budget)
            services.forge.set_comments(repository, number, [], [body])
            surplus = existing
        services.forge.set_comments(repository, number, surplus, [])


def _existing(services: Services, repository: Repository, number: int) -> list[Comment]:
    return services.forge.own_comments(repository, number, marker=asked_marker(services.settings.instance))


def _records(existing: Sequence[Comment]) -> tuple[Record, ...]:
    found = {record.key: record for comment in existing for record in records_in(comment.body)}
    return tuple(sorted(found.values(), key=lambda one: one.order))
