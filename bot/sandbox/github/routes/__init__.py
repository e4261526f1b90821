"""The API's table: every route the stand-in answers, and the permissions each needs; anything else is 404."""

from __future__ import annotations

from bot.sandbox.github.http import Route
from bot.sandbox.github.routes import (
    apps,
    checks,
    conversation,
    deployments,
    pulls,
    repositories,
    reviews,
    statuses,
    teams,
)

ROUTES: tuple[Route, ...] = (
    *apps.ROUTES,
    *repositories.ROUTES,
    *pulls.ROUTES,
    *reviews.ROUTES,
    *conversation.ROUTES,
    *statuses.ROUTES,
    *checks.ROUTES,
    *deployments.ROUTES,
    *teams.ROUTES,
)
