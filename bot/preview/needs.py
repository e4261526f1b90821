"""Which dry runs a prediction needs: every request that is known to answer nothing new is not sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.engine.diff.ownership import applying_changes_nothing

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_DEFAULTED_ON_EVERY_WRITE = frozenset({("v1", "Pod"), ("v1", "PersistentVolumeClaim")})
"""Kinds that built-in admission (LimitRanger, storage classes) may rewrite: their proof is never taken."""


@dataclass(frozen=True, slots=True)
class Proof:
    """When an object may count as in sync without a dry run."""

    manager: str
    admission_mutates: bool
    """Whether some mutating webhook or policy is installed, or nobody can tell."""

    def in_sync(self, manifest: JsonObject, live: JsonObject | None) -> bool:
        """Whether applying `manifest` is known to leave `live` as it is."""
        if live is None or self.admission_mutates:
            return False
        if (manifest.get("apiVersion"), manifest.get("kind")) in _DEFAULTED_ON_EVERY_WRITE:
            return False
        return applying_changes_nothing(manifest, live, manager=self.manager)
