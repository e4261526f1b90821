"""Metrics: which there are, what they mean, and one value of one of them.

Names are Argo CD's where they mean the same; source: https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Sort(StrEnum):
    """What may be done with the values of a family."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics of one name."""

    name: str
    """As it is shown; the name of a counter ends in `_total`."""
    sort: Sort
    words: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper limits, seconds, of a histogram's buckets; beyond the last comes everything else."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A value, or by how much one grows; of a histogram one observation."""

    family: Family
    values: tuple[str, ...]
    """Of the labels, in their order."""
    number: float = 1.0


_QUICK: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_SLOW: Final = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)

APP_INFO: Final = Family(
    "argocd_app_info",
    Sort.GAUGE,
    "An Application, always 1.",
    (
        "namespace",
        "name",
        "project",
        "repo",
        "dest_server",
        "dest_namespace",
        "sync_status",
        "health_status",
        "autosync_enabled",
        "operation",
    ),
)
APP_CONDITION: Final = Family(
    "argocd_app_condition",
    Sort.GAUGE,
    "A condition that the status of an Application has, always 1.",
    ("namespace", "name", "project", "condition"),
)
CLUSTER_STATUS: Final = Family(
    "argocd_cluster_connection_status",
    Sort.GAUGE,
    "Whether the API server of a cluster answers (1) or not (0), as its controller with the worst view sees it.",
    ("server",),
)
SHARE: Final = Family(
    "foresail_controller_applications", Sort.GAUGE, "Applications that a controller keeps track of.", ("controller",)
)
RECONCILE: Final = Family(
    "argocd_app_reconcile",
    Sort.HISTOGRAM,
    "Seconds that a comparison of an Application took.",
    ("namespace", "dest_server"),
    _QUICK,
)
SYNCS: Final = Family(
    "argocd_app_sync_total",
    Sort.COUNTER,
    "Operations of an Application that have ended.",
    ("namespace", "name", "project", "dest_server", "phase", "dry_run"),
)
SYNC_SECONDS: Final = Family(
    "argocd_app_sync_duration_seconds_total",
    Sort.COUNTER,
    "Seconds from the start of those operations to their end.",
    ("namespace", "name", "project", "dest_server"),
)
CLUSTER_EVENTS: Final = Family(
    "argocd_cluster_events_total",
    Sort.COUNTER,
    "Events about objects that watches have told of.",
    ("server", "group", "kind"),
)
JOBS: Final = Family(
    "foresail_job_seconds",
    Sort.HISTOGRAM,
    "Seconds that a job took, by what came of it: done, failed, or put off.",
    ("job", "result"),
    _QUICK,
)
PACED: Final = Family(
    "foresail_paced_waits_total",
    Sort.COUNTER,
    "Times that a job was put off because a forge may not be written to any faster.",
    ("job",),
)
TOLD: Final = Family(
    "foresail_comment_seconds",
    Sort.HISTOGRAM,
    "Seconds from the event that asked for a preview to its comments and its status.",
    (),
    _SLOW,
)
QUEUED: Final = Family(
    "foresail_queue_jobs",
    Sort.GAUGE,
    "Jobs, by queue: waiting, running, put off until later, or failed within a week.",
    ("queue", "state"),
)
FORGE_LIMIT: Final = Family(
    "foresail_forge_requests_limit", Sort.GAUGE, "Requests that a forge allows an account in its period.", ("account",)
)
FORGE_REMAINING: Final = Family(
    "foresail_forge_requests_remaining", Sort.GAUGE, "How many of them are left, as it said last.", ("account",)
)
FORGE_RESET: Final = Family(
    "foresail_forge_requests_reset_timestamp_seconds", Sort.GAUGE, "When that starts anew.", ("account",)
)
FORGE_SILENCE: Final = Family(
    "foresail_forge_silence_seconds", Sort.GAUGE, "For how long a forge has asked to be left alone.", ("account",)
)
FORGE_WAITING: Final = Family(
    "foresail_forge_waiting", Sort.GAUGE, "Jobs that wait for their turn to write to a forge.", ("account",)
)

COUNTED: Final = (RECONCILE, SYNCS, SYNC_SECONDS, CLUSTER_EVENTS, JOBS, PACED, TOLD)
"""What processes count as it happens."""
SHOWN: Final = (APP_INFO, APP_CONDITION, CLUSTER_STATUS, SHARE)
"""What controllers show as it is now."""
ASKED: Final = (QUEUED, FORGE_LIMIT, FORGE_REMAINING, FORGE_RESET, FORGE_SILENCE, FORGE_WAITING)
"""What is asked of Redis when somebody wants to know."""
FAMILIES: Final = (*SHOWN, *COUNTED, *ASKED)


def metrics_table() -> str:
    """Return every metric as a Markdown table: name, labels, meaning."""
    rows = ["| metric | is a | labels | meaning |", "|---|---|---|---|"]
    for one in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        rows.append(f"| `{one.name}` | {one.sort} | {labels} | {one.words} |")
    return "\n".join(rows)
