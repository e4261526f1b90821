"""What the command line asks about a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Rejected

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; an empty text leaves the choice to us."""

    base: str = ""
    head: str = ""
    folder: Path | None = None
    """Rendered as one application instead of looking for Applications."""
    namespace: str = ""
    recurse: bool = False
    prune: bool = False
    only: tuple[str, ...] = ()
    context: str = ""

    def __post_init__(self) -> None:
        """Raise Rejected for options that would be passed over in silence."""
        given = {"--namespace": self.namespace, "--recurse": self.recurse, "--prune": self.prune}
        if self.folder is None and (lone := [option for option, value in given.items() if value]):
            raise Rejected(
                f"{lone[0]} is about a folder, and none is named",
                remedy=f"Name it: --path FOLDER; or leave {lone[0]} out: an Application says that itself.",
            )
        if self.folder is not None and self.only:
            raise Rejected("--path and --app exclude each other", remedy="A folder is looked at without Applications.")
