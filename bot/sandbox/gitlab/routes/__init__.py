"""The API's table: every route the stand-in has."""

from __future__ import annotations

from typing import Final

from bot.sandbox.gitlab.http import Route
from bot.sandbox.gitlab.routes import conversation, deployments, groups, projects, pulls, statuses

ROUTES: Final[tuple[Route, ...]] = (
    *projects.ROUTES,
    *pulls.ROUTES,
    *conversation.ROUTES,
    *statuses.ROUTES,
    *deployments.ROUTES,
    *groups.ROUTES,
)
"""More precise templates need not come first: a part of a path never holds a slash."""
