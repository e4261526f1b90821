"""What an Application gives to the metrics."""

from __future__ import annotations

import functools
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.model.metrics import APP_CONDITION, APP_INFO, RECONCILE, SYNC_SECONDS, SYNCS, Sample

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.operations import OperationState
    from bot.model.resources import JsonObject

_LONGEST: Final = 300
_MOST_CONDITIONS: Final = 20
"""Argo CD knows a dozen sorts; what else somebody writes there makes no end of series."""
_UNKNOWN: Final = "Unknown"


@functools.lru_cache(maxsize=4096)
def place(url: str) -> str:
    """Return a URL without what may be a secret in it: whom it names, what it asks for; not longer than labels are."""
    scheme, colons, rest = url.partition("://") if "://" in url else ("", "", url)
    where, *beyond = re.split("[?#]", rest, maxsplit=1)
    if any("@" in one for one in beyond):
        where = ""  # what stands before the mark may be the beginning of a password
    return f"{scheme}{colons}{where.rpartition('@')[2]}"[:_LONGEST]


def info(application: Application) -> Sample:
    """Return what an Application is like now."""
    spec, status = application.spec, application.status or {}
    operation = "sync" if application.operation is not None else ""
    return Sample(
        APP_INFO,
        (
            application.namespace,
            application.short_name,
            _project(application),
            place(spec.effective_sources[0].repo_url),
            _server(application),
            spec.destination.namespace,
            _word(status, "sync"),
            _word(status, "health"),
            _said(spec.automated),
            "delete" if application.deleting else operation,
        ),
    )


def conditions(application: Application) -> tuple[Sample, ...]:
    """Return which conditions the status of an Application has, each sort once."""
    found = (application.status or {}).get("conditions")
    sorts = (one.get("type") for one in found if isinstance(one, dict)) if isinstance(found, list) else ()
    named = sorted({sort[:_LONGEST] for sort in sorts if isinstance(sort, str)})[:_MOST_CONDITIONS]
    whose = (application.namespace, application.short_name, _project(application))
    return tuple(Sample(APP_CONDITION, (*whose, sort)) for sort in named)


def compared(application: Application, *, seconds: float) -> Sample:
    """Return that an Application was compared."""
    return Sample(RECONCILE, (application.namespace, _server(application)), seconds)


def ended(application: Application, state: OperationState) -> tuple[Sample, ...]:
    """Return that an operation of an Application has ended."""
    whose = (application.namespace, application.short_name, _project(application), _server(application))
    began, over = (datetime.fromisoformat(at) if at else None for at in (state.started_at, state.finished_at))
    took = (over - began).total_seconds() if began is not None and over is not None else 0.0
    return (
        Sample(SYNCS, (*whose, str(state.phase), _said(state.operation.dry_run))),
        Sample(SYNC_SECONDS, whose, max(0.0, took)),
    )


def _project(application: Application) -> str:
    return application.spec.project or "default"


def _server(application: Application) -> str:
    destination = application.spec.destination
    return place(destination.server) or destination.name


def _word(status: JsonObject, part: str) -> str:
    found = status.get(part)
    word = found.get("status") if isinstance(found, dict) else None
    return word[:_LONGEST] if isinstance(word, str) and word else _UNKNOWN


def _said(yes: bool) -> str:  # noqa: FBT001 - what is said
    return "true" if yes else "false"
