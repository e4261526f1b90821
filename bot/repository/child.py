"""The child that renders: started clean, confined before the first request, gone with its parent.

It reads requests from the socket that is its standard input and writes one answer to each there:
`manifests`, `refused` (words for a person) or `fault` (ours); `spent` asks to be replaced.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Any, Final

import orjson
import pygit2

from bot.errors import ForesailError, Rejected
from bot.model.resources import JsonObject
from bot.repository import confinement, directory, frames
from bot.repository.kustomize import Kustomize
from bot.repository.tools import SourceOptions, Tool
from bot.repository.trees import EntryKind, Found, Snapshot

_CHANNEL: Final = 0
_MAPPED: Final = 256 << 20
"""Bytes of pack files mapped at a time; libgit2's default would fill the address space it is allowed."""


def main(arguments: str) -> None:
    """Confine this process as `arguments` (JSON) say and answer requests until the parent hangs up."""
    setup = orjson.loads(arguments)
    confinement.die_with_parent(setup["parent"])
    home = Path.cwd()
    kustomize = Kustomize(Path(setup["kustomize"]), home)
    confined = {"network": confinement.leave_network(), "files": confinement.write_only_below(home)}
    confinement.limit_resources()
    pygit2.settings.mwindow_mapped_limit = _MAPPED
    _send(frames.encode(confined))
    while (request := frames.receive(_receive)) is not None:
        confinement.limit_processor(setup["timeout"])
        _send(_answer(request, kustomize))


def _answer(request: dict[str, Any], kustomize: Kustomize) -> bytes:
    try:
        encoded = frames.encode({"manifests": render(request, kustomize)})
    except ForesailError as error:
        return frames.encode({"refused": _sayable(str(error))})
    except MemoryError:
        memory = confinement.MEMORY >> 20
        return frames.encode({"refused": f"rendering needs more than {memory} MiB of memory", "spent": True})
    except Exception:  # noqa: BLE001 - one bad source must not end the answer to others; the parent logs and replaces us
        return frames.encode({"fault": _sayable(traceback.format_exc(limit=-6)), "spent": True})
    if len(encoded) > frames.LARGEST:
        return frames.encode({"refused": f"the manifests have more than {frames.LARGEST >> 20} MiB", "spent": True})
    return encoded


def render(request: dict[str, Any], kustomize: Kustomize) -> list[JsonObject]:
    """Render one source; Rejected says what is wrong with it."""
    options = SourceOptions.of(request["source"])
    if options.only_a_reference:
        return []
    if options.chart:
        raise Rejected(f"chart {options.chart}: Helm is not supported yet")
    snapshot = Snapshot(request["repository"], request["tree"])
    found = snapshot.find(options.path)
    if found is None:
        raise Rejected(f"{options.path}: path does not exist")
    if found.entry.kind is not EntryKind.FOLDER:
        raise Rejected(f"{options.path}: path is not a folder")
    return _rendered(snapshot, found, options, kustomize)


def _rendered(snapshot: Snapshot, found: Found, options: SourceOptions, kustomize: Kustomize) -> list[JsonObject]:
    names = snapshot.folder(found.entry.id)
    if directory.OVERRIDES in names:
        raise Rejected(f"{found.path or '.'}/{directory.OVERRIDES}: overrides in the repository are not supported yet")
    match options.tool(names):
        case Tool.DIRECTORY:
            return directory.render(snapshot, found, options)
        case Tool.KUSTOMIZE:
            return kustomize.render(snapshot, found, options)
        case Tool.HELM:
            raise Rejected(f"{found.path or '.'}: Helm is not supported yet")
        case Tool.PLUGIN:
            raise Rejected(f"{found.path or '.'}: config management plugins are not supported yet")


def _receive(size: int) -> bytes:
    return os.read(_CHANNEL, size)


def _send(message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[os.write(_CHANNEL, view) :]


def _sayable(words: str) -> str:
    """Return words that JSON can carry: names in Git need not be UTF-8."""
    return words.encode("utf-8", errors="replace").decode("utf-8")
