"""Whether a change is the kind that robots make every day: other images, other chart versions, other checksums."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.equality import same
from bot.engine.diff.normalise import comparable
from bot.engine.diff.routine import is_chart_label, is_checksum
from bot.model.dangers import Severity
from bot.model.reports import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.model.dangers import Danger
    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Scene

_MOVING: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {"annotations": is_checksum, "labels": is_chart_label}
)
_CONTAINERS: Final = ("containers", "initContainers")
_DEPTH: Final = 8
"""How deep a pod template's labels may lie: `spec.jobTemplate.spec.template.metadata.labels` in a CronJob."""


def is_routine(scene: Scene, dangers: Iterable[Danger]) -> bool:
    """Tell whether objects change, and nothing in them but images, versions and checksums; no danger beyond a note."""
    report = scene.report
    if report.failures or report.change is not Action.NOTHING or not report.changes or report.changes != report.touched:
        return False
    if any(danger.severity is not Severity.NOTE for danger in dangers):
        return False
    changed = [one for one in scene.subjects if one.report.action is Action.CHANGE]
    return all(_only_versions(one.before, one.after) for one in changed)


def _only_versions(before: JsonObject | None, after: JsonObject | None) -> bool:
    if before is None or after is None:
        return False
    return same(_masked(comparable(before)), _masked(comparable(after)))


def _masked(value: Any, *, depth: int = _DEPTH) -> Any:
    """Return an object without what routinely moves."""
    if not isinstance(value, dict) or not depth:
        return value
    return {name: _masked_field(name, below, depth=depth - 1) for name, below in value.items()}


def _masked_field(name: str, value: Any, *, depth: int) -> Any:
    if name in _CONTAINERS and isinstance(value, list):
        return [{**entry, "image": ""} if isinstance(entry, dict) and "image" in entry else entry for entry in value]
    moves = _MOVING.get(name)
    if moves is not None and isinstance(value, dict):
        return {key: below for key, below in value.items() if not moves(str(key))}
    return _masked(value, depth=depth)
