"""What a sync sends for one object: decided here alone, for predictions as for syncs, or the two would differ.

Read from the application's sync options and from the object's own, which win. Two do the syncing: Foresail, and in
`FORESAIL_MODE=preview` an Argo CD, which does some of it otherwise.
Sources: argo-cd `gitops-engine/pkg/sync/sync_context.go`, `controller/sync.go`, `docs/user-guide/sync-options.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.engine.diff.equality import same
from bot.engine.diff.normalise import comparable
from bot.engine.order import SYNC_OPTIONS
from bot.engine.patches.hand_over import CLIENT_SIDE_MANAGERS, KUBECTL, applied_on_the_client
from bot.engine.tracking import owner_of
from bot.model.resources import annotations_of, metadata_of, options_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.engine.diff.ignored import Ignored
    from bot.model.applications import Application, ApplicationSpec
    from bot.model.predictions import Refusal
    from bot.model.resources import JsonObject

COMPARE_OPTIONS: Final = "argocd.argoproj.io/compare-options"
DELETION_APPROVED: Final = "argocd.argoproj.io/deletion-approved"
"""On an Application: since when a person approves of the deletions that wait for it, RFC 3339."""

SERVER_SIDE_APPLY: Final = "ServerSideApply=true"
_RESOURCE_POLICY: Final = "helm.sh/resource-policy"
_FAILS_ON_SHARED: Final = "FailOnSharedResource=true"
_OUT_OF_SYNC_ONLY: Final = "ApplyOutOfSyncOnly=true"
_NO_TAKE_OVER: Final = "ClientSideApplyMigration=false"
_NOTHING: Final[frozenset[str]] = frozenset()
_HOLDERS: Final = frozenset({("v1", "Namespace"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition")})
"""Kinds that `Replace=true` only ever updates: with one of these everything in it would go."""
_NO_FORCE: Final = "error validating options: --force cannot be used with --server-side"
"""What Argo CD's kubectl says before it sends anything."""
_RBAC: Final = "rbac.authorization.k8s.io/v1"
_BINDINGS: Final = frozenset({"RoleBinding", "ClusterRoleBinding"})


class Strategy(StrEnum):
    """How an object is written."""

    SERVER_SIDE = "server-side apply"
    CLIENT_SIDE = "client-side apply"
    REPLACE = "replace"
    """All of it is put in place of what is there; created where nothing is."""


class Recreation(StrEnum):
    """When a sync deletes an object and creates it again."""

    NEVER = "never"
    WHEN_IMMUTABLE = "when it cannot be changed in place"
    ALWAYS = "always"


class Pruning(StrEnum):
    """What becomes of an object that left Git."""

    DELETED = "deleted"
    CONFIRMED = "deleted once a person approves"
    KEPT = "kept"


class _Sort(Enum):
    """Kinds as far as they make a difference."""

    USUAL = 1
    HOLDER = 2
    BINDING = 3


_Said: TypeAlias = tuple[frozenset[str], frozenset[str], _Sort]
"""What the manifest says, what the live object says, and what kind it is."""


@dataclass(frozen=True, slots=True)
class How:
    """How one object is written; two that are equal send the same for the same manifest."""

    strategy: Strategy = Strategy.SERVER_SIDE
    validate: bool = True
    """False: no strict check; what the schema does not know is left out where the strategy lets it be."""
    recreation: Recreation = Recreation.NEVER
    takes_over: frozenset[str] | None = CLIENT_SIDE_MANAGERS
    """Whose fields server-side apply makes its own before, besides those of who wrote last-applied; None: nobody's."""
    out_of_sync_only: bool = False
    """Whether nothing is sent for an object that a comparison finds in sync."""
    applies_instead: bool = True
    """Whether what cannot be replaced, as the server has filled in more than it lets go of, is applied."""
    refusal: str = ""
    """Why nothing is sent at all."""

    def hands_over(self, live: JsonObject | None) -> bool:
        """Whether fields of the live object change hands before it is applied."""
        return (
            live is not None
            and self.takes_over is not None
            and self.strategy is Strategy.SERVER_SIDE
            and applied_on_the_client(live, self.takes_over)
        )

    @property
    def depends_on_live(self) -> bool:
        """Whether the live object has to be known before anything can be asked."""
        return self.strategy is not Strategy.SERVER_SIDE or self.out_of_sync_only or self._asks_nothing

    @property
    def _asks_nothing(self) -> bool:
        return bool(self.refusal) or self.recreation is Recreation.ALWAYS

    def recreates_after(self, refusal: Refusal | None) -> bool:
        """Whether a sync gets past a refusal by deleting the object and creating it again."""
        if refusal is None or not refusal.immutable_fields:
            return False
        return self.recreation is Recreation.WHEN_IMMUTABLE


@dataclass(frozen=True)
class Writes:
    """How the syncs of one application write; safe to use from threads."""

    options: tuple[str, ...] = ()
    """The application's sync options."""
    by_argo_cd: bool = False
    """Whether an Argo CD does the syncing."""
    _known: dict[_Said, How] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def of(spec: ApplicationSpec, *, by_argo_cd: bool = False) -> Writes:
        """Read an application's sync options; the same again for the same options, and so are its answers."""
        return _writes(spec.sync_policy.sync_options, by_argo_cd)

    def how(self, manifest: JsonObject, live: JsonObject | None = None) -> How:
        """Decide how a manifest is written over what is live, None where nothing is."""
        there = options_of(live, SYNC_OPTIONS) if live is not None and self.by_argo_cd else _NOTHING
        said = options_of(manifest, SYNC_OPTIONS), there, _sort(manifest)
        known = self._known.get(said)
        if known is None:
            known = self._known.setdefault(said, self._argo_cds(*said) if self.by_argo_cd else self._ours(*said))
        return known

    def pruning(self, live: JsonObject) -> Pruning:
        """Return what becomes of a live object that left Git, where syncs prune at all."""
        said = self._says(options_of(live, SYNC_OPTIONS), "Prune")
        return {"false": Pruning.KEPT, "confirm": Pruning.CONFIRMED}.get(said, Pruning.DELETED)

    def deletion(self, live: JsonObject) -> Pruning:
        """Return what becomes of a live object when its application is deleted with all it manages.

        `Prune=false` is about syncs alone, what a person has to confirm is about both (argo-cd
        `controller/appcontroller.go`, `shouldBeDeleted`; `controller/state.go`, `isObjRequiresDeletionConfirmation`).
        """
        own = options_of(live, SYNC_OPTIONS)
        said = self._says(own, "Delete")
        if said == "false" or annotations_of(live).get(_RESOURCE_POLICY) == "keep":
            return Pruning.KEPT
        return Pruning.CONFIRMED if "confirm" in {said, self._says(own, "Prune")} else Pruning.DELETED

    @property
    def propagation(self) -> str:
        """What Kubernetes is to do with the dependents of what is pruned."""
        said = self._says(frozenset(), "PrunePropagationPolicy")
        return {"background": "Background", "orphan": "Orphan"}.get(said, "Foreground")

    def skips_unserved(self, manifest: JsonObject) -> bool:
        """Whether an object may be of a kind that nobody serves before the sync: something will define it."""
        return self._says(options_of(manifest, SYNC_OPTIONS), "SkipDryRunOnMissingResource") == "true"

    def shared(self, application: Application, instance: str, live: Iterable[JsonObject]) -> str:
        """Return why a sync fails over one of these objects that another application manages; nothing mostly."""
        if _FAILS_ON_SHARED not in self.options:
            return ""
        for obj in live:
            owner = owner_of(obj)
            if owner not in {None, instance}:
                name = "/".join(part for part in (application.namespace, application.name) if part)
                place = f"{obj.get('kind')}/{metadata_of(obj).get('name')}"
                other = str(owner).replace("_", "/")
                return f"Shared resource found: {place} is part of applications {name} and {other}"
        return ""

    def _ours(self, own: frozenset[str], _: frozenset[str], sort: _Sort) -> How:
        replaces, forces = self._says(own, "Replace") == "true", self._says(own, "Force") == "true"
        recreates = forces or replaces
        return How(
            strategy=_strategy(replaces=replaces, server_side=self._says(own, "ServerSideApply") != "false"),
            validate=self._says(own, "Validate") != "false",
            recreation=Recreation.WHEN_IMMUTABLE
            if recreates and not (replaces and sort is _Sort.HOLDER)
            else Recreation.NEVER,
            takes_over=None if _NO_TAKE_OVER in self.options else CLIENT_SIDE_MANAGERS,
            out_of_sync_only=_OUT_OF_SYNC_ONLY in self.options,
        )

    def _argo_cds(self, own: frozenset[str], live: frozenset[str], sort: _Sort) -> How:
        """Decide as Argo CD does: `Force` only counts on an object, and nothing but server-side apply is strict.

        It asks kubectl to validate, which leaves that to the server and does not tell it so
        (https://github.com/argoproj/argo-cd/issues/16817).
        """
        replaces, forces = "Replace=true" in {*self.options, *own, *live}, "Force=true" in own | live
        server_side = SERVER_SIDE_APPLY in {*self.options, *own} and "ServerSideApply=false" not in own
        strategy = _strategy(replaces=replaces, server_side=server_side)
        return How(
            strategy=strategy,
            validate=False,
            recreation=_recreated_by_argo_cd(strategy, sort, forces=forces),
            takes_over=frozenset() if _NO_TAKE_OVER in self.options else frozenset({KUBECTL}),
            out_of_sync_only=_OUT_OF_SYNC_ONLY in self.options,
            applies_instead=False,
            refusal=_NO_FORCE if forces and strategy is Strategy.SERVER_SIDE else "",
        )

    def _says(self, own: frozenset[str], name: str) -> str:
        """Return the value of an option, the object's own before the application's; empty when neither has it."""
        values = (option.partition("=") for options in (own, self.options) for option in options)
        return next((value for key, _, value in values if key == name), "")


def ignores_extraneous(live: JsonObject) -> bool:
    """Whether an application counts as in sync though this object of it is not in Git."""
    return "IgnoreExtraneous" in options_of(live, COMPARE_OPTIONS)


def approved(application: Application, *, since: str) -> bool:
    """Whether a person has approved of deletions since an operation was started, RFC 3339."""
    try:
        given = datetime.fromisoformat(application.annotation(DELETION_APPROVED))
        return given.tzinfo is not None and given >= datetime.fromisoformat(since)
    except ValueError:
        return False


def in_sync(result: JsonObject, live: JsonObject, ignored: Ignored) -> bool:
    """Whether a comparison finds nothing that a write would do to the live object: ignored fields do not count."""
    if owner_of(result) != owner_of(live):
        return False
    return same(*ignored.compared(comparable(live), comparable(result), live=live))


def _strategy(*, replaces: bool, server_side: bool) -> Strategy:
    if replaces:
        return Strategy.REPLACE
    return Strategy.SERVER_SIDE if server_side else Strategy.CLIENT_SIDE


def _recreated_by_argo_cd(strategy: Strategy, sort: _Sort, *, forces: bool) -> Recreation:
    """Tell when kubectl recreates: `replace --force` always, `apply --force` when it must, and roles' bindings too."""
    if strategy is Strategy.REPLACE:
        return Recreation.ALWAYS if forces and sort is not _Sort.HOLDER else Recreation.NEVER
    if strategy is Strategy.CLIENT_SIDE and (forces or sort is _Sort.BINDING):
        return Recreation.WHEN_IMMUTABLE
    return Recreation.NEVER


def _sort(manifest: JsonObject) -> _Sort:
    kind, api_version = manifest.get("kind"), manifest.get("apiVersion")
    if kind in _BINDINGS and api_version == _RBAC:
        return _Sort.BINDING
    return _Sort.HOLDER if (api_version, kind) in _HOLDERS else _Sort.USUAL


@lru_cache(maxsize=256)
def _writes(options: tuple[str, ...], by_argo_cd: bool) -> Writes:  # noqa: FBT001 - a cache keys by position
    return Writes(options, by_argo_cd)
