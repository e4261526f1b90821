"""A change as it would be merged, and what its repository's own configuration says about its preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.preview.configuration import FILE, Configuration, Read, read, why_not
from bot.preview.configured import not_used
from bot.repository.mirrors import Conflict
from workers.changes.merging import Merging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.changes import Change
    from bot.services import Services


@dataclass(frozen=True)
class Proposal:
    """Everything there is to know of a change before anything is predicted."""

    change: Change
    merging: Merging
    read: Read
    """What the base branch says; never what the change itself does."""
    notes: tuple[str, ...]
    """What a reviewer must know about the configuration."""
    skipped: str
    """Why nothing is to be predicted; empty where it is."""
    blocked: bool
    """Whether that is to keep it from being merged."""

    @property
    def configuration(self) -> Configuration:
        """What counts of it."""
        return self.read.configuration

    @classmethod
    def of(cls, services: Services, change: Change) -> Self:
        """Fetch what a change is about, merge it, and read the configuration."""
        merging = Merging.of(services, change)
        mirror = merging.landscape.mirror
        before = mirror.tree_of(merging.base_sha)
        text = mirror.read(before, FILE)
        found = read(text)
        notes = [*not_used(found, change.base_branch)]
        # While there is a conflict nobody knows which files are going to differ; that it has a label is known.
        paths: Iterator[str] = iter([""])
        if not isinstance(merging.merged, Conflict):
            after = merging.merged.head.tree_id
            paths = mirror.changed(before, after)
            notes += _proposed(text, mirror.read(after, FILE))
        reason = why_not(found.configuration, draft=change.draft, labels=change.labels, paths=paths)
        skipped, blocked = reason or ("", False)
        return cls(change, merging, found, tuple(notes), skipped, blocked)


def _proposed(before: bytes | None, after: bytes | None) -> Iterator[str]:
    """Say that a change alters the configuration, and what is wrong with what it proposes."""
    if before != after:
        yield f"this changes {FILE}, which holds for other changes once this is merged, and not for this one"
        yield from (f"{FILE} as this change has it would not be used: {one}" for one in read(after).problems)
