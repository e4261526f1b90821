"""Roll an ApplicationSet out: sync its Applications step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from bot.engine.applicationsets import rollout as rolling
from bot.engine.applicationsets.plan import owned
from bot.engine.applicationsets.rollout import Member
from bot.errors import Rejected
from bot.model.operations import OperationState, Phase, timestamp
from bot.model.resources import JsonObject, metadata_of
from workers.refresh import Round

if TYPE_CHECKING:
    from bot.engine.applicationsets.generating import Generated
    from bot.engine.applicationsets.rollout import Rollout
    from bot.services import Services

_log = structlog.get_logger()


@dataclass
class Rolling:
    """One look at how far a rollout has come."""

    services: Services
    applicationset: JsonObject
    found: Generated
    """What it generates, as the templates have it."""

    def status(self) -> JsonObject:
        """Return what the ApplicationSet is to say of it."""
        condition = rolling.condition(self._rollout.complete)
        return {"applicationStatus": list(self._rollout.statuses), "condition": condition}

    def begin(self) -> None:
        """Start the operations of those whose turn it is; that it is, is written down before."""
        for name in self._rollout.starts:
            try:
                self._round.at(name)
            except Rejected as error:
                _log.warning("application not rolled out", application=name, reason=error.message)

    @cached_property
    def _round(self) -> Round:
        prunes = {str(metadata_of(one)["name"]): rolling.prunes(one) for one in self.found.applications}
        return Round(self.services, self.services.sources.trees.look(), prunes=prunes)

    @cached_property
    def _rollout(self) -> Rollout:
        existing = owned(self.services.applicationsets.applications(), str(metadata_of(self.applicationset)["name"]))
        named = {str(metadata_of(one)["name"]) for one in self.found.applications}
        members = [self._member(one) for name, one in existing.items() if name in named]
        status = self.applicationset.get("status")
        before = status.get("applicationStatus") if isinstance(status, dict) else None
        return rolling.advance(self.found.steps, members, before, now=timestamp())

    def _member(self, obj: JsonObject) -> Member:
        name, labels = str(metadata_of(obj)["name"]), metadata_of(obj).get("labels") or {}
        try:
            application = self.services.applications.parsed(obj)
            outdated = self._round.is_outdated(application)
        except Rejected as error:
            _log.warning("application cannot be rolled out", application=name, reason=error.message)
            return Member(name, labels)
        state = OperationState.of_status(application.status)
        health = (application.status or {}).get("health")
        well = isinstance(health, dict) and health.get("status") == "Healthy"
        done = state is None or state.phase is Phase.SUCCEEDED
        return Member(
            name,
            labels,
            outdated=outdated,
            running=application.operation is not None,
            healthy=well and done and not outdated,
            revisions=state.operation.each_revision if state is not None else (),
        )
