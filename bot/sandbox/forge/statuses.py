"""What is said about commits on a forge's stand-in, in the words that both forges have in common."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.forge.accounts import Account


@dataclass(slots=True, eq=False)
class Status:
    """A commit status: GitHub keeps it so; what GitLab's jobs and GitHub's check runs say is told so."""

    id: int
    sha: str
    state: str
    """`pending`, `success`, `failure` or `error`."""
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: float
