"""Health of an application out of the health of its objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.engine.health.rules import Assess, assess
from bot.engine.hooks import is_hook, is_skipped
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject, ResourceKey, annotations_of

IGNORE_HEALTHCHECK: Final = "argocd.argoproj.io/ignore-healthcheck"
"""`true` on an object: its health is not the application's business."""

_NAMED_AT_MOST: Final = 3
"""Culprits a message names; a person starts with the first."""


@dataclass(frozen=True, slots=True)
class Member:
    """One directly managed object, as far as the health of its application is concerned."""

    key: ResourceKey
    live: bool
    health: HealthStatus | None = None
    """None: not live, or nothing is known about the health of its kind."""
    ignored: bool = False
    """Its existence counts, its health does not."""


def judge(
    *,
    target: JsonObject | None,
    live: JsonObject | None,
    application: ResourceKey | None = None,
    assess: Assess = assess,
) -> Member | None:
    """Judge one pair of objects; None for hooks, skipped objects and pairs of nothing, which do not count.

    An application that manages itself (`application` is its own key) does not wait for its own health. `assess` judges
    what is live.
    """
    present = [obj for obj in (target, live) if obj is not None]
    if not present or any(is_hook(obj) or is_skipped(obj) for obj in present):
        return None
    key = ResourceKey.of(present[-1])
    if live is None:
        return Member(key, live=False)
    ignored = key == application or annotations_of(live).get(IGNORE_HEALTHCHECK) == "true"
    return Member(key, live=True, health=assess(live), ignored=ignored)


def aggregate(members: Iterable[Member]) -> HealthStatus:
    """Judge an application: as bad as the worst of its objects, in the order of `Health`.

    A missing object alone changes nothing, since the sync status says so; only when all are missing is the application.
    Source: https://github.com/argoproj/argo-cd/blob/master/controller/health.go
    """
    known = sorted(members, key=lambda member: member.key)
    if known and not any(member.live for member in known):
        return HealthStatus(Health.MISSING, "None of its objects is in the cluster")
    counted = [(member.key, member.health) for member in known if member.health and _counts(member)]
    worst = max((health.status for _, health in counted), key=lambda status: status.rank, default=Health.HEALTHY)
    if worst is Health.HEALTHY:
        return HealthStatus(Health.HEALTHY)
    culprits = [(key, health.message) for key, health in counted if health.status is worst]
    return HealthStatus(worst, _named(culprits))


def _counts(member: Member) -> bool:
    is_child = (member.key.group, member.key.kind) == ("argoproj.io", "Application")
    unsettled = member.health is None or member.health.status in {Health.MISSING, Health.UNKNOWN}
    return member.live and not member.ignored and not (is_child and unsettled)


def _named(culprits: list[tuple[ResourceKey, str]]) -> str:
    more = len(culprits) - _NAMED_AT_MOST
    named = [f"{key}: {words}" if words else str(key) for key, words in culprits[:_NAMED_AT_MOST]]
    return "; ".join([*named, f"and {more} more"] if more > 0 else named)
