"""What an API server says of its kinds, in its OpenAPI v3 documents: one for each group and version."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.cluster.errors import ApiRefused
from bot.engine.diff.custom_lists import lists_in
from bot.engine.diff.schema import NO_TYPES
from bot.engine.patches.schema import MergeField, MergeSchema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.cluster.connection import ApiServer
    from bot.engine.diff.schema import Types
    from bot.model.resources import JsonObject, ResourceType

_FRESH: Final = 600.0
"""Seconds until a document is read again: servers are upgraded, and definitions change."""
_EARLY: Final = 5.0
"""Seconds until one is read again that lacks a kind: a server describes a new one a moment after it serves it."""
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_KIND: Final = "x-kubernetes-group-version-kind"
_STRATEGY: Final = "x-kubernetes-patch-strategy"
_MERGE_KEY: Final = "x-kubernetes-patch-merge-key"
_RETAIN_KEYS: Final = "retainKeys"
_REFERENCE: Final = "#/components/schemas/"
_DEEPEST: Final = 32
"""Definitions written inside each other, without a name; Kubernetes' own are at most 2 deep."""


@dataclass(frozen=True, slots=True)
class _Document:
    """What is kept of one document: a hundredth of it."""

    schemas: Mapping[str, MergeSchema]
    """By kind; those that a strategic merge patch can be sent for."""
    lists: Mapping[str, Types]
    """By kind, of all others: which of their lists are sets or maps."""
    read_at: float

    def holds(self, kind: str) -> bool:
        """Whether it need not be read again for a kind."""
        described = kind in self.schemas or kind in self.lists
        return time.monotonic() < self.read_at + (_FRESH if described else _EARLY)


class Schemas:
    """The schemas of one API server, as far as they are of use; safe to use from threads."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._documents: dict[str, _Document] = {}

    def merging(self, kind: ResourceType) -> MergeSchema | None:
        """Return how a kind is merged; None for custom resources and whatever else takes JSON merge patches only."""
        return self._document(kind).schemas.get(kind.kind)

    def lists(self, kind: ResourceType) -> Types:
        """Return which lists of a custom resource are sets or maps; nothing where that may not be read."""
        try:
            return self._document(kind).lists.get(kind.kind, NO_TYPES)
        except ApiRefused:
            return NO_TYPES

    def _document(self, kind: ResourceType) -> _Document:
        with self._lock:
            known = self._documents.get(kind.api_version)
            if known is None or not known.holds(kind.kind):
                known = self._documents[kind.api_version] = self._read(kind)
            return known

    def _read(self, kind: ResourceType) -> _Document:
        root = "apis" if kind.group else "api"
        try:
            document = self._server.get(f"/openapi/v3/{root}/{kind.api_version}")
        except ApiRefused as error:
            if error.code != 404:  # noqa: PLR2004 - HTTP's "not found": some aggregated servers describe nothing
                raise
            document = {}
        merged = merge_schemas(document, group=kind.group, version=kind.version)
        found = _described(document, kind.group, kind.version)
        lists = {name: lists_in(one, f"{kind.group}/{name}") for name, one in found if name not in merged}
        return _Document(merged, lists, time.monotonic())


def merge_schemas(document: JsonObject, *, group: str, version: str) -> dict[str, MergeSchema]:
    """Return how the kinds of an OpenAPI v3 document are merged, by kind.

    https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3; a kind is left out when none of its paths
    takes a strategic merge patch.
    """
    merged = set(_kinds_merged(document, group, version))
    components = _components(document)
    definitions: dict[str, dict[str, MergeField]] = {}
    for name, definition in components.items():
        _define(definitions, name, definition)
    return {
        kind: MergeSchema(definitions, name)
        for name, definition in components.items()
        for kind in _kinds_of(definition, group, version)
        if kind in merged
    }


def _described(document: JsonObject, group: str, version: str) -> Iterator[tuple[str, JsonObject]]:
    """Yield each kind with its schema."""
    for definition in _components(document).values():
        yield from ((kind, _mapping(definition)) for kind in _kinds_of(definition, group, version))


def _components(document: JsonObject) -> JsonObject:
    return _mapping(_mapping(document.get("components")).get("schemas"))


def _kinds_of(definition: Any, group: str, version: str) -> Iterator[str]:
    for named in _mapping(definition).get(_KIND) or ():
        if (named.get("group"), named.get("version")) == (group, version):
            yield str(named.get("kind"))


def _kinds_merged(document: JsonObject, group: str, version: str) -> Iterator[str]:
    for path in _mapping(document.get("paths")).values():
        patch = _mapping(_mapping(path).get("patch"))
        named = _mapping(patch.get(_KIND))
        content = _mapping(_mapping(patch.get("requestBody")).get("content"))
        if _STRATEGIC in content and (named.get("group"), named.get("version")) == (group, version):
            yield str(named.get("kind"))


def _define(definitions: dict[str, dict[str, MergeField]], name: str, definition: Any, *, depth: int = 0) -> None:
    """Note the fields of a definition, and of those written inside it."""
    fields = definitions[name] = {}
    if depth > _DEEPEST:
        return
    for field, described in _mapping(_mapping(definition).get("properties")).items():
        schema = _mapping(described)
        value = _resolved(schema.get("items") or schema)
        if reference := value.get("$ref"):
            below = str(reference).removeprefix(_REFERENCE)
        elif schema.get("type") in {"object", "array"}:
            below = f"{name}.{field}"
            _define(definitions, below, value, depth=depth + 1)
        else:
            continue
        fields[field] = _merge_field(schema, below)


def _resolved(schema: Any) -> JsonObject:
    """Return the schema that is meant: `allOf` with one member is how a reference stands beside a description."""
    parts = _mapping(schema).get("allOf")
    return _mapping(parts[0] if isinstance(parts, list) and parts else schema)


def _merge_field(schema: JsonObject, below: str) -> MergeField:
    strategies = str(schema.get(_STRATEGY) or "").split(",")
    retain_keys = _RETAIN_KEYS in strategies
    strategy = next((word for word in strategies if word != _RETAIN_KEYS), "")
    return MergeField(below, strategy, retain_keys=retain_keys, merge_key=str(schema.get(_MERGE_KEY) or ""))


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
