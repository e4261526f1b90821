"""ApplicationSets as the control cluster keeps them, and their Applications as their controller writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cluster.applications import APPLICATION, Conflict
from bot.cluster.discovery import UnknownKind
from bot.cluster.errors import ApiRefused
from bot.cluster.objects import object_path
from bot.model.resources import JsonObject, ResourceType, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.cluster.objects import Cluster
    from bot.model.predictions import Refusal

APPLICATION_SET: Final = ResourceType("argoproj.io", "v1alpha1", "ApplicationSet", "applicationsets", namespaced=True)
MANAGER: Final = "foresail-applicationset"
"""Owner of what their controller writes into Applications."""
_JSON_PATCH: Final = {"Content-Type": "application/json-patch+json"}
_MERGE_PATCH: Final = {"Content-Type": "application/merge-patch+json"}


class ApplicationSets:
    """The ApplicationSets of one control cluster; safe to use from threads."""

    def __init__(self, cluster: Cluster, *, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def is_served(self) -> bool:
        """Whether the cluster knows the kind by now; asked anew where it did not."""
        try:
            self._cluster.discovery.find({"apiVersion": APPLICATION_SET.api_version, "kind": APPLICATION_SET.kind})
        except UnknownKind:
            return False
        return True

    def all(self) -> Iterator[JsonObject]:
        """Yield every ApplicationSet; one request per page of 500, none where the cluster does not know the kind."""
        if self.is_served():
            yield from self._cluster.listed(APPLICATION_SET, namespace=self._namespace)

    def get(self, name: str) -> JsonObject | None:
        """Read one; None when there is none."""
        return self._cluster.get(APPLICATION_SET, namespace=self._namespace, name=name)

    def applications(self) -> dict[str, JsonObject]:
        """Read every Application, by name; one request per page of 500."""
        every = self._cluster.listed(APPLICATION, namespace=self._namespace)
        return {str(metadata_of(one)["name"]): one for one in every}

    def write_status(self, applicationset: JsonObject, patch: JsonObject) -> None:
        """Merge `patch` into the status of an ApplicationSet; no error when it has gone meanwhile."""
        path = f"{self._path(applicationset)}/status"
        self._patched(path, {"status": patch}, _MERGE_PATCH)

    def write_metadata(self, applicationset: JsonObject, patch: JsonObject) -> None:
        """Merge `patch` into the metadata; no error when it has gone meanwhile."""
        self._patched(self._path(applicationset), {"metadata": patch}, _MERGE_PATCH)

    def create(self, application: JsonObject) -> None:
        """Create an Application; Conflict when there is one by now."""
        try:
            self._cluster.create(application, manager=MANAGER)
        except ApiRefused as error:
            if error.reason == "AlreadyExists":
                raise Conflict(f"Application {metadata_of(application).get('name')} was made meanwhile") from error
            raise

    def update(self, application: JsonObject, operations: Sequence[JsonObject]) -> None:
        """Carry out a JSON patch; Conflict when the Application is another one than was read, or has gone."""
        metadata = metadata_of(application)
        path = object_path(APPLICATION, namespace=self._namespace, name=str(metadata["name"]))
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        try:
            self._cluster.server.request("PATCH", path, query=query, body=operations, headers=_JSON_PATCH)
        except ApiRefused as error:
            if error.code == 404 or "testing path" in error.message:  # noqa: PLR2004 - HTTP's "not found"
                raise Conflict(f"Application {metadata['name']} changed meanwhile", retry_after=0.1) from error
            raise

    def delete(self, application: JsonObject) -> None:
        """Delete exactly this Application; its finalizers say what goes with it."""
        self._cluster.delete(application, propagation="Background")

    def asked(self, questions: Sequence[Callable[[], None]]) -> list[Refusal | None]:
        """Do many things at once; what the API server refuses is an answer too."""
        return self._cluster.asking(questions)()

    def _path(self, applicationset: JsonObject) -> str:
        return object_path(APPLICATION_SET, namespace=self._namespace, name=str(metadata_of(applicationset)["name"]))

    def _patched(self, path: str, body: JsonObject, headers: dict[str, str]) -> None:
        try:
            self._cluster.server.request("PATCH", path, query={"fieldManager": MANAGER}, body=body, headers=headers)
        except ApiRefused as error:
            if error.code != 404:  # noqa: PLR2004 - HTTP's "not found"
                raise
