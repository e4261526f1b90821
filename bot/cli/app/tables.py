"""What is said of Applications on a terminal: tables and a page, as `kubectl` and `argocd` lay them out. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.cli.app.glance import PENDING, entries_at, mapping_at, revisions_of, text_at
from bot.engine.diff.lines import visible
from bot.repository.transport import without_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.cli.app.families import Found
    from bot.cli.app.glance import Glance
    from bot.engine.family import Descendant
    from bot.model.resources import JsonObject

_NONE: Final = "<none>"
_SHORT: Final = 10
"""Characters of a commit in a table, as `argocd` shows them."""
_SHA: Final = 40


def applications(seen: Iterable[Glance], *, wide: bool) -> str:
    """Return one line for each Application."""
    header = ["NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS"]
    more = ["REVISION", "REPO", "PATH", "TARGET"] if wide else []
    return table([*header, *more], (_application(one, wide=wide) for one in seen))


def resources(seen: Glance, *, wide: bool) -> str:
    """Return one line for each object of an Application, as it was last compared."""
    header = ["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH"]
    rows = [[*_key(one), text_at(one, "status"), text_at(one, "health", "status")] for one in seen.resources]
    if wide:
        header += ["VERSION", "PRUNE", "MESSAGE"]
        for row, one in zip(rows, seen.resources, strict=True):
            prune = "true" if one.get("requiresPruning") else ""
            row += [text_at(one, "version"), prune, text_at(one, "health", "message")]
    return table(header, rows)


def family(seen: Glance, found: Found, *, wide: bool) -> str:
    """Return one line for each object, below what it has come of; then those that are not there."""
    header = ["KIND/NAME", "NAMESPACE", "STATUS", "HEALTH", *(["GROUP", "VERSION", "MESSAGE"] if wide else [])]
    compared = {_key(one): text_at(one, "status") for one in seen.resources}
    rows = [_grown(one, found, compared, wide=wide) for one in found.members]
    for key in found.missing:
        state = compared.get((key.group, key.kind, key.namespace, key.name), "")
        rows.append([f"{key.kind}/{key.name}", key.namespace, state, "Missing", *([key.group, "", ""] if wide else [])])
    return table(header, rows)


def _grown(one: Descendant, found: Found, compared: Mapping[tuple[str, ...], str], *, wide: bool) -> list[str]:
    member, key, health = one.member, one.member.key, found.health.get(one.member.key)
    mark = f"└{'─' * (2 * one.depth - 1)}" if one.depth else ""
    state = compared.get((key.group, key.kind, key.namespace, key.name), "")
    row = [f"{mark}{key.kind}/{key.name}", key.namespace, state, health.status.value if health is not None else ""]
    return [*row, key.group, member.version, health.message if health is not None else ""] if wide else row


def history(seen: Glance, *, wide: bool) -> str:
    """Return one line for each sync that is remembered, the oldest first."""
    header = ["ID", "DATE", "REVISION", *(["DURATION", "SOURCE"] if wide else [])]
    rows = [[text_at(one, "id"), text_at(one, "deployedAt"), revisions_of(one)] for one in seen.history]
    if wide:
        for row, one in zip(rows, seen.history, strict=True):
            row += [_between(text_at(one, "deployStartedAt"), text_at(one, "deployedAt")), _sources(one)]
    return table(header, rows)


def page(seen: Glance) -> str:
    """Return everything about one Application that a person looks for first."""
    facts = "".join(f"{f'{name}:'.ljust(20)}{inert(value)}\n" for name, value in _facts(seen))
    parts = [facts, *_conditions(seen), *_operation(seen)]
    if seen.resources:
        parts.append(table(["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"], _rows(seen)))
    return "\n".join(parts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out cells in columns; nothing in them can move the cursor, turn the writing or begin a line."""
    lines = [list(header), *([inert(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    laid = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "".join(f"{line}\n" for line in laid)


def inert(value: str) -> str:
    """Return a value on one line, with nothing in it that a terminal obeys, and URLs without users and passwords."""
    return visible(without_user(" ".join(value.split())))


def short(revision: str) -> str:
    """Return revisions as a table shows them: commits by their first characters."""
    return ",".join(one[:_SHORT] if len(one) == _SHA else one for one in revision.split(","))


def _application(seen: Glance, *, wide: bool) -> list[str]:
    spec = mapping_at(seen.obj, "spec")
    row = [seen.name, _cluster(seen), text_at(spec, "destination", "namespace"), text_at(spec, "project")]
    row += [seen.sync, seen.health, seen.policy, _condition_types(seen)]
    if wide:
        row.append(short(seen.revision))
        row += [",".join(text_at(one, name) for one in seen.sources) for name in ("repoURL", "path", "targetRevision")]
    return row


def _cluster(seen: Glance) -> str:
    destination = mapping_at(seen.obj, "spec", "destination")
    return text_at(destination, "server") or text_at(destination, "name")


def _condition_types(seen: Glance) -> str:
    counts = Counter(text_at(one, "type") for one in seen.conditions)
    return ",".join(f"{kind}({count})" if count > 1 else kind for kind, count in counts.items()) or _NONE


def _facts(seen: Glance) -> Iterator[tuple[str, str]]:
    yield "Name", f"{text_at(seen.obj, 'metadata', 'namespace')}/{seen.name}"
    yield "Project", text_at(seen.obj, "spec", "project")
    yield "Server", _cluster(seen)
    yield "Namespace", text_at(seen.obj, "spec", "destination", "namespace")
    for source in seen.sources:
        yield "Source", text_at(source, "repoURL")
        names = {"  Target": "targetRevision", "  Path": "path", "  Chart": "chart", "  Ref": "ref"}
        yield from ((title, value) for title, name in names.items() if (value := text_at(source, name)))
    deleted_at = text_at(seen.obj, "metadata", "deletionTimestamp")
    yield from [("Deletion", f"since {deleted_at}")] if deleted_at else []
    left = ", left alone by its annotation" if seen.is_left_alone else ""
    yield "Sync Policy", seen.policy + left
    yield "Sync Status", f"{seen.sync} at {short(seen.revision)}" if seen.revision else seen.sync
    words = text_at(seen.obj, "status", "health", "message")
    yield "Health Status", f"{seen.health} ({words})" if words else seen.health


def _conditions(seen: Glance) -> Iterator[str]:
    if seen.conditions:
        names = ("type", "message", "lastTransitionTime")
        rows = ([text_at(one, name) for name in names] for one in seen.conditions)
        yield table(["CONDITION", "MESSAGE", "LAST TRANSITION"], rows)


def _operation(seen: Glance) -> Iterator[str]:
    if not seen.phase:
        return
    pending = seen.phase == PENDING
    state = {"operation": mapping_at(seen.obj, "operation")} if pending else seen.state
    begun, ended = text_at(state, "startedAt"), text_at(state, "finishedAt")
    sync = mapping_at(state, "syncResult") or mapping_at(state, "operation", "sync")
    facts = {
        "Operation": "Sync",
        "Sync Revision": revisions_of(sync),
        "Initiated By": _initiator(mapping_at(state, "operation", "initiatedBy")),
        "Phase": seen.phase,
        "Start": begun,
        "Finished": ended,
        "Duration": _between(begun, ended),
        "Message": text_at(state, "message"),
    }
    yield "".join(f"{f'{name}:'.ljust(20)}{inert(value)}\n" for name, value in facts.items() if value)


def _initiator(initiated: JsonObject) -> str:
    return text_at(initiated, "username") or ("automated sync" if initiated.get("automated") else "")


def _rows(seen: Glance) -> Iterator[list[str]]:
    """Yield the objects with what the last operation says of them, then its hooks, which are no objects of Git's."""
    results = list(entries_at(seen.state, "syncResult", "resources"))
    words = {_key(one): text_at(one, "message") for one in results if not one.get("hookType")}
    for one in seen.resources:
        health = text_at(one, "health", "status")
        yield [*_key(one), text_at(one, "status"), health, "", words.get(_key(one), "")]
    for one in results:
        if hook := text_at(one, "hookType"):
            yield [*_key(one), text_at(one, "hookPhase"), "", hook, text_at(one, "message")]


def _key(entry: JsonObject) -> tuple[str, ...]:
    return tuple(text_at(entry, name) for name in ("group", "kind", "namespace", "name"))


def _sources(entry: JsonObject) -> str:
    sources = list(entries_at(entry, "sources")) or [mapping_at(entry, "source")]
    places = (f"{text_at(one, 'repoURL')} {text_at(one, 'path') or text_at(one, 'chart')}".strip() for one in sources)
    return ", ".join(places)


def _between(begun: str, ended: str) -> str:
    try:
        return f"{(datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds():.0f}s"
    except (ValueError, TypeError):
        return ""
