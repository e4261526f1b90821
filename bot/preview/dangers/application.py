"""What happens to an application as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine.deletion import held_by, taken_along
from bot.engine.hooks import is_hook
from bot.engine.sync.plan import deletes_too_much
from bot.model.reports import Action, counted
from bot.preview.dangers import sorts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.dangers import Danger
    from bot.model.predictions import Prediction
    from bot.preview.dangers.scene import Scene


def mass_deletion(scene: Scene) -> Iterator[Danger]:
    """Tell of a sync that will be held for a person, by the rule that holds it; or only of what it does."""
    managed = [one for one in scene.states.values() if not _is_hook(one.head or one.base)]
    going = [one.key for one in scene.report.resources if not one.hook and Action.PRUNE in {one.action, one.drift}]
    deletions = sum(1 + taken_along(scene.states[key].live) for key in going)
    objects = len(managed) + sum(held_by(one.live) for one in managed)
    words = deletes_too_much(deletions, objects, percent=scene.percent)
    if not words:
        return
    if scene.report.change is Action.PRUNE:  # no sync does that, and nothing holds it
        said = f"is deleted, and {deletions} of {counted(objects, 'object')} with it"
    else:
        said = f"is held until a person allows it: {words}" if scene.holds else f"loses much at once: {words}"
    yield sorts.MASS_DELETION.danger(said, subject=f"Application {scene.report.name}")


def empty_render(scene: Scene) -> Iterator[Danger]:
    """Tell of an application whose source renders to nothing since this change."""
    if scene.report.failure or scene.report.change in {Action.PRUNE, Action.ORPHAN}:
        return
    before = sum(one.base is not None for one in scene.states.values())
    if before and not any(one.head is not None for one in scene.states.values()):
        words = f"renders to nothing, where it rendered {counted(before, 'object')} before"
        yield sorts.EMPTY_RENDER.danger(words, subject=f"Application {scene.report.name}")


def _is_hook(side: Prediction | None) -> bool:
    return side is not None and is_hook(side.manifest)
