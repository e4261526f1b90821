"""Tell what changes in a CustomResourceDefinition by version and path of its schema, where a diff would be endless."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.engine.diff.lines import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject

_MOST: Final = 60
"""Changes that are told one by one."""
_LONGEST: Final = 80
"""Characters of a value."""
_DEEPEST: Final = 100
_WITHIN: Final = frozenset({"properties", "items", "additionalProperties", "description"})


def is_definition(obj: JsonObject) -> bool:
    """Whether an object is a CustomResourceDefinition."""
    return obj.get("kind") == "CustomResourceDefinition" and str(obj.get("apiVersion", "")).startswith(
        "apiextensions.k8s.io/"
    )


def without_schemas(definition: JsonObject) -> JsonObject:
    """Return a definition with the number of fields in place of each version's schema."""
    spec = definition.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(versions, list):
        return definition
    told = [
        {**one, "schema": _counted(_fields(_root(one)))} if isinstance(one, dict) and "schema" in one else one
        for one in versions
    ]
    return {**definition, "spec": {**spec, "versions": told}}


def schema_changes(before: JsonObject, after: JsonObject) -> list[str]:
    """Return the changes of the schemas of versions that both have, as lines of a diff; no more than 62.

    `+ v1 .spec.size: integer` is a field that is added, `- v1 .spec.old: object (3 fields)` one that goes with what is
    in it; both with the same path tell what becomes of one. Descriptions are counted.
    """
    old, new = _versions(before), _versions(after)
    changes = _Changes()
    for name in new:
        if name in old and old[name] != new[name]:
            changes.compare(_root(old[name]), _root(new[name]), f"{name} ")
    lines = [visible(line) for line in changes.lines[: 2 * _MOST]]
    if more := len(changes.lines) - len(lines):
        lines.append(f"  … {more:,} more lines about schemas")
    if changes.descriptions:
        word = "description" if changes.descriptions == 1 else "descriptions"
        lines.append(f"  … {changes.descriptions:,} {word} changed")
    return lines


@dataclass(slots=True)
class _Changes:
    lines: list[str] = field(default_factory=list)
    descriptions: int = 0

    def compare(self, old: JsonObject, new: JsonObject, path: str, depth: int = 0) -> None:
        """Note what differs between two schemas of one place."""
        if old == new:
            return
        if depth > _DEEPEST:
            self.lines.append("  … a schema changes below what can be shown")
            return
        self.descriptions += old.get("description") != new.get("description")
        place = path if path.endswith(("]", "}")) or "." in path else f"{path}(root)"
        for name in sorted((old.keys() | new.keys()) - _WITHIN):
            self._word(place, name, old.get(name), new.get(name))
        before, after = dict(_below(old)), dict(_below(new))
        for step in sorted(before.keys() | after.keys()):
            if step in before and step in after:
                self.compare(before[step], after[step], path + step, depth + 1)
            elif step in after:
                self.lines.append(f"+ {path}{step}: {_summary(after[step])}")
            else:
                self.lines.append(f"- {path}{step}: {_summary(before[step])}")

    def _word(self, place: str, name: str, old: Any, new: Any) -> None:
        if old == new and type(old) is type(new):
            return
        label = "" if name == "type" else f"{name} "
        if old is not None:
            self.lines.append(f"- {place}: {label}{_short(old)}")
        if new is not None:
            self.lines.append(f"+ {place}: {label}{_short(new)}")


def _versions(definition: JsonObject) -> dict[str, JsonObject]:
    spec = definition.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    if not isinstance(versions, list):
        return {}
    return {str(one.get("name", "")): one for one in versions if isinstance(one, dict)}


def _root(version: JsonObject) -> JsonObject:
    schema = version.get("schema")
    root = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
    return root if isinstance(root, dict) else {}


def _below(schema: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Yield the schemas that a schema holds, each with the step that leads there."""
    properties = schema.get("properties")
    if isinstance(properties, dict):
        yield from ((f".{name}", below) for name, below in properties.items() if isinstance(below, dict))
    for name, step in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(name), dict):
            yield step, schema[name]


def _fields(schema: JsonObject, depth: int = 0) -> int:
    if depth > _DEEPEST:
        return 0
    return sum(step.startswith(".") + _fields(below, depth + 1) for step, below in _below(schema))


def _summary(schema: JsonObject) -> str:
    count = _fields(schema)
    kind = str(schema.get("type", "anything"))
    return f"{kind} ({_counted(count)})" if count else kind


def _counted(fields: int) -> str:
    return f"{fields:,} {'field' if fields == 1 else 'fields'}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
