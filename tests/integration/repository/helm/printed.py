"""What the helm program itself prints, run as a person would."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.model.resources import JsonObject
from bot.repository import manifests
from bot.repository.directory import objects

_LIMIT = 120


class HelmFailedError(Exception):
    """Helm's own words."""


def printed(helm: Path, folder: Path, chart: str, *arguments: str) -> list[JsonObject]:
    """Return the objects of a chart below `folder`, as a release `shop` in `prod`."""
    command = [str(helm), "template", "shop", chart, "--namespace", "prod", "--include-crds", *arguments]
    environment = {"HOME": str(folder.parent / "home"), "TZ": "UTC"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise HelmFailedError(done.stderr.decode())
    return [one for _, value in manifests.read(done.stdout, "helm", last_wins=True) for one in objects(value, "helm")]


def without_chance(*renders: list[JsonObject]) -> list[JsonObject]:
    """Return the first of several renders without what they do not have in common, which is put in words."""
    first, *others = renders
    if any(len(one) != len(first) for one in others):
        return first
    return [_common(first[index], *(one[index] for one in others)) for index in range(len(first))]


def _common(first: Any, *others: Any) -> Any:
    if isinstance(first, dict) and all(isinstance(one, dict) and one.keys() == first.keys() for one in others):
        return {key: _common(value, *(one[key] for one in others)) for key, value in first.items()}
    if isinstance(first, list) and all(isinstance(one, list) and len(one) == len(first) for one in others):
        return [_common(value, *(one[index] for one in others)) for index, value in enumerate(first)]
    return first if all(one == first for one in others) else "by chance"


def places(first: Any, second: Any, place: str = "") -> Iterator[str]:
    """Yield where two values are not the same."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            yield from places(first.get(key), second.get(key), f"{place}.{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, one in enumerate(first):
            yield from places(one, second[index], f"{place}[{index}]")
    elif first != second:
        yield place or "everything"
