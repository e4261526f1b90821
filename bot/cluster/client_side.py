"""Client-side apply: what `kubectl apply` and Argo CD's default strategy send, dry or for real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.cluster.errors import ApiRefused
from bot.cluster.objects import collection_path, object_path
from bot.engine.patches import json_merge, strategic
from bot.engine.patches.directives import Unmergeable
from bot.engine.patches.hand_over import CLIENT_SIDE_MANAGERS, hand_over
from bot.engine.patches.last_applied import annotated, last_applied_of
from bot.errors import Rejected
from bot.model.resources import JsonObject, ResourceKey, group_of, metadata_of

if TYPE_CHECKING:
    from bot.cluster.objects import Apply, Cluster
    from bot.engine.patches.schema import MergeSchema
    from bot.model.resources import ResourceType

_CONFLICTS: Final = 5
"""How often an object that has changed meanwhile is read and patched again (kubectl's `maxPatchRetry`)."""
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_JSON_MERGE: Final = "application/merge-patch+json"

# Of the groups that Kubernetes itself serves these are unknown to kubectl's own types, which it turns to when it
# cannot make a strategic merge patch; then it sends a JSON merge patch.
_UNTYPED: Final = frozenset({"apiextensions.k8s.io", "apiregistration.k8s.io"})


class ClientSide:
    """Applies to one cluster on the client's side, in the name of `manager`; safe to use from threads."""

    def __init__(self, cluster: Cluster, *, manager: str) -> None:
        self._cluster = cluster
        self.manager = manager
        """Owner of every field that is written: `argocd-controller` for Argo CD, or `kubectl-client-side-apply`."""

    def apply(self, apply: Apply, live: JsonObject | None, *, dry_run: bool = False) -> JsonObject:
        """Bring `live` to a manifest, or create it if it is None; return what the server holds (or, dry, would hold).

        `live` itself is the answer when there is nothing to send. Raises ApiRefused for what the server refuses, or
        what no patch can be made of; UnknownKind for a kind that is not served.
        """
        target = self._target(apply, dry_run=dry_run)
        if live is None:
            return self._create(target)
        if live.get("apiVersion") != apply.manifest.get("apiVersion"):
            live = self._cluster.server.get(target.path)
        for _ in range(_CONFLICTS):
            try:
                return self._patch(target, live)
            except ApiRefused as error:
                if error.reason != "Conflict":
                    raise
            live = self._cluster.server.get(target.path)
        return self._patch(target, live)

    def _target(self, apply: Apply, *, dry_run: bool) -> _Target:
        if not metadata_of(apply.manifest).get("name"):
            raise _invalid("an object without a name cannot be applied, as nothing says which one it would be")
        try:
            key = ResourceKey.of(apply.manifest)
        except Rejected as error:
            raise _invalid(error.message) from error
        try:
            wanted = annotated(apply.manifest)
        except (TypeError, RecursionError) as error:
            raise _invalid(f"the object cannot be sent as JSON: {error}") from error
        query = {"fieldManager": self.manager, "fieldValidation": "Strict" if apply.validate else "Ignore"}
        if dry_run:
            query["dryRun"] = "All"
        return _Target(self._cluster.discovery.find(apply.manifest), key, wanted, query)

    def _create(self, target: _Target) -> JsonObject:
        body = _without_nulls(target.wanted)
        body["metadata"].pop("resourceVersion", None)
        path = collection_path(target.kind, namespace=target.key.namespace)
        return self._cluster.server.request("POST", path, query=target.query, body=body)

    def _patch(self, target: _Target, live: JsonObject) -> JsonObject:
        try:
            content, patch = client_side_patch(target.wanted, live, schema=self._cluster.schemas.merging(target.kind))
        except Unmergeable as error:
            raise _invalid(error.message) from error
        if not patch:
            return live
        headers = {"Content-Type": content}
        return self._cluster.server.request("PATCH", target.path, query=target.query, body=patch, headers=headers)


def take_over(cluster: Cluster, live: JsonObject, *, managers: frozenset[str] = CLIENT_SIDE_MANAGERS) -> JsonObject:
    """Make the cluster's own manager the applier of what client-side apply owns in `live`; return the object it is now.

    Nothing of the object changes but who owns which field. Raises ApiRefused, after five conflicts too.
    """
    key = ResourceKey.of(live)
    path = object_path(cluster.discovery.find(live), namespace=key.namespace, name=key.name)
    for attempt in range(_CONFLICTS):
        patch = hand_over(live, to=cluster.manager, managers=managers)
        if patch is None:
            break
        headers = {"Content-Type": _JSON_MERGE}
        try:
            return cluster.server.request(
                "PATCH", path, query={"fieldManager": cluster.manager}, body=patch, headers=headers
            )
        except ApiRefused as error:
            if error.reason != "Conflict" or attempt == _CONFLICTS - 1:
                raise
        live = cluster.server.get(path)
    return live


def client_side_patch(wanted: JsonObject, live: JsonObject, *, schema: MergeSchema | None) -> tuple[str, JsonObject]:
    """Return the patch from `live` to an annotated manifest, and its media type; Unmergeable where kubectl fails."""
    states: dict[str, Any] = {"last_applied": last_applied_of(live), "manifest": wanted, "live": live}
    try:
        if schema is not None:
            try:
                return _STRATEGIC, strategic.three_way(**states, schema=schema)
            except Unmergeable:
                if group_of(str(wanted.get("apiVersion"))) not in _UNTYPED:
                    raise
        return _JSON_MERGE, json_merge.three_way(**states)
    except RecursionError as error:
        raise Unmergeable("the object is nested too deeply to be merged") from error


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be written, and where."""

    kind: ResourceType
    key: ResourceKey
    wanted: JsonObject
    query: dict[str, str]

    @property
    def path(self) -> str:
        return object_path(self.kind, namespace=self.key.namespace, name=self.key.name)


def _without_nulls(value: Any) -> Any:
    """Take out the fields that are null, as kubectl does before it creates; null elements of lists stay."""
    if isinstance(value, dict):
        return {name: _without_nulls(below) for name, below in value.items() if below is not None}
    return [_without_nulls(below) for below in value] if isinstance(value, list) else value


def _invalid(words: str) -> ApiRefused:
    return ApiRefused(422, {"reason": "Invalid", "message": words})
