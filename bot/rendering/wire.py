"""Render requests as they travel to another process: sources whole, places relative to a folder that both have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bot.errors import Rejected
from bot.model.applications import Source
from bot.repository.environment import BuildEnvironment, Place
from bot.repository.render import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_wire(request: RenderRequest, root: Path) -> bytes:
    """Return a request as text; Rejected when its files are not below `root`."""
    return orjson.dumps(
        {
            "repository": _below(root, request.repository),
            "tree": request.tree_id,
            "source": request.source.model_dump(mode="json", by_alias=True),
            "environment": request.environment.to_wire(),
            "refs": _to_wire(request.refs, root),
            "dependencies": _to_wire(request.dependencies, root),
        }
    )


def from_wire(text: bytes, root: Path) -> RenderRequest:
    """Read a request back; Rejected when its files would not be below `root`."""
    wire = orjson.loads(text)
    return RenderRequest(
        repository=_at(root, wire["repository"]),
        tree_id=wire["tree"],
        source=Source.model_validate(wire["source"]),
        environment=BuildEnvironment.of(wire["environment"]),
        refs=_from_wire(wire["refs"], root),
        dependencies=_from_wire(wire["dependencies"], root),
    )


def _to_wire(places: Mapping[str, Place], root: Path) -> dict[str, Any]:
    return {name: [_below(root, place.repository), place.tree_id] for name, place in places.items()}


def _from_wire(wire: Mapping[str, Any], root: Path) -> dict[str, Place]:
    return {name: Place(_at(root, path), tree_id) for name, (path, tree_id) in wire.items()}


def _below(root: Path, path: Path) -> str:
    return str(_inside(root, path).relative_to(root.resolve()))


def _at(root: Path, path: str) -> Path:
    return _inside(root, root / path)


def _inside(root: Path, path: Path) -> Path:
    found = path.resolve()
    if not found.is_relative_to(root.resolve()):
        raise Rejected(f"{path} is not below {root}")
    return found
