"""Start, go back, and stop: operations written to Applications, for the workers in the cluster to carry out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.cli.app.glance import PENDING, Glance, mapping_at, text_at
from bot.cli.app.tables import short
from bot.cli.app.waiting import Conditions, Vigil
from bot.cluster.applications import Conflict
from bot.cluster.errors import ApiRefused
from bot.engine.sync.history import each_revision, entries_of, is_of_the_same_sources
from bot.engine.sync.start import reason_to_refuse
from bot.errors import Rejected, Temporary
from bot.model.applications import HARD, REFRESH, SKIP_RECONCILE, Application
from bot.model.operations import UNSUPPORTED, Occasion, Operation, Phase
from bot.model.resources import ResourceKey
from bot.model.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cli.app.control import Control
    from bot.model.resources import JsonObject

_TRIES: Final = 10
_LOOK: Final = 60.0
"""Seconds that a look at one Application may take."""
_REVIEW: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks of a sync."""

    revision: str = ""
    """Commit, branch, tag, or version of a chart; empty: what the Application follows, when the operation begins."""
    prune: bool = False
    resources: tuple[ResourceKey, ...] = ()
    dry_run: bool = False
    hooks: bool = True
    """Whether they run."""
    resolve: Callable[[Application, str], str] = lambda _application, revision: revision
    """Finds the commit that is meant."""

    def of(self, application: Application, *, username: str) -> Operation:
        """Return the operation that is asked for; Rejected when it cannot be."""
        target = application.spec.effective_sources[0].target_revision
        if application.spec.automated and not self.dry_run and self.revision not in {"", target}:
            raise Rejected(
                f"{application.name} cannot be synced to {self.revision}: it is synced to {target or 'HEAD'} by itself",
                remedy="Switch spec.syncPolicy.automated off first.",
            )
        revision = self.resolve(application, self.revision)
        info = _info(application, revision)
        retry = Retry.parse(application.spec.sync_policy.retry)
        return Operation(
            revision,
            self.prune,
            info,
            username=username,
            resources=self.resources,
            dry_run=self.dry_run,
            without_hooks=not self.hooks,
            retry=retry,
        )


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a person asks of a rollback."""

    number: int | None
    """Of an entry in the Application's history; None: of the one before the last."""
    prune: bool = False

    def of(self, application: Application, *, username: str) -> Operation:
        """Return the operation that goes back there; Rejected when it cannot be, or would not last."""
        name = application.name
        if application.spec.automated:
            raise Rejected(
                f"{name} cannot be rolled back while its syncs are automated: the next one would undo it",
                remedy="Revert in Git, or switch spec.syncPolicy.automated off first.",
            )
        entry = self._entry(application)
        if not is_of_the_same_sources(application, entry):
            raise Rejected(
                f"{name} had another source at id {text_at(entry, 'id')}: {UNSUPPORTED}",
                remedy="Put that source back into the Application and sync it.",
            )
        revisions = tuple(map(str, entry.get("revisions") or ()))
        revision = text_at(entry, "revision") or next(iter(revisions), "")
        info = _info(application, revision)
        return Operation(revision, self.prune, info, username=username, revisions=revisions)

    def _entry(self, application: Application) -> JsonObject:
        entries = entries_of(application)
        chosen = entries[-2:-1] if self.number is None else [one for one in entries if one.get("id") == self.number]
        if chosen and each_revision(chosen[0]):
            return chosen[0]
        known = ", ".join(text_at(one, "id") for one in entries)
        wanted = "before the last" if self.number is None else f"with id {self.number}"
        raise Rejected(
            f"{application.name} remembers no sync {wanted}", remedy=f"It remembers: {known}." if known else ""
        )


def resource(words: str) -> ResourceKey:
    """Read `GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`, as `argocd app sync --resource` takes it."""
    parts = words.split(":")
    if len(parts) != _PARTS:
        raise Rejected(f"{words!r} names no object", remedy="GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME.")
    group, kind, place = parts
    namespace, _, name = place.rpartition("/")
    return ResourceKey(group, kind, namespace, name)


def username_of(control: Control) -> str:
    """Return who the API server takes us for; empty when it does not say."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = control.cluster.server.request("POST", _REVIEW, body=body)
    except ApiRefused:
        return ""
    return text_at(answer, "status", "userInfo", "username")


def start(control: Control, name: str, operation: Callable[[Application], Operation]) -> Glance:
    """Start the operation that `operation` makes for the Application as it is; return that with it.

    Raises Rejected where a person cannot have one started now, Temporary when the Application keeps changing.
    """

    def begun(seen: Glance) -> JsonObject:
        application = Application.parse(seen.obj, home=seen.home)
        if reason := reason_to_refuse(application):
            raise Rejected(f"{name} {reason}{_running(seen)}", remedy=_remedy(application))
        wire = operation(application).to_wire()
        if Operation.parse(wire) is None:
            raise Rejected(UNSUPPORTED)
        return {"operation": wire}

    return patched(control, name, begun)


def terminate(control: Control, name: str) -> Glance:
    """Have the running operation stopped, or take back one that nobody has begun; Rejected when there is none."""

    def stopped(seen: Glance) -> JsonObject:
        if not mapping_at(seen.obj, "operation"):
            raise Rejected(f"{name} has no operation that could be terminated")
        if seen.phase == PENDING:
            return {"operation": None}
        return {"status": {"operationState": {"phase": Phase.TERMINATING.value}}}

    return patched(control, name, stopped)


def looked_at(control: Control, name: str, *, hard: bool) -> Glance:
    """Have an Application looked at now, and return it as it is then; Rejected where nobody does in time."""

    def asked(seen: Glance) -> JsonObject:
        if seen.is_left_alone:
            raise Rejected(f"{name} is left alone while its annotation {SKIP_RECONCILE} says so")
        return {"metadata": {"annotations": {REFRESH: HARD if hard else "normal"}}}

    patched(control, name, asked)
    if not Vigil(control, frozenset([name]), lambda _line: None, _LOOK).waits(Conditions(looked_at=True)):
        raise Rejected(f"nobody has looked at {name} within {_LOOK:.0f} s", remedy="See whether the controller runs.")
    return control.one(name)


def rest(control: Control, name: str, say: Callable[[str], None], *, timeout: float) -> None:
    """Wait until no operation runs; Rejected when the time is over before."""
    if not Vigil(control, frozenset([name]), say, timeout).waits(Conditions(operation=True)):
        raise Rejected(f"{name} still has an operation that has not ended after {timeout:g} s")


def _info(application: Application, commit: str) -> dict[str, str]:
    """Return what a controller looks for in a finished operation: what was synced, by which definition."""
    target, definition = application.spec.effective_sources[0].target_revision, application.spec.definition
    return Occasion("", target, commit, definition=definition).to_info()


def patched(control: Control, name: str, patch: Callable[[Glance], JsonObject]) -> Glance:
    """Change an Application under optimistic locking, deciding anew whenever somebody else was faster."""
    for _ in range(_TRIES):
        seen = control.one(name)
        try:
            return Glance(control.applications.patch(seen.obj, patch(seen)), seen.home)
        except Conflict:
            continue
    raise Temporary(f"Application {name} keeps changing")


def _running(seen: Glance) -> str:
    revision = text_at(seen.obj, "operation", "sync", "revision")
    return f": {seen.phase} at {short(revision) or 'the newest revision'}" if seen.operates else ""


def _remedy(application: Application) -> str:
    return "Wait for its end (--queue), or terminate it." if application.operation is not None else ""
