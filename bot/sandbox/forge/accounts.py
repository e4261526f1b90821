"""Who acts on a forge's stand-in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Account:
    """A person, an organization or group, or a bot."""

    id: int
    login: str
    kind: str
    created_at: float
