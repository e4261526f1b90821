"""Write Applications to standard output in the shape that is asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cli.app import tables
from bot.cli.app.control import without_managed_fields
from bot.cli.app.glance import text_at
from bot.cli.manifests import shown
from bot.cli.outcome import Answer, ManifestFormat, Shape
from bot.cli.output import write
from bot.model.changes import repository_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.cli.app.control import Control
    from bot.cli.app.families import Found
    from bot.cli.app.glance import Glance
    from bot.cli.app.waiting import Conditions, Vigil
    from bot.engine.family import Descendant, Member
    from bot.model.resources import JsonObject

_FORMATS = {Shape.JSON: ManifestFormat.JSON, Shape.YAML: ManifestFormat.YAML}


@dataclass(frozen=True, slots=True)
class Picked:
    """Which Applications are listed; an empty text picks all."""

    selector: str = ""
    """Of labels, as the API server reads it."""
    project: str = ""
    repository: str = ""
    """By any URL that means it."""

    def permits(self, seen: Glance) -> bool:
        """Whether an Application is among them, its labels apart."""
        if self.project and text_at(seen.obj, "spec", "project") != self.project:
            return False
        named = {repository_identity(text_at(one, "repoURL")) for one in seen.sources}
        return not self.repository or repository_identity(self.repository) in named


def listed(control: Control, picked: Picked, shape: Shape) -> None:
    """Write the Applications that are picked, by name."""
    found = [one for one in control.selected(picked.selector) if picked.permits(one)]
    if shape in _FORMATS:
        _document(_list(without_managed_fields(one).obj for one in found), shape)
    elif shape is Shape.NAME:
        _names(one.name for one in found)
    else:
        write(tables.applications(found, wide=shape is Shape.WIDE))
        if not found:
            where = f"namespace {control.within or control.home} of {control.cluster.name}"
            sys.stderr.write(f"no such Applications in {where}; --control-namespace names another\n")


def one(seen: Glance, shape: Shape) -> None:
    """Write one Application."""
    if shape in _FORMATS:
        _document(without_managed_fields(seen).obj, shape)
    elif shape is Shape.NAME:
        _names([seen.name])
    else:
        write(tables.page(seen))


def resources(seen: Glance, shape: Shape) -> None:
    """Write an Application's objects; as names, those that `kubectl get` takes."""
    names = (f"{_kind(entry)}/{text_at(entry, 'name')}" for entry in seen.resources)
    _entries(seen, seen.resources, names, shape, tables.resources)


def family(seen: Glance, found: Found, shape: Shape) -> None:
    """Write objects with what has come of them; as a document, in the shape of Argo CD's trees."""
    if shape in _FORMATS:
        nodes = [_node(one, found) for one in found.members]
        _document({"orphanedNodes" if found.orphaned else "nodes": nodes}, shape)
    elif shape is Shape.NAME:
        _names(f"{_kind(one)}/{text_at(one, 'name')}" for one in (_reference(each.member) for each in found.members))
    else:
        write(tables.family(seen, found, wide=shape is Shape.WIDE))
    if found.unread:
        told(tables.inert(f"foresail: not read, so that nothing is known of it: {'; '.join(found.unread)}"))


def _node(one: Descendant, found: Found) -> JsonObject:
    health = found.health.get(one.member.key)
    node: JsonObject = {**_reference(one.member), "version": one.member.version}
    if one.parent is not None:
        node["parentRefs"] = [_reference(one.parent)]
    if health is not None:
        node["health"] = {"status": health.status.value, "message": health.message}
    return node


def _reference(member: Member) -> JsonObject:
    key = member.key
    named = {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name, "uid": member.uid}
    return {name: value for name, value in named.items() if value}


def history(seen: Glance, shape: Shape) -> None:
    """Write an Application's syncs; as names, their ids."""
    _entries(seen, seen.history, (text_at(entry, "id") for entry in seen.history), shape, tables.history)


def told(line: str) -> None:
    """Write a line about what is going on."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def waited(vigil: Vigil, conditions: Conditions, *, reached: bool) -> Answer:
    """Write how the Applications are in the end, and of those that are not as they should be, how they are instead."""
    seen = sorted(vigil.seen.values(), key=lambda one: one.name)
    write(tables.applications(seen, wide=False))
    if reached:
        return Answer.YES
    missing = [f"{name} was not heard of" for name in sorted(vigil.names - vigil.seen.keys())]
    left = (one for one in seen if one.name not in vigil.met)
    lacking = [f"{one.name} {conditions.lacking(one)}" for one in left]
    told(tables.inert(f"foresail: not within {vigil.timeout:g} s: {'; '.join([*lacking, *missing])}"))
    return Answer.NO


def _entries(
    seen: Glance,
    entries: Sequence[JsonObject],
    names: Iterable[str],
    shape: Shape,
    laid: Callable[..., str],
) -> None:
    if shape in _FORMATS:
        _document({"items": list(entries)}, shape)
    elif shape is Shape.NAME:
        _names(names)
    else:
        write(laid(seen, wide=shape is Shape.WIDE))


def _kind(entry: JsonObject) -> str:
    group = text_at(entry, "group")
    return f"{text_at(entry, 'kind')}.{group}".lower() if group else text_at(entry, "kind").lower()


def _list(objects: Iterable[JsonObject]) -> JsonObject:
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def _names(names: Iterable[str]) -> None:
    write("".join(f"{tables.inert(name)}\n" for name in names))


def _document(document: JsonObject, shape: Shape) -> None:
    write(shown(document, _FORMATS[shape]))
