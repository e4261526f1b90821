"""Changes to predict and to carry out: what Git has before and after, and what hands do to the cluster meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from hypothesis import strategies as st

from bot.engine.order import SYNC_WAVE
from bot.model.resources import JsonObject
from tests.fidelity.kinds import KINDS

SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
CREATES_NAMESPACE: Final = "CreateNamespace=true"
_COMPARE: Final = "argocd.argoproj.io/compare-options"
_WAVES: Final = ("", "", "", "", "-1", "2")
_APPLICATION_OPTIONS: Final = (
    "",
    "",
    "Prune=false",
    "Replace=true",
    "Force=true",
    "Replace=true,Force=true",
    "ServerSideApply=false",
    "ServerSideApply=false,Force=true",
    "Validate=false",
    "ApplyOutOfSyncOnly=true",
    "ApplyOutOfSyncOnly=true,Replace=true",
    "ApplyOutOfSyncOnly=true,ServerSideApply=false",
    "FailOnSharedResource=true",
    "ClientSideApplyMigration=false",
    "PruneLast=true",
    "SkipDryRunOnMissingResource=true",
    "Prune=confirm",
    "CreateNamespace=true",
    "CreateNamespace=true,ServerSideApply=false",
    "RespectIgnoreDifferences=true",
    "RespectIgnoreDifferences=true,ServerSideApply=false",
    "RespectIgnoreDifferences=true,ApplyOutOfSyncOnly=true",
    "RespectIgnoreDifferences=true,Replace=true",
    "RespectIgnoreDifferences=true,Force=true",
    "RespectIgnoreDifferences=true,Replace=true,Force=true",
)
_OBJECT_OPTIONS: Final = (
    "",
    "",
    "Prune=false",
    "Replace=true",
    "Replace=false",
    "Force=true",
    "Replace=true,Force=true",
    "Validate=false",
    "ServerSideApply=false",
    "ServerSideApply=true",
    "PruneLast=true",
    "SkipDryRunOnMissingResource=true",
    "Delete=false",
    "Prune=confirm",
)
_COMPARE_OPTIONS: Final = (
    "",
    "",
    "",
    "IgnoreExtraneous",
    "ServerSideDiff=true",
    "ServerSideDiff=true,IncludeMutationWebhook=true",
    "ServerSideDiff=false",
)
_IGNORED: Final[tuple[JsonObject, ...]] = (
    {},
    {},
    {},
    {},
    {"jsonPointers": ["/metadata/labels", "/data"]},
    {"jsonPointers": ["/spec/replicas", "/rules", "/spec/template/metadata/labels"]},
    {"jqPathExpressions": [".spec.template.spec.containers[]?.image", ".metadata.labels.app", ".data.a"]},
    {"managedFieldsManagers": ["kubectl-edit"]},
    {"managedFieldsManagers": ["kubectl-client-side-apply"]},
)
"""Whose differences an application ignores in all its objects; most ignore none."""
_OF_NAMESPACES: Final[tuple[JsonObject, ...]] = (
    {},
    {},
    {"labels": {"team": "shop"}},
    {"labels": {"team": "bank", "tier": "front"}, "annotations": {"note": "a"}},
)


class Hand(StrEnum):
    """What a person does to an object by hand, after the sync of the base and before the preview."""

    NOTHING = "nothing"
    EDIT = "edit"
    DELETE = "delete"
    CREATE = "create"
    APPLY = "apply"
    """With kubectl, on the client's side; it creates what is not there."""
    SHARE = "share"
    """Mark it as another application's."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One object's part in a change; its name is that of its kind."""

    base: JsonObject | None
    head: JsonObject | None
    hand: Hand
    edited: JsonObject
    """What a hand makes of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one application."""

    pieces: tuple[Piece, ...]
    option: str
    """The application's sync options, comma between."""
    before: str = ""
    """What they are when the base is synced."""
    ignored: JsonObject = field(default_factory=dict)
    """Whose differences the application ignores, in the words of its `ignoreDifferences`; empty for none."""
    namespace: JsonObject = field(default_factory=dict)
    """What it says of its namespace (`managedNamespaceMetadata`), where it makes that; empty for nothing."""

    @property
    def hands(self) -> set[Hand]:
        """Return what people do meanwhile."""
        return {piece.hand for piece in self.pieces}


_HANDS_ON_OURS: Final = (Hand.NOTHING, Hand.NOTHING, Hand.EDIT, Hand.DELETE, Hand.APPLY, Hand.SHARE)
_HANDS_ON_NOTHING: Final = (Hand.NOTHING, Hand.CREATE, Hand.APPLY)


@st.composite
def _pieces(draw: st.DrawFn, number: int) -> Piece:
    kind = KINDS[number]
    name = kind.__name__.replace("_", "-")
    strategy = kind(name)
    base = draw(st.one_of(strategy, st.none()))
    head = draw(st.one_of(strategy, st.just(base), st.none())) if base else draw(strategy)
    base, head = (
        side and _annotated(side, SYNC_OPTIONS, draw(st.sampled_from(_OBJECT_OPTIONS))) for side in (base, head)
    )
    base, head = (side and _annotated(side, _COMPARE, draw(st.sampled_from(_COMPARE_OPTIONS))) for side in (base, head))
    base, head = (side and _annotated(side, SYNC_WAVE, draw(st.sampled_from(_WAVES))) for side in (base, head))
    hand = draw(st.sampled_from(_HANDS_ON_OURS if base else _HANDS_ON_NOTHING))
    return Piece(base, head, hand, draw(strategy) if hand in {Hand.EDIT, Hand.CREATE, Hand.APPLY} else {})


def changes() -> st.SearchStrategy[Change]:
    """Draw a change of one to three objects of different kinds."""
    numbers = st.lists(st.integers(0, len(KINDS) - 1), min_size=1, max_size=3, unique=True)
    pieces = numbers.flatmap(lambda chosen: st.tuples(*map(_pieces, chosen)))
    options = st.sampled_from(_APPLICATION_OPTIONS)
    before, ignored = st.one_of(st.just(""), options), st.sampled_from(_IGNORED)
    return st.builds(Change, pieces, options, before, ignored, st.sampled_from(_OF_NAMESPACES))


def _annotated(manifest: JsonObject, annotation: str, option: str) -> JsonObject:
    if not option:
        return manifest
    metadata: dict[str, Any] = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), annotation: option}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
