"""What somebody asks for in a comment, while it is done: who, where, and the change as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Self

from bot.errors import Rejected
from bot.model.changes import ChangeState
from bot.model.commands import Command
from bot.settings import Mode
from workers.changes.payloads import repository_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.changes import Change, Permission, Repository
    from bot.model.resources import JsonObject
    from bot.services import Services


@dataclass(frozen=True)
class Asked:
    """One comment with commands, or one button that was pressed."""

    services: Services
    repository: Repository
    number: int
    comment_id: int
    """Below zero: there is no comment, a button was pressed or a label set."""
    author: str
    commands: tuple[Command, ...]
    commit: str = ""
    """At which the button was pressed."""

    @classmethod
    def of(cls, services: Services, payload: JsonObject) -> Self:
        """Read what a job is given."""
        return cls(
            services,
            repository_in(payload),
            number=int(payload["number"]),
            comment_id=int(payload["comment_id"]),
            author=str(payload["author"]),
            commands=tuple(Command.of(str(line)) for line in payload["lines"]),
            commit=str(payload.get("commit", "")),
        )

    @cached_property
    def change(self) -> Change:
        """The change as it is when the commands run; read once for all of them."""
        return self.services.forge.change(self.repository, self.number)

    @cached_property
    def allowed(self) -> Permission:
        """What the author may do, looked up once more, where it matters again."""
        return self.services.forge.permission(self.repository, self.author)

    @cached_property
    def is_in_team(self) -> Callable[[str], bool]:
        """Whether the author is in a team, `acme/platform`; each is looked up once for all commands of this job."""
        return cache(partial(self.services.forge.is_in_team, self.repository, user=self.author))

    def demand_the_commit(self) -> None:
        """Raise Rejected when a button was pressed at a commit that the change has moved on from."""
        if self.commit and self.commit not in {self.change.head_sha, self.change.merge_sha}:
            words = f"the button was that of {self.commit[:7]}, and the change has moved on"
            raise Rejected(words, remedy=f"Look at {self.change.head_sha[:7]}.")

    @property
    def where(self) -> str:
        """Where it was asked for, in words that nothing else has."""
        return f"in comment {self.comment_id}" if self.comment_id > 0 else f"by button {-self.comment_id}"

    @property
    def open_change(self) -> Change:
        """The change; Rejected once it is over."""
        if self.change.state is not ChangeState.OPEN:
            raise Rejected(
                f"{self.repository.mark}{self.number} is {self.change.state}: there is nothing to predict any more"
            )
        return self.change

    @property
    def merged_change(self) -> Change:
        """The change once it is merged, else Rejected: nothing is delivered that is not merged, whoever asks."""
        if self.services.settings.mode is Mode.PREVIEW:
            raise Rejected("this Foresail only previews: something else does the syncing")
        if self.change.state is not ChangeState.MERGED or not self.change.merge_sha:
            words = (
                f"{self.repository.mark}{self.number} is {self.change.state} and not merged: nothing of it is delivered"
            )
            raise Rejected(words, remedy="Merge it first.")
        return self.change

    def command(self, words: str) -> str:
        """Return how somebody writes a command here."""
        return f"{self.services.settings.command_prefix} {words}"
