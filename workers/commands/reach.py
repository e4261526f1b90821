"""Which applications a command is about: those that its change touches, or some of the repository's by name."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Self

from bot.errors import Rejected
from bot.model.changes import ChangeState, repository_identity
from bot.repository.mirrors import Conflict
from workers.changes.forks import demand_approval
from workers.changes.landscape import Landscape
from workers.changes.merging import Merging
from workers.notify import expected_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model.applications import Application
    from workers.changes.asked import Asked


@dataclass(frozen=True)
class Reach:
    """A repository, and the applications that a change of it touches."""

    landscape: Landscape
    touched: tuple[str, ...]

    @classmethod
    def of(cls, asked: Asked) -> Reach:
        """Find the applications that the change touches, or touched when it was merged."""
        if asked.change.state is ChangeState.MERGED:
            return cls.of_merged(asked)
        change = asked.open_change
        demand_approval(asked.services, change)
        merging = Merging.of(asked.services, change)
        if isinstance(merging.merged, Conflict):
            words = "the change is in merge conflict: nobody knows what it touches"
            raise Rejected(words, remedy="Name the applications.")
        landscape = merging.landscape
        found = landscape.select(merging.merged, landscape.branch(change.base_branch), generating=True)
        return cls(landscape, tuple(sorted(one.either.name for one in found.candidates)))

    @classmethod
    def of_merged(cls, asked: Asked) -> Reach:
        """Find the applications in which a merge is to be seen; Rejected for what is not merged."""
        change = asked.merged_change
        landscape = Landscape.survey(asked.services, change.repository)
        return cls(landscape, tuple(sorted(expected_of(landscape, change.merge_sha).parents)))

    @classmethod
    def of_repository(cls, asked: Asked) -> Self:
        """Find all applications that the repository is a source of: whoever may write to it may speak for them."""
        landscape = Landscape.survey(asked.services, asked.repository)
        own = {one.name for one in landscape.applications if landscape.identity in _repositories(one)}
        return cls(landscape, tuple(sorted(own)))

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the named applications, all without a name; Rejected where there is none, or not that one."""
        if not self.touched:
            raise Rejected("the change touches no application")
        for name in names:
            if name not in self.touched:
                raise Rejected(
                    f"{name} is none of the applications that this is about", remedy=there_is(self.touched, name)
                )
        return tuple(dict.fromkeys(names)) or self.touched


def _repositories(application: Application) -> frozenset[str]:
    return frozenset(repository_identity(one.repo_url) for one in application.spec.effective_sources)


def there_is(names: Iterable[str], wanted: str) -> str:
    """Say which names are near to what somebody has written, or which there are; empty without any."""
    known = sorted(names)
    near = get_close_matches(wanted, known, n=3) or known[:10]
    return f"There is: {', '.join(near)}." if near else ""
