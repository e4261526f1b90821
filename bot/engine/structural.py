"""What a definition's own schema makes of an object, for as long as no API server serves its kind.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject

_EVERY_OBJECT_HAS: Final = frozenset({"apiVersion", "kind", "metadata"})
_OPEN: Final = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")


def schema_of(definition: JsonObject, api_version: str) -> JsonObject | None:
    """Return the schema of one version of a CustomResourceDefinition; None when it has none, or not that version."""
    spec = definition.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    for version in versions if isinstance(versions, list) else []:
        if (
            isinstance(version, dict)
            and version.get("name") == api_version.rpartition("/")[2]
            and version.get("served")
        ):
            schema = version.get("schema")
            found = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
            return found if isinstance(found, dict) else None
    return None


def with_defaults(obj: JsonObject, schema: JsonObject) -> JsonObject:
    """Return `obj` with the defaults of its structural schema filled in; the argument is left as it is."""
    filled: JsonObject = _filled(copy.deepcopy(obj), schema)
    return filled


def unknown_fields(obj: JsonObject, schema: JsonObject) -> list[str]:
    """Return the paths of fields that the schema does not have: a strict API server refuses them."""
    known = {**_mapping(schema.get("properties")), **dict.fromkeys(_EVERY_OBJECT_HAS, _ANYTHING)}
    return list(_unknown(obj, {**schema, "properties": known}, ""))


_ANYTHING: Final[JsonObject] = {"x-kubernetes-preserve-unknown-fields": True}


def _filled(value: Any, schema: JsonObject) -> Any:
    if isinstance(value, dict):
        properties = _mapping(schema.get("properties"))
        for name, below in properties.items():
            if not isinstance(below, dict):
                continue
            if value.get(name) is None and "default" in below and not (name in value and below.get("nullable")):
                value[name] = copy.deepcopy(below["default"])
            if name in value:
                value[name] = _filled(value[name], below)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            value.update({name: _filled(one, others) for name, one in value.items() if name not in properties})
        return value
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return [_filled(item, items) for item in value]
    return value


def _unknown(value: Any, schema: JsonObject, path: str) -> Iterator[str]:
    if any(schema.get(name) for name in _OPEN):
        return
    if isinstance(value, list):
        items = _mapping(schema.get("items"))
        for number, item in enumerate(value):
            yield from _unknown(item, items, f"{path}[{number}]")
    elif isinstance(value, dict):
        yield from _unknown_members(value, schema, path)


def _unknown_members(value: JsonObject, schema: JsonObject, path: str) -> Iterator[str]:
    properties, others = _mapping(schema.get("properties")), schema.get("additionalProperties")
    for name, below in value.items():
        place = f"{path}.{name}" if path else name
        if name in properties:
            yield from _unknown(below, _mapping(properties[name]), place)
        elif isinstance(others, dict):
            yield from _unknown(below, others, place)
        elif not others:
            yield place


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
