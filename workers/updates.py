"""Updates: newer images and charts become changes on the forge; older ones of ours give way, and green ones land.

A round is made of steps that may each be the last: what was left undone, the next round finds undone and does.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import structlog

from bot.engine.updates.grouping import grouped
from bot.engine.updates.wishes import asks
from bot.errors import Paced, Rejected, Temporary
from bot.model.applications import Source
from bot.model.changes import repository_identity
from bot.prediction.selection import ROOT_FOLDER
from bot.services import planner_of
from workers.runtime import job
from workers.updating.proposing import Proposing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.changes import Repository
    from bot.model.resources import JsonObject
    from bot.model.updates import Group
    from bot.prediction.updates.planning import Planner
    from bot.services import Services

_log = structlog.get_logger()
_ROUND: Final = 600.0
"""Seconds for which others leave a round to whoever makes it; no job runs longer."""
_MOST_AWAY: Final = 3
"""Repositories that may be away before the forge is taken to be."""


@job
def run(services: Services, _payload: JsonObject) -> None:
    """Make one round over all Applications that ask for it."""
    try:
        with services.locks.hold("updates", seconds=_ROUND):
            _round(services)
    except Paced as error:
        _log.info("updates left for the next round", reason=error.message)
    except Temporary as error:
        _log.warning("updates left for the next round", reason=error.message)


def _round(services: Services) -> None:
    every = services.applications.all().applications
    asking = [one for one in every if asks(dict(one.annotations)) and not one.deleting]
    if not asking:
        return
    ours = {repository_identity(one.clone_url): one for one in services.forge.repositories()}
    planner = _planner(services, ours)
    groups = grouped(planner.plan(asking, every=every))
    for group in groups:
        for problem in group.problems:
            _log.warning("update not possible", group=group.name, reason=problem)
    concerned = sorted({repository_identity(url) for url in planner.repositories} & ours.keys())
    _propose_all(services, planner, [ours[one] for one in random.sample(concerned, len(concerned))], groups)
    _log.info("updates looked for", applications=len(asking), changes=sum(len(one.changes) for one in groups))


def _planner(services: Services, ours: dict[str, Repository]) -> Planner:
    allowed = {name.lower() for name in services.settings.root_repositories}
    urls = (one.clone_url for one in ours.values() if one.full_name.lower() in allowed)
    roots = [Source(repo_url=url, path=ROOT_FOLDER) for url in urls]
    trees = services.sources.trees
    if trees.charts is None:
        raise Rejected("charts are not fetched here")
    return planner_of(services.settings, trees, trees.charts, services.memory, roots=roots)


def _propose_all(services: Services, planner: Planner, repositories: Sequence[Repository], groups: list[Group]) -> None:
    """Go from one repository to the next; one of which the forge has enough, or says nothing, keeps none from it."""
    away = 0
    for repository in repositories:
        try:
            _propose(services, planner, repository, groups)
        except Temporary as error:
            # Whoever has to wait for an account's turn hears so at once; for a forge that is away each would wait long.
            away += not isinstance(error, Paced)
            if away >= _MOST_AWAY:
                raise
            _log.warning("updates left for the next round", repository=repository.full_name, reason=error.message)


def _propose(services: Services, planner: Planner, repository: Repository, groups: list[Group]) -> None:
    """Do what is to be done in one repository; what goes wrong with one group is not the others' business."""
    try:
        proposing = Proposing.of(services, planner.available, repository)
        proposing.check(groups)
    except Rejected as error:
        _log.warning("updates not proposed", repository=repository.full_name, reason=f"{error.message} {error.remedy}")
        return
    # One that fails again and again must not take the others' turns: only so many are opened in a round.
    for group in random.sample(groups, len(groups)):
        try:
            proposing.bring(group)
        except Rejected as error:
            _log.warning("update not proposed", group=group.name, repository=repository.full_name, reason=error.message)
