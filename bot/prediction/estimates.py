"""Where the API server's answer to a dry run is not what a sync will get: what stands in for it, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Final

from bot.engine.coming import Coming
from bot.engine.order import order
from bot.engine.quota import Created, exceeded
from bot.model.predictions import Prediction, Refusal
from bot.model.resources import ResourceKey, metadata_of

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.engine.writes import Writes
    from bot.model.predictions import ResourceStates
    from bot.model.resources import JsonObject

_UNSERVED: Final = (
    "its kind is not served yet, and SkipDryRunOnMissingResource=true says that something will define it; "
    "shown as it is in Git"
)
_COMMIT: Final = (
    "rendered at another commit it is another one, and the merge's is not known yet; shown with the commits that there "
    "are now"
)
_ANY_ORDER: Final = "which of the applications' objects fails depends on which application is synced first"
_ENDING: Final = "the object is being deleted, and what it is created as is not asked before; shown as it is in Git"


@dataclass
class Estimates:
    """What is known of the change as a whole; looked at only once something needs it."""

    wanted: Callable[[], Mapping[str, Sequence[JsonObject]]]
    """What each application wants with the change."""
    altered: Sequence[tuple[str, ResourceKey]]
    """Rules about other objects that the change adds or alters, by application and object."""
    live: Mapping[ResourceKey, JsonObject]
    """What the cluster has now."""

    @cached_property
    def _coming(self) -> Coming:
        return Coming.of(self.wanted(), frozenset(self.altered), self.live)

    def unaltered(self, quotas: Sequence[JsonObject]) -> list[JsonObject]:
        """Return the quotas that limit a sync as they limit today."""
        altered = {key for _, key in self.altered}
        return [quota for quota in quotas if ResourceKey.of(quota) not in altered]

    def settled(self, states: ResourceStates, application: str) -> ResourceStates:
        """Return the states with an estimate for each answer that only the cluster of today gives."""
        live = states.live
        if live is not None and metadata_of(live).get("deletionTimestamp"):
            base, head = (_as_created(side) for side in (states.base, states.head))
            return replace(states, live=None, ending=live, base=base, head=head)
        base, head = (self._side(side, application) for side in (states.base, states.head))
        if head is not None and head.refusal is not None and self.altered:
            head = self._overtaken(head, head.refusal, application)
        if head is not None and head.refusal is None and not head.estimated and self._is_altered(states):
            head = replace(head, doubt=self._doubt(head, application, is_new=live is None))
        return states if (base, head) == (states.base, states.head) else replace(states, base=base, head=head)

    def _side(self, side: Prediction | None, application: str) -> Prediction | None:
        if side is None or side.refusal is None:
            return side
        estimate = self._coming.instead_of(side.refusal, side.manifest, application)
        return side if estimate is None else Prediction(side.manifest, estimate.obj, estimated=estimate.why)

    def _overtaken(self, head: Prediction, refusal: Refusal, application: str) -> Prediction:
        estimate = self._coming.overtaken(refusal, head.manifest, application)
        if estimate is not None:
            return Prediction(head.manifest, estimate.obj, estimated=estimate.why)
        doubt = self._coming.questioned(refusal, head.manifest, application)
        return replace(head, refusal=replace(refusal, message=f"{refusal.message}; {doubt}")) if doubt else head

    def _is_altered(self, states: ResourceStates) -> bool:
        """Whether a sync writes the object at all: what it leaves alone no rule judges."""
        head = states.head
        return bool(self.altered) and head is not None and head.result is not states.live

    def _doubt(self, head: Prediction, application: str, *, is_new: bool) -> str:
        return self._coming.doubt(head.manifest, application, is_new=is_new)


def defined_elsewhere(
    states: Mapping[ResourceKey, ResourceStates], *, base: Writes, head: Writes
) -> dict[ResourceKey, ResourceStates]:
    """Return the states with an estimate for kinds that nobody serves yet and that nobody has to serve yet."""
    return {
        key: replace(one, base=_unserved(one.base, base), head=_unserved(one.head, head))
        if any(side is not None and side.refusal is not None for side in (one.base, one.head))
        else one
        for key, one in states.items()
    }


def _unserved(side: Prediction | None, writes: Writes) -> Prediction | None:
    if side is None or side.refusal is None or side.refusal.reason != "UnknownKind":
        return side
    return (
        Prediction(side.manifest, side.manifest, estimated=_UNSERVED) if writes.skips_unserved(side.manifest) else side
    )


def of_the_merge(
    states: Mapping[ResourceKey, ResourceStates], keys: frozenset[ResourceKey]
) -> dict[ResourceKey, ResourceStates]:
    """Return the states with an estimate for these objects, which tell of which commit they are.

    The target branch's are estimated as well, so that both sides are compared as the same kind of answer.
    """
    return {
        key: replace(one, base=_of_the_merge(one.base), head=_of_the_merge(one.head)) if key in keys else one
        for key, one in states.items()
    }


def _of_the_merge(side: Prediction | None) -> Prediction | None:
    return side if side is None or side.refusal is not None else replace(side, estimated=side.estimated or _COMMIT)


def within_quotas(
    applications: Iterable[dict[ResourceKey, ResourceStates]], quotas: Sequence[JsonObject], cluster: Cluster
) -> None:
    """Refuse, in place, what the applications together have no room for: each dry run was weighed alone.

    What several of them declare is created once.
    """
    if not quotas:
        return
    namespaces = {metadata_of(quota).get("namespace") for quota in quotas}
    for_states = list(applications)
    created = [
        [
            Created(head.result, _resource(cluster, head.result))
            for head in _created(states)
            if head.result is not None and metadata_of(head.result).get("namespace") in namespaces
        ]
        for states in for_states
    ]
    refused = _refused(created, quotas)
    for states in for_states:
        for key in refused.keys() & states.keys():
            head = states[key].head
            if head is not None:
                refusal = Refusal(refused[key], code=HTTPStatus.FORBIDDEN, reason="Forbidden")
                states[key] = replace(states[key], head=replace(head, result=None, refusal=refusal))


def _refused(created: Sequence[Sequence[Created]], quotas: Sequence[JsonObject]) -> dict[ResourceKey, str]:
    """Return why objects, listed by application, do not fit; what fits alone fails by chance of the order."""
    together: dict[ResourceKey, Created] = {}
    for one in chain.from_iterable(created):
        together.setdefault(ResourceKey.of(one.obj), one)
    refused = exceeded(list(together.values()), quotas)
    if not refused:
        return {}
    alone = {key for listed in created for key in exceeded(listed, quotas)}
    return {key: words if key in alone else f"{words}; {_ANY_ORDER}" for key, words in refused.items()}


def _created(states: Mapping[ResourceKey, ResourceStates]) -> Iterator[Prediction]:
    """Yield what a sync creates, in its order."""
    new = {
        key: one.head
        for key, one in states.items()
        if one.live is None and one.head is not None and one.head.result is not None and not one.head.estimated
    }
    for task in order(one.manifest for one in new.values()):
        yield new[task.key]


def _resource(cluster: Cluster, obj: JsonObject) -> str:
    kind = cluster.discovery.find(obj)
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _as_created(side: Prediction | None) -> Prediction | None:
    """Return what a side becomes when nothing is left of the object: the answer was about what is going away."""
    if side is None or (side.refusal is not None and not _is_about_the_update(side.refusal)):
        return side
    return Prediction(side.manifest, side.manifest, estimated=_ENDING)


def _is_about_the_update(refusal: Refusal) -> bool:
    """Whether a refusal says that the object of today cannot become this one, not that nothing can."""
    words = refusal.message
    return bool(refusal.immutable_fields) or any(part in words for part in (": Forbidden: ", "immutable"))
