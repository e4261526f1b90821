"""What could be newer, for somebody who asks before anything is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.local import connected
from bot.cluster.repositories import Repositories
from bot.errors import Rejected
from bot.model.applications import Source
from bot.prediction.selection import ROOT_FOLDER
from bot.repository.charts.available import Forgetful
from bot.services import planner_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.updates import Planned
    from bot.settings import Settings


def planned(settings: Settings, *, only: tuple[str, ...], context: str, say: Callable[[str], None]) -> list[Planned]:
    """Return what is planned for Applications that ask for it, `only` those named; Rejected when one is not there.

    Repositories are read with what the cluster's repository Secrets have, not as the server's own account on its forge.
    """
    with connected(settings, context=context) as local:
        every = local.applications.all().applications
        if missing := sorted(set(only) - {one.name for one in every}):
            raise Rejected(f"there is no Application {missing[0]!r}", remedy="See: foresail app list.")
        chosen = [one for one in every if not only or one.name in only]
        trees = local.sources.trees
        trees.auth_for = Repositories(local.cluster, namespace=settings.control_namespace).find
        if trees.charts is None:
            raise AssertionError("the command line's own parts fetch charts")
        site = settings.forge_site
        roots = [Source(repo_url=f"{site}{name}.git", path=ROOT_FOLDER) for name in settings.root_repositories]
        say("asking registries")
        planner = planner_of(settings, trees, trees.charts, Forgetful(), roots=roots)
        return planner.plan(chosen, every=every)
