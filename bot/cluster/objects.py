"""Objects of one API server: read, apply, dry run, delete."""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain, starmap
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from bot.cluster.discovery import Discovery, UnknownKind
from bot.cluster.errors import ApiRefused, ClusterAway, ServerFailed
from bot.cluster.schemas import Schemas
from bot.engine.clusters import EVERYTHING
from bot.engine.diff.schema import NO_TYPES
from bot.errors import Rejected
from bot.model.predictions import Refusal
from bot.model.resources import JsonObject, ResourceKey, ResourceType, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bot.cluster.connection import ApiServer
    from bot.engine.clusters import Scope
    from bot.engine.diff.schema import Types

FIELD_MANAGER: Final = "foresail"
"""Owner of every field Foresail writes, in dry runs as in syncs: the same request, or the prediction would lie."""

_LIST_FROM: Final = 4
"""From this many objects of a type in a namespace on, one list is cheaper than single reads."""
_MUTATING_KEPT: Final = 1.0
"""Seconds for which it stands whether admission mutates: every step of every operation asks."""
_UNASKED: Final = Refusal("not asked", code=0)
_PAGE: Final = "500"

_Answer = TypeVar("_Answer")
_MUTATING: Final = ("MutatingWebhookConfiguration", "MutatingAdmissionPolicyBinding")


@dataclass(frozen=True, slots=True)
class Apply:
    """One server-side apply, as a sync sends it and as a dry run tries it."""

    manifest: JsonObject
    validate: bool = True
    """False for `Validate=false`: no strict check; what the schema does not know is refused all the same."""


class Cluster:
    """One cluster's objects; safe to use from threads, at most `concurrency` reads and as many dry runs at a time."""

    def __init__(
        self, server: ApiServer, *, concurrency: int = 8, manager: str = FIELD_MANAGER, scope: Scope = EVERYTHING
    ) -> None:
        self.server = server
        self.manager = manager
        """Owner of every field that is applied."""
        self.scope = scope
        """How much of it is managed."""
        self.discovery = Discovery(server)
        self.schemas = Schemas(server)
        self._concurrency = concurrency
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix=f"cluster-{server.name}")
        self._asking = ThreadPoolExecutor(concurrency, thread_name_prefix=f"dry-run-{server.name}")
        self._mutates = (float("-inf"), True)
        """Until when it stands whether admission mutates, on the monotonic clock, and whether it does."""

    @property
    def name(self) -> str:
        """What people call this cluster."""
        return self.server.name

    def acting_as(self, user: str) -> Cluster:
        """Return the same cluster, in which everything but reading is done in another user's name."""
        other = copy(self)
        other.server = self.server.acting_as(user)
        return other

    def close(self) -> None:
        """Let the threads go; requests under way end first."""
        self._threads.shutdown()
        self._asking.shutdown()

    def why_away(self) -> str:
        """Ask whether the server answers us; return in words why it does not, empty when it does."""
        try:
            self.server.check()
        except ApiRefused:
            return ""  # an answer all the same
        except ClusterAway as error:
            return error.message
        except Rejected as error:
            return f"cannot use {self.name}: {error.message} {error.remedy}".rstrip()
        return ""

    def admission_mutates(self) -> bool:
        """Whether some mutating webhook or policy is installed; True also when that may not be read.

        Those that only validate do not count: a sync leaves out what is proven to be in sync, so they are not asked.
        """
        until, mutates = self._mutates
        if time.monotonic() >= until:
            mutates = self._asked_whether_mutates()
            self._mutates = (time.monotonic() + _MUTATING_KEPT, mutates)
        return mutates

    def _asked_whether_mutates(self) -> bool:
        kinds = [self.discovery.preferred("admissionregistration.k8s.io", name) for name in _MUTATING]
        try:
            return any(self._threads.map(self._any_of, [kind for kind in kinds if kind is not None]))
        except ApiRefused:
            return True

    def _any_of(self, kind: ResourceType) -> bool:
        return next(self.listed(kind), None) is not None

    def lists_of(self, obj: JsonObject) -> Types:
        """Return which lists of a custom resource are sets or maps; nothing where nobody serves or describes it."""
        try:
            return self.schemas.lists(self.discovery.find(obj))
        except UnknownKind:
            return NO_TYPES

    def quotas(self) -> list[JsonObject]:
        """Read every ResourceQuota; none when they may not be read: then each object is only weighed alone."""
        kind = self.discovery.preferred("", "ResourceQuota")
        try:
            return list(self.listed(kind)) if kind is not None else []
        except ApiRefused:
            return []

    def get(self, kind: ResourceType, *, namespace: str, name: str) -> JsonObject | None:
        """Read one object; None when there is none."""
        try:
            return self.server.get(object_path(kind, namespace=namespace, name=name))
        except ApiRefused as error:
            if error.code == 404:  # noqa: PLR2004 - HTTP's "not found"
                return None
            raise

    def listed(self, kind: ResourceType, *, namespace: str = "", selector: str = "") -> Iterator[JsonObject]:
        """Yield the objects of a type, in one namespace or in all that are managed; `selector` is about labels.

        Raises ApiRefused for those of no namespace where nothing is managed but some namespaces.
        """
        places = (namespace,) if namespace else self.scope.places(namespaced=kind.namespaced)
        if not places:
            words = f"{kind.plural} of {self.name} are not read: its Secret lists namespaces"
            raise ApiRefused(HTTPStatus.FORBIDDEN, {"reason": "Forbidden", "message": words})
        for place in places:
            yield from self._pages(kind, place, selector)

    def _pages(self, kind: ResourceType, namespace: str, selector: str) -> Iterator[JsonObject]:
        given = {"limit": _PAGE} | ({"labelSelector": selector} if selector else {})
        query = given
        while True:
            page = self.server.request("GET", collection_path(kind, namespace=namespace), query=query)
            for item in page.get("items", []):
                yield {**item, "apiVersion": kind.api_version, "kind": kind.kind}
            token = metadata_of(page).get("continue")
            if not token:
                return
            query = {**given, "continue": str(token)}

    def live(self, wanted: Iterable[JsonObject]) -> dict[ResourceKey, JsonObject]:
        """Read the live counterparts of `wanted` (manifests or anything with apiVersion, kind and name), many at once.

        Objects that do not exist, or whose kind is not served, are not in the answer. One that is wanted in several
        versions of its API is read in the version of its first mention.
        """
        groups: dict[tuple[ResourceType, str], set[str]] = defaultdict(set)
        for obj in wanted:
            try:
                kind = self.discovery.find(obj)
            except UnknownKind:
                continue
            key = ResourceKey.of(obj)
            groups[kind, key.namespace if kind.namespaced else ""].add(key.name)
        jobs = [(kind, namespace, names) for (kind, namespace), names in groups.items()]
        read = [self._threads.submit(self._live_of_type, *job) for job in jobs[1:]]
        found: dict[ResourceKey, JsonObject] = {}
        # One here: to wake another thread takes a good part of the time that a request does.
        for objects in chain(starmap(self._live_of_type, jobs[:1]), (one.result() for one in read)):
            for obj in objects:
                found.setdefault(ResourceKey.of(obj), obj)
        return found

    def _live_of_type(self, kind: ResourceType, namespace: str, names: set[str]) -> list[JsonObject]:
        if len(names) < _LIST_FROM:
            reads = (self.get(kind, namespace=namespace, name=name) for name in sorted(names))
            return [obj for obj in reads if obj is not None]
        return [obj for obj in self.listed(kind, namespace=namespace) if metadata_of(obj).get("name") in names]

    def asking(self, questions: Sequence[Callable[[], _Answer]]) -> Callable[[], list[_Answer | Refusal]]:
        """Begin to ask many at once; the function returned waits for the answers, in the order of `questions`.

        What the API server refuses is an answer too; other errors are raised by the one who waits.
        """
        answers: list[_Answer | Refusal] = [_UNASKED] * len(questions)
        waiting: SimpleQueue[tuple[int, Callable[[], _Answer]]] = SimpleQueue()
        for numbered in enumerate(questions):
            waiting.put(numbered)

        def work() -> None:
            with suppress(Empty):
                while True:
                    number, question = waiting.get_nowait()
                    answers[number] = _asked(question)

        # A future for each thread, not for each question: waking up for every answer costs as much as parsing it.
        threads = [self._asking.submit(work) for _ in range(min(self._concurrency, len(questions)))]

        def answered() -> list[_Answer | Refusal]:
            for thread in threads:
                thread.result()
            return answers

        return answered

    def apply(self, apply: Apply, *, dry_run: bool = False) -> JsonObject:
        """Server-side apply one manifest and return what the server holds afterwards (or, dry, would hold)."""
        key = _key_of(apply.manifest)
        kind = self.discovery.find(apply.manifest)
        query = {
            "fieldManager": self.manager,
            "force": "true",
            "fieldValidation": "Strict" if apply.validate else "Ignore",
        }
        if dry_run:
            query["dryRun"] = "All"
        return self.server.request(
            "PATCH",
            object_path(kind, namespace=key.namespace, name=key.name),
            query=query,
            body=apply.manifest,
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    def create(
        self, manifest: JsonObject, *, validate: bool = True, dry_run: bool = False, manager: str = ""
    ) -> JsonObject:
        """Create one object, in another's name than usual if need be; ApiRefused `AlreadyExists` when there is one."""
        kind = self.discovery.find(manifest)
        namespace = str(metadata_of(manifest).get("namespace") or "")
        query = self._query(validate=validate, dry_run=dry_run, manager=manager)
        return self.server.request("POST", collection_path(kind, namespace=namespace), query=query, body=manifest)

    def replace(
        self, manifest: JsonObject, *, validate: bool = True, dry_run: bool = False, manager: str = ""
    ) -> JsonObject:
        """Put all of an object in place of what is there; a `resourceVersion` in it has to be the live one's."""
        key = _key_of(manifest)
        path = object_path(self.discovery.find(manifest), namespace=key.namespace, name=key.name)
        query = self._query(validate=validate, dry_run=dry_run, manager=manager)
        return self.server.request("PUT", path, query=query, body=manifest)

    def _query(self, *, validate: bool, dry_run: bool, manager: str) -> dict[str, str]:
        query = {"fieldManager": manager or self.manager, "fieldValidation": "Strict" if validate else "Ignore"}
        return query | ({"dryRun": "All"} if dry_run else {})

    def delete(self, obj: JsonObject, *, propagation: str = "Foreground") -> None:
        """Delete exactly this object (its uid is a precondition); no error when it is gone already."""
        key = ResourceKey.of(obj)
        try:
            kind = self.discovery.find(obj)
        except UnknownKind:
            return  # its definition is gone, and every object of the kind with it
        options: JsonObject = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid := metadata_of(obj).get("uid"):
            options["preconditions"] = {"uid": uid}
        try:
            self.server.request("DELETE", object_path(kind, namespace=key.namespace, name=key.name), body=options)
        except ApiRefused as error:
            if error.code not in {404, 409}:
                raise


def without_owners(answer: JsonObject) -> JsonObject:
    """Take `managedFields` out of an answer, in place: half of an object, and nobody asks about those of a dry run."""
    metadata_of(answer).pop("managedFields", None)
    return answer


def _asked(question: Callable[[], _Answer]) -> _Answer | Refusal:
    try:
        return question()
    except UnknownKind as error:
        return Refusal(error.message, code=404, reason="UnknownKind")
    except ApiRefused as error:
        return Refusal(error.message, error.code, error.reason, error.immutable_fields)
    except ServerFailed as error:
        if not error.about_the_object:
            raise
        return Refusal(error.message, code=500, reason="InternalError")


def collection_path(kind: ResourceType, *, namespace: str = "") -> str:
    """Return the URL path of a type's objects, in one namespace or in all.

    Raises ApiRefused for a namespace that would leave the path.
    """
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    place = f"/namespaces/{_segment(namespace)}" if kind.namespaced and namespace else ""
    return f"{root}{place}/{kind.plural}"


def object_path(kind: ResourceType, *, namespace: str, name: str) -> str:
    """Return the URL path of one object; raises ApiRefused for a name that would leave its collection."""
    return f"{collection_path(kind, namespace=namespace)}/{_segment(name)}"


def _key_of(manifest: JsonObject) -> ResourceKey:
    try:
        return ResourceKey.of(manifest)
    except Rejected as error:
        raise ApiRefused(422, {"reason": "Invalid", "message": error.message}) from error


def _segment(name: str) -> str:
    if not name or name in {".", ".."} or "/" in name or "%" in name:
        raise ApiRefused(422, {"reason": "Invalid", "message": f"{name!r} cannot be an object's name"})
    return quote(name, safe=":")
