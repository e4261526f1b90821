"""Applications and projects as the control cluster keeps them: read, and written under optimistic locking."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from bot.cluster.errors import TOO_LARGE, ApiRefused
from bot.cluster.objects import collection_path, object_path
from bot.engine.inheritance import inherited
from bot.engine.projects import DEFAULT, why_not_from
from bot.errors import Rejected, Temporary
from bot.model.applications import Application
from bot.model.names import is_elsewhere, name_in, qualified
from bot.model.projects import AppProject
from bot.model.resources import JsonObject, ResourceType, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bot.cluster.objects import Cluster
    from bot.engine.homes import Homes
    from bot.engine.inheritance import GlobalProject

_Found = TypeVar("_Found")
_log = structlog.get_logger()

APPLICATION: Final = ResourceType("argoproj.io", "v1alpha1", "Application", "applications", namespaced=True)
PROJECT: Final = ResourceType("argoproj.io", "v1alpha1", "AppProject", "appprojects", namespaced=True)
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_AT_ONCE: Final = 8
"""Applications that are read at a time."""
_MANY: Final = 16
_SHARE: Final = 4
"""Where one Application in so many is wanted, and many are, reading all of them in pages costs less."""
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_LONGEST_NAME: Final = 253
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names"""
_KEPT_SECONDS: Final = 5.0


class Conflict(Temporary):
    """Somebody else changed the Application since it was read; read it again and decide anew."""


class RecordTooLarge(Rejected):
    """An Application would become larger than the API server keeps: nothing was written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An Application that cannot be used."""

    name: str
    message: str
    repositories: tuple[str, ...]
    """URLs of its sources, as far as they can be read."""

    @classmethod
    def of(cls, obj: JsonObject, message: str, *, home: str) -> Problem:
        """Note what is wrong with an Application; `home` is the control namespace."""
        return cls(name_in(obj, home=home), message, repositories_of(obj))


@dataclass(frozen=True, slots=True)
class Inventory:
    """Applications of the control cluster, the unusable ones with what is wrong with them."""

    applications: tuple[Application, ...]
    problems: tuple[Problem, ...]


def _none(_project: str) -> AppProject | None:
    return None


class Applications:
    """The Applications of one control cluster, by qualified name; safe to use from threads.

    None but those of the namespaces that are ours is ever read or written, and none is usable of which the project does
    not say that it may live there.
    """

    def __init__(
        self, cluster: Cluster, *, homes: Homes, project_of: Callable[[str], AppProject | None] = _none
    ) -> None:
        """Read nothing yet; without `project_of` no project says anything."""
        self._cluster = cluster
        self.homes = homes
        self._project_of = project_of

    def parsed(self, obj: JsonObject) -> Application:
        """Read an Application as the API server has it; Rejected when it is unusable, or may not use its project."""
        application = Application.parse(obj, home=self.homes.control)
        if is_elsewhere(application.name):
            project = self._project_of(application.spec.project or DEFAULT)
            if words := why_not_from(project, application):
                raise Rejected(words, remedy="A project says in its sourceNamespaces who may use it from where.")
        return application

    def all(self) -> Inventory:
        """Read every Application; one request per namespace and page of 500."""
        return self._inventory(self._listed())

    def count(self) -> int | None:
        """Ask how many Applications there are where we look, ours and others, which is one small request per namespace.

        None where the server does not say.
        """
        counts = list(self._everywhere(self._counted))
        return None if None in counts else sum(filter(None, counts))

    def _counted(self, place: str) -> Iterator[int | None]:
        path = collection_path(APPLICATION, namespace=place)
        page = self._cluster.server.request("GET", path, query={"limit": "1"}, headers={"Accept": _METADATA})
        more = metadata_of(page)
        if more.get("continue") and more.get("remainingItemCount") is None:
            yield None
        else:
            yield len(page.get("items") or []) + int(more.get("remainingItemCount") or 0)

    def names(self) -> frozenset[str]:
        """Ask which Applications there are, usable or not; as many requests as `all`, of metadata alone."""
        return frozenset(filter(None, (self.homes.name_of(one) for one in self._everywhere(self._metadata))))

    def _metadata(self, place: str) -> Iterator[JsonObject]:
        path, query = collection_path(APPLICATION, namespace=place), {"limit": "500"}
        while True:
            page = self._cluster.server.request("GET", path, query=query, headers={"Accept": _METADATA})
            yield from page.get("items") or []
            token = metadata_of(page).get("continue")
            if not token:
                return
            query = {"limit": "500", "continue": str(token)}

    def _listed(self) -> Iterator[JsonObject]:
        found = self._everywhere(lambda place: self._cluster.listed(APPLICATION, namespace=place))
        return (one for one in found if self.homes.name_of(one))

    def _everywhere(
        self, read: Callable[[str], Iterator[_Found]], among: Sequence[str] | None = None
    ) -> Iterator[_Found]:
        """Yield what there is in each namespace; what may not be read of one must not keep us from all others."""
        for place in self.homes.places if among is None else among:
            try:
                yield from read(place)
            except ApiRefused as error:
                if place in {"", self.homes.control} or error.code != HTTPStatus.FORBIDDEN:
                    raise
                _log.warning("applications of a namespace may not be read", namespace=place, reason=error.message)

    def named(self, names: Iterable[str]) -> Inventory:
        """Read some Applications by name and leave out those that do not exist.

        That is a request each, several at once; where it is a good part of all, one per page of 500.
        """
        wanted = frozenset(names)
        if len(wanted) >= _MANY and len(wanted) * _SHARE > (self.count() or 0):
            return self._inventory(obj for obj in self._listed() if self.homes.name_of(obj) in wanted)
        if not wanted:
            return Inventory((), ())
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted)), thread_name_prefix="applications") as threads:
            return self._inventory(obj for obj in threads.map(self._readable, sorted(wanted)) if obj is not None)

    def _readable(self, name: str) -> JsonObject | None:
        return next(
            self._everywhere(lambda _: filter(None, [self.read(name)]), among=[self.homes.split(name)[0]]), None
        )

    def read(self, name: str) -> JsonObject | None:
        """Read one Application as the cluster has it, usable or not; None when there is none."""
        # What cannot be an object's name is not asked for: it may be a megabyte that somebody wrote into a file.
        namespace, own = self.homes.split(name)
        if len(name) > 2 * _LONGEST_NAME or not (_NAME.fullmatch(own) and _NAME.fullmatch(namespace)):
            return None
        # Called otherwise than by its one name it would be locked, queued and told of apart from itself.
        if qualified(namespace, own, home=self.homes.control) != name or not self.homes.allows(namespace):
            return None
        return self._cluster.get(APPLICATION, namespace=namespace, name=own)

    def get(self, name: str) -> Application | None:
        """Read one Application; None when there is none; Rejected when its spec is unusable."""
        obj = self.read(name)
        return None if obj is None else self.parsed(obj)

    def update(self, application: Application, patch: JsonObject) -> Application:
        """Merge `patch` into the Application as it was read and return it as it is now.

        Raises Conflict when it changed in between, RecordTooLarge, Rejected when it is gone, ValueError when it was
        never read from the cluster: without a version, nothing would guard the write.
        """
        if not application.resource_version:
            raise ValueError(f"Application {application.name} was not read from a cluster")
        metadata: JsonObject = {
            "name": application.short_name,
            "namespace": application.namespace,
            "resourceVersion": application.resource_version,
        }
        return Application.parse(self.patch({"metadata": metadata}, patch), home=self.homes.control)

    def patch(self, obj: JsonObject, patch: JsonObject) -> JsonObject:
        """Do the same for an Application as the cluster has it, which need not be usable."""
        read = metadata_of(obj)
        guarded = {**patch, "metadata": {**metadata_of(patch), "resourceVersion": read["resourceVersion"]}}
        try:
            return self._cluster.server.request(
                "PATCH",
                object_path(APPLICATION, namespace=read["namespace"], name=read["name"]),
                query={"fieldManager": "foresail-controller"},
                body=guarded,
                headers={"Content-Type": "application/merge-patch+json"},
            )
        except ApiRefused as error:
            if error.reason == "Conflict":
                raise Conflict(f"Application {read['name']} changed meanwhile", retry_after=0.1) from error
            if error.reason == TOO_LARGE:
                raise RecordTooLarge(
                    f"the application has too many objects for its record ({error.message})",
                    remedy="Split it into several applications.",
                ) from error
            raise

    def apply(self, manifest: JsonObject) -> JsonObject:
        """Create an Application of the control namespace, or bring the fields of `manifest` there."""
        query = {"fieldManager": "foresail-root", "force": "true", "fieldValidation": "Strict"}
        path = object_path(APPLICATION, namespace=self.homes.control, name=str(metadata_of(manifest).get("name")))
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return self._cluster.server.request("PATCH", path, query=query, body=manifest, headers=headers)

    def _inventory(self, objects: Iterable[JsonObject]) -> Inventory:
        applications: list[Application] = []
        problems: list[Problem] = []
        for obj in objects:
            try:
                applications.append(self.parsed(obj))
            except Rejected as error:
                problems.append(Problem.of(obj, error.message, home=self.homes.control))
        return Inventory(tuple(applications), tuple(problems))


class Projects:
    """The AppProjects of one control cluster, each read at most every few seconds; safe to use from threads."""

    def __init__(self, cluster: Cluster, *, namespace: str, above: Sequence[GlobalProject] = ()) -> None:
        """Read nothing yet; `above` are those that others have something of."""
        self._cluster = cluster
        self._namespace = namespace
        self._above = above
        self._kept: dict[str, tuple[float, AppProject | None]] = {}

    def find(self, name: str) -> AppProject | None:
        """Return a project with what it inherits; None when there is none; raises Rejected when one cannot be read."""
        found = self._read(name)
        return inherited(found, self._above, self._read) if found is not None and self._above else found

    def _read(self, name: str) -> AppProject | None:
        until, project = self._kept.get(name, (0.0, None))
        if time.monotonic() >= until:
            obj = self._cluster.get(PROJECT, namespace=self._namespace, name=name)
            project = None if obj is None else AppProject.parse(obj)
            self._kept[name] = (time.monotonic() + _KEPT_SECONDS, project)
        return project


def repositories_of(obj: JsonObject) -> tuple[str, ...]:
    """Return the URLs of an Application's sources, as far as they can be read."""
    spec = obj.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    several = spec.get("sources")
    sources = [spec.get("source"), *(several if isinstance(several, list) else [])]
    urls = (source.get("repoURL") for source in sources if isinstance(source, dict))
    return tuple(url for url in urls if isinstance(url, str))
