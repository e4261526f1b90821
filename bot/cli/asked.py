"""What the command line asks about a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
