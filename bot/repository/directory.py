"""Directories of plain manifests, read as Argo CD does (argo-cd `reposerver/repository/repository.go`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from bot.errors import Rejected
from bot.model.resources import JsonObject, ResourceKey
from bot.repository import jsonnet, manifests
from bot.repository.asked import Asked
from bot.repository.kept import FileKey, FileManifests, KeptFiles
from bot.repository.pointers import refuse_pointer
from bot.repository.tools import SourceOptions
from bot.repository.trees import Entry, EntryKind, Found, Snapshot

MOST_BYTES: Final = 10_000_000
"""Size of all files together; Argo CD's `reposerver.max.combined.directory.manifests.size`."""
SKIP_MARK: Final = b"+argocd:skip-file-rendering"

_LIKE_A_MANIFEST: Final = re.compile(rb"""^[\s{,-]*["']?(apiVersion|kind)["']?\s*:""", re.MULTILINE)
_OF_A_MANIFEST: Final = (b"apiVersion:", b"kind:", b"metadata:")
"""What a file has somewhere that was meant as a manifest, however wrong it is."""


def render(asked: Asked, kept: KeptFiles, *, with_jsonnet: bool = True) -> list[bytes]:
    """Return the manifests of a directory as JSON, files in `kept` without reading them again.

    Rejected names the file, and the line where there is one.
    """
    snapshot = asked.snapshot
    rendered: list[bytes] = []
    total = 0
    for path, blob_id in _files(snapshot, asked.found, asked.options):
        if path.endswith(".jsonnet"):
            rendered.extend(_of_jsonnet(asked, path, blob_id) if with_jsonnet else ())
            continue
        key = FileKey(snapshot.repository, blob_id, path.rpartition(".")[2])
        file = kept.get(key)
        total += file.size if file is not None else snapshot.size(blob_id)
        if total > MOST_BYTES:
            raise Rejected(f"{asked.shown}: its manifests have more than {MOST_BYTES:,} bytes together")
        if file is None:
            file = _file(snapshot.read(blob_id), path)
            kept.put(key, file)
        rendered.extend(file.manifests)
    return rendered


def _of_jsonnet(asked: Asked, path: str, blob_id: str) -> list[bytes]:
    """Return what a jsonnet file evaluates to: its size does not count, and what it imports has a bound of its own."""
    content = asked.snapshot.read(blob_id)
    refuse_pointer(content, path)
    if SKIP_MARK in content:
        return []
    found = jsonnet.evaluated(asked, content, path)
    return [orjson.dumps(one) for place, value in found for one in objects(value, place)]


def _files(snapshot: Snapshot, found: Found, options: SourceOptions) -> Iterator[tuple[str, str]]:
    """Yield path and blob of each file that is rendered, by name."""
    for name, entry in _entries(snapshot, found, recurse=options.recurse):
        path = f"{found.path}/{name}" if found.path else name
        if entry.kind is EntryKind.SUBMODULE and options.recurse:
            raise Rejected(f"{path}: the submodule is not fetched")
        if entry.kind not in (EntryKind.FILE, EntryKind.LINK) or not options.selects(name):
            continue
        if entry.kind is EntryKind.FILE:
            yield path, entry.id
            continue
        # A link to nothing, or to a folder, is passed over as Argo CD does; one that leads out is refused.
        target = snapshot.find(path)
        if target is not None and target.entry.kind is EntryKind.FILE:
            yield path, target.entry.id


def _entries(snapshot: Snapshot, found: Found, *, recurse: bool) -> Iterator[tuple[str, Entry]]:
    if recurse:
        return snapshot.walk(found.entry.id)
    return iter(sorted(snapshot.folder(found.entry.id).items()))


def _file(content: bytes, path: str) -> FileManifests:
    try:
        # Copied: orjson cuts what it returns from a larger piece, and the rest of that is of no use while this is kept.
        encoded = tuple(bytes(memoryview(orjson.dumps(one))) for one in _manifests(content, path))
    except orjson.JSONEncodeError as error:
        raise Rejected(f"{path}: {error}") from error
    return FileManifests(len(content), encoded)


def _manifests(content: bytes, path: str) -> list[JsonObject]:
    refuse_pointer(content, path)
    if SKIP_MARK in content:
        return []
    try:
        documents = (manifests.read_json if path.endswith(".json") else manifests.read)(content, path)
    except Rejected:
        if path.endswith(".json") or _LIKE_A_MANIFEST.search(content):
            raise
        return []
    # As Argo CD, which reads document by document: the first decides whether the file is about something else.
    if documents and not _has_a_kind(documents[0].value) and not all(word in content for word in _OF_A_MANIFEST):
        return []
    return [obj for line, value in documents for obj in objects(value, f"{path}: line {line}")]


def _has_a_kind(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(kind := value.get("kind"), str) and kind != ""


def objects(value: Any, where: str) -> list[JsonObject]:
    """Return the objects in one document, a list taken apart; Rejected names `where` when it is no manifest.

    As Argo CD (`GenerateManifests`): what has `items` is a list, of whichever kind, and a list has no lists in it.
    """
    _refuse_untyped(value, where)
    items = value.get("items")
    if isinstance(items, list):
        return [_object(item, f"{where}: items[{number}]") for number, item in enumerate(items)]
    if "items" in value and items is None and "spec" not in value and "status" not in value:
        return []
    return [_object(value, where)]


def _object(value: Any, where: str) -> JsonObject:
    _refuse_untyped(value, where)
    if value["kind"] == "List":
        raise Rejected(f"{where}: " + ("a List in a list" if "items" in value else "a List without items"))
    try:
        ResourceKey.of(value)
    except Rejected as error:
        raise Rejected(f"{where}: {error.message}") from error
    found: JsonObject = value
    return found


def _refuse_untyped(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise Rejected(f"{where}: a manifest is a mapping, with apiVersion, kind and metadata")
    missing = [name for name in ("apiVersion", "kind") if not isinstance(value.get(name), str)]
    if missing:
        raise Rejected(f"{where}: the manifest has no {' and '.join(missing)}")
