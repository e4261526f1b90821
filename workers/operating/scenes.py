"""What an application is looked at by: its objects as they are live, and what a sync has to do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.sync.plan import made_by, plan_sync
from bot.engine.sync.record import Scene
from bot.engine.tracking import TRACKING_ID, TrackingId, owner_of
from bot.model.resources import annotations_of
from bot.prediction.recorded import bare, recorded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cluster.objects import Cluster
    from bot.engine.projects import Fence
    from bot.engine.targets import Targets
    from bot.model.applications import Application
    from bot.model.operations import OperationState, TaskResult
    from bot.model.resources import JsonObject
    from bot.services import Services


def scene_of(  # noqa: PLR0913 - each is a matter of its own
    services: Services,
    application: Application,
    state: OperationState,
    cluster: Cluster,
    *,
    targets: Targets,
    fence: Fence,
    done: Iterable[TaskResult] = (),
) -> Scene:
    """Read what an application wants, what it had, and what is `done` of its operation; a request each, many at once.

    Whoever may write an Application may have recorded anything: nothing is seen of what is another's.
    """
    past = {key: one for key, one in recorded(application).items() if fence.permits(key)}
    results = [bare(one.key, version=one.version) for one in done if fence.permits(one.key)]
    found = cluster.live([*targets.objects.values(), *past.values(), *results])
    live = {key: obj for key, obj in found.items() if key in targets.objects or is_own(obj, application, state)}
    left = (live[key] for key in past if key in live and key not in targets.objects)
    extraneous = [obj for obj in left if owner_of(obj) == application.instance]
    plan = plan_sync(targets.objects, extraneous, state=state, spec=application.spec)
    return Scene(application, targets.objects, live, plan, targets.excluded, services.assess)


def is_own(obj: JsonObject, application: Application, state: OperationState) -> bool:
    """Whether a live object is of an application, also a hook of its operation that was named when it was created."""
    if owner_of(obj) == application.instance:
        return True
    tracked = TrackingId.parse(annotations_of(obj).get(TRACKING_ID))
    return made_by(obj, state) and tracked is not None and tracked.instance == application.instance
