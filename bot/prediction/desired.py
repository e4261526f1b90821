"""What is asked for of an application at a revision, and what it wants there: objects, or a reason for none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.engine.diff.equality import same
from bot.engine.diff.ignored import Ignored
from bot.engine.hooks import is_hook
from bot.engine.projects import Fence
from bot.engine.targets import Targets
from bot.engine.writes import Writes
from bot.errors import Rejected
from bot.preview.varying import without_chance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model.applications import Application
    from bot.model.resources import JsonObject, ResourceKey
    from bot.prediction.trees import Tree


@dataclass(frozen=True, slots=True)
class Wanted:
    """An application together with the state of its repository that it is to be rendered from."""

    application: Application
    tree: Tree
    revisions: tuple[str, ...] = ()
    """Of each source, where they are fixed; else those that do not follow `tree` are rendered at their newest."""
    merges: bool = False
    """Whether `tree` is what a merge will make, whose commit nobody knows yet."""
    predicts: bool = False
    """Whether nothing of it is ever applied: then no commit has to be signed for it to be rendered."""


@dataclass(frozen=True, slots=True)
class Desired:
    """An application's targets, or why there are none."""

    targets: Targets
    failure: str = ""
    distrusted: bool = False
    """Whether the failure is that something is not signed as the project demands."""
    ignored: Ignored = field(default_factory=Ignored)
    """In which fields its objects may differ from what is wanted."""
    writes: Writes = field(default_factory=Writes)
    """How its syncs write."""
    fence: Fence = field(default_factory=Fence)
    """What its project permits."""
    of_the_commit: frozenset[ResourceKey] = frozenset()
    """Objects that are others at another commit with the same files, of what a merge will make."""

    def beside(self, other: Desired) -> Desired:
        """Return the same with the objects noted that `other`, of another commit, does not have or not so."""
        ours, theirs, varying = self.targets.objects, other.targets.objects, self.targets.varying
        found = {
            key
            for key, obj in ours.items()
            if not same(*(without_chance(one, varying.get(key, ())) for one in (obj, theirs.get(key, {}))))
        }
        return replace(self, of_the_commit=frozenset(found))

    def sent(self, live: Mapping[ResourceKey, JsonObject]) -> Desired:
        """Return the same with every object as a sync sends it, given what is live; all of it where nothing is kept."""
        if not self.ignored.respected:
            return self
        try:
            objects = {
                key: obj if is_hook(obj) else self.ignored.sent(obj, live.get(key))
                for key, obj in self.targets.objects.items()
            }
        except Rejected as error:
            return self.failed(error.message)
        return replace(self, targets=replace(self.targets, objects=objects))

    @classmethod
    def nothing(cls) -> Desired:
        """Return what an application wants that does not exist."""
        return cls(Targets({}, ()))

    @classmethod
    def failed(cls, message: str) -> Desired:
        """Return that nothing can be said, and why."""
        return cls(Targets({}, ()), failure=message)
