"""Fields of an object as they come: what has another type than expected reads as absent.

A rule that cannot read a field finds no danger in it; the server is who refuses such an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.model.resources import group_of, metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject


def mapping(value: Any, *path: str) -> JsonObject:
    """Return the mapping at `path` below `value`, an empty one when there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[JsonObject]:
    """Return the mappings of a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """Return the texts of a list."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a text, an empty one for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """Return a whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def labels(value: Any) -> dict[str, str]:
    """Return the entries of a mapping that are texts."""
    return {name: entry for name, entry in mapping(value).items() if isinstance(entry, str)}


def kind_of(obj: JsonObject) -> tuple[str, str]:
    """Return API group and kind."""
    return group_of(text(obj.get("apiVersion"))), text(obj.get("kind"))


def namespace_of(obj: JsonObject) -> str:
    """Return the object's namespace, nothing for one of the cluster."""
    return text(metadata_of(obj).get("namespace"))
