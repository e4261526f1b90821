"""An application is taken back to the sync before its last one, and held there, in one write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.model.applications import REFRESH
from bot.model.holds import HELD
from bot.model.jobs import advance, notify
from bot.model.operations import Occasion
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.engine.sync.rollback import GoingBack
    from bot.model.applications import Application
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


def take_back(
    services: Services, application: Application, back: GoingBack, status: JsonObject, *, although: str = ""
) -> JobRequest:
    """Start to go back, and return what carries that out; `although` is why Git does not go back instead."""
    occasion = Occasion.of(back.operation.info)
    hold = replace(back.hold, why=f"{back.hold.why} ({although})") if although else back.hold
    taken = metadata_of(answered(application)).get("annotations", {})
    metadata: JsonObject = {"annotations": {**taken, HELD: hold.to_annotation()}}
    patch: JsonObject = {"metadata": metadata, "operation": back.operation.to_wire()}
    services.applications.update(application, {**patch, "status": status} if status else patch)
    _log.warning("revision is taken back", reason=hold.why)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
    return advance(application.name)


def answered(application: Application) -> JsonObject:
    """Return what takes away that somebody asks for a look, where one does."""
    return {"metadata": {"annotations": {REFRESH: None}}} if application.annotation(REFRESH) else {}
