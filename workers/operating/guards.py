"""Hold an operation before it writes anything: what a person has to look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.projects import DEFAULT
from bot.engine.sync.plan import CHANGED_PLAN, HOLD, changed_plan, held, mass_deletion
from bot.model.operations import Occasion

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.engine.sync.record import Scene
    from bot.model.applications import Application
    from bot.model.operations import OperationState
    from bot.services import Services
    from workers.operating.acts import Actor


def why_held(
    services: Services, application: Application, state: OperationState, scene: Scene, actor: Callable[[], Actor]
) -> str:
    """Return why an operation waits for a person, nothing when it may begin; `actor` is asked for only when needed."""
    if state.operation.is_partial:
        return ""  # what was approved, or held, is in place; what a person names, that person has looked at
    too_much = mass_deletion(scene.plan, scene.live, percent=services.settings.mass_deletion_percent)
    return held(
        too_much or _changed_plan(services, application, state, scene, actor),
        application_annotations=dict(application.annotations),
        revision=state.operation.revision,
    )


def _changed_plan(
    services: Services, application: Application, state: OperationState, scene: Scene, actor: Callable[[], Actor]
) -> str:
    """Make the plan again, where that is asked for, and say what of it is not what the preview said."""
    project = services.sources.project_of(application.spec.project or DEFAULT)
    asked = {application.annotation(HOLD), project.annotation(HOLD) if project is not None else ""}
    change = Occasion.of(state.operation.info).change
    if CHANGED_PLAN not in asked or not change:
        return ""
    acting = actor()
    if acting.forecast is None:
        return f"what the preview of {change} said is not known any more"
    return changed_plan(acting.moved(scene.plan.tasks, scene.live))
