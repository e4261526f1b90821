"""A change as it would be merged: both sides of it, or what is in conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.prediction.trees import Sides, Tree
from bot.repository.mirrors import Conflict
from workers.changes.landscape import Landscape

if TYPE_CHECKING:
    from bot.model.changes import Change
    from bot.services import Services


@dataclass(frozen=True, slots=True)
class Merging:
    """What merging an open change into its base branch as it is now would make."""

    landscape: Landscape
    base_sha: str
    merged: Sides | Conflict

    @classmethod
    def of(cls, services: Services, change: Change) -> Self:
        """Fetch the change and merge it in memory, at the head that `change` says and no other."""
        landscape = Landscape.survey(services, change.repository, wanted=[services.forge.head_ref(change.number)])
        base = landscape.mirror.tip(change.base_branch)
        merged = landscape.mirror.merge(base, change.head_sha)
        if isinstance(merged, Conflict):
            return cls(landscape, base, merged)
        head = Tree(landscape.identity, landscape.mirror, merged.tree_id, change.head_sha)
        return cls(landscape, base, Sides(landscape.tree(base), head))
