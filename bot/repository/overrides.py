"""What a repository says about its own sources: `.argocd-source.yaml` files, merged onto them as Argo CD does.

Source: argo-cd docs/user-guide/parameters.md, `reposerver/repository/repository.go` (`mergeSourceParameters`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from bot.errors import Rejected
from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository import manifests
from bot.repository.trees import Entry, EntryKind, Snapshot

_FILE: Final = ".argocd-source.yaml"
_FILE_OF: Final = ".argocd-source-{}.yaml"
"""For one application alone; merged after the other."""
_LARGEST: Final = 1_000_000
"""Bytes of an override; Argo CD has no limit, and nobody writes a megabyte of options."""
_TOOLS: Final = ("helm", "kustomize", "directory", "plugin")
"""All that can be overridden: where a source is and which revision of it is the Application's to say."""


def override_files(snapshot: Snapshot, folder_id: str, application: str) -> Iterator[tuple[str, Entry]]:
    """Yield the overrides in a folder that hold for an application, in the order in which they are merged."""
    entries = snapshot.folder(folder_id)
    for name in (_FILE, _FILE_OF.format(application)):
        entry = entries.get(name)
        if entry is not None and entry.kind in (EntryKind.FILE, EntryKind.LINK):
            yield name, entry


def with_overrides(snapshot: Snapshot, source: Source, application: str) -> Source:
    """Return a source as the files beside its manifests change it; the very same where there are none.

    `application` is the name that the file for one application alone carries. Rejected names the file. What the
    overrides say is still only what a person has written: nothing of it is checked beyond its shape.
    """
    # A chart that was fetched is the whole tree.
    found = None if source.only_a_reference else snapshot.find("" if source.chart else source.path)
    if found is None or found.entry.kind is not EntryKind.FOLDER:
        return source
    merged = source
    for name, entry in override_files(snapshot, found.entry.id, application):
        path = f"{found.path}/{name}" if found.path else name
        file = entry if entry.kind is EntryKind.FILE else _behind_link(snapshot, path)
        if file is not None:
            merged = _merged(merged, _patch(snapshot, file, path), path)
    return merged


def _behind_link(snapshot: Snapshot, path: str) -> Entry | None:
    target = snapshot.find(path)
    return target.entry if target is not None and target.entry.kind is EntryKind.FILE else None


def _patch(snapshot: Snapshot, file: Entry, path: str) -> JsonObject:
    if snapshot.size(file.id) > _LARGEST:
        raise Rejected(f"{path}: an override of more than {_LARGEST:,} bytes")
    documents = manifests.read(snapshot.read(file.id), path)
    patch = documents[0].value if len(documents) == 1 else None
    if not isinstance(patch, dict):
        raise Rejected(f"{path}: an override is one mapping, with {', '.join(_TOOLS[:-1])} or {_TOOLS[-1]}")
    return {name: value for name, value in patch.items() if name in _TOOLS}


def _merged(source: Source, patch: JsonObject, path: str) -> Source:
    before = source.model_dump(by_alias=True, exclude_none=True)
    try:
        after = Source.model_validate(_decoded(before, _patched(before, patch)))
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False))
        raise Rejected("\n".join(f"{path}: {line}" for line in lines)) from error
    # Copied, so that what a source knows beside its wire form stays.
    return source.model_copy(update={name: getattr(after, name) for name in _TOOLS})


def _patched(value: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    before = value if isinstance(value, dict) else {}
    kept = {name: below for name, below in before.items() if name not in patch}
    return kept | {name: _patched(before.get(name), below) for name, below in patch.items() if below is not None}


def _decoded(before: Any, after: Any, name: str = "") -> Any:
    """Return what Go has when it reads `after` into the structure that says `before`, as Argo CD does.

    What is left out stays as it was: an override cannot take anything away, and an element of a list keeps fields of
    the element that stood in its place. Only `valuesObject` is replaced as it is.
    """
    if after is None:
        return before
    if name == "valuesObject":
        return after
    if isinstance(before, dict) and isinstance(after, dict):
        return before | {key: _decoded(before.get(key), below, key) for key, below in after.items()}
    if isinstance(before, list) and isinstance(after, list):
        known = [*before, *[None] * len(after)]
        return [_decoded(old, new) for old, new in zip(known, after, strict=False)]
    return after
