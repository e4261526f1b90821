"""What a change for newer images and charts is called, and what it says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from bot.engine.updates.scalars import shown
from bot.preview.budget import size
from bot.preview.inert import cell, clipped, code

if TYPE_CHECKING:
    from bot.model.updates import Bump, Change, Group

_FOLDER: Final = "updates"
_LONGEST_TITLE: Final = 120
_MOST_PLACES: Final = 20
"""Places that are listed of one image."""
_ROOM: Final = 48 << 10
"""Bytes of the table: GitHub takes 65,536 characters of a description."""
_LONGEST: Final = 200
"""Characters of a version that stands in a file, and of a place."""
_MOST_NAMED: Final = 20
"""Applications, and origins of images, that are named."""
_SHORT: Final = 19
"""Characters of a digest that tell it from others."""
_PLAIN: Final = re.compile(r"v?[0-9]+(?:\.[0-9]+)+(?:-[a-z]+(?:\.[0-9]+)*)?(?: \(sha256:[0-9a-f]{1,12}\))?")
"""A version in which no forge finds a name, a reference or a commit."""
_PUBLISHED: Final = re.compile(r"https://(github\.com|gitlab\.com)/[A-Za-z0-9][\w.-]{0,99}/[A-Za-z0-9][\w.-]{0,99}")
"""What is written as a link that may be followed: anything else a publisher says is only shown."""


def prefix(instance: str, group: Group) -> str:
    """Return what the branches of a group's changes begin with: nobody else's do."""
    word = re.sub(r"[^a-z0-9]+", "-", group.name.lower()).strip("-")[:40]
    whose = f"{group.project} {group.name}" if group.named else group.name
    return f"{instance}/{_FOLDER}/{word}-{_digest(f'{group.named} {whose}')[:8]}/"


def branch(instance: str, group: Group, change: Change) -> str:
    """Return the branch of a change: the same for the same versions, whatever they replace."""
    versions = sorted({f"{bump.thing} {bump.new}" for bump in change.bumps})
    return prefix(instance, group) + _digest("\0".join([change.branch, *versions]))[:12]


def title(group: Group, change: Change) -> str:
    """Return a change's title, and the first line of its commit."""
    things = list(dict.fromkeys((bump.thing, _version(bump.new)) for bump in change.bumps))
    what = f"{things[0][0]} to {things[0][1]}" if len(things) == 1 else f"{len(things)} images and charts"
    return clipped(f"Update {what} in {group.name}", _LONGEST_TITLE)


def commit_message(group: Group, change: Change) -> str:
    """Return what the commit says."""
    lines = dict.fromkeys(_line(bump) for bump in change.bumps)
    return "\n".join([title(group, change), "", *lines])


def body(group: Group, change: Change, links: dict[str, str]) -> str:
    """Return what a change says of itself; `links` is where publishers say that things come from."""
    return "\n".join(_body(group, change, links)) + "\n"


def superseded(instance: str) -> str:
    """Return how the comment begins by which a change is known that we have closed ourselves."""
    return f"<!-- foresail-updates {instance} closed this -->"


def farewell(instance: str, *, successor: str, kept: bool) -> str:
    """Return the comment under a change that we close; `successor` is the one that takes its place, or empty.

    `kept`: its branch stays, as somebody else has pushed to it.
    """
    why = f"Superseded by {successor}." if successor else "This is not wanted any more: it is there, or not asked for."
    more = " Somebody else has pushed to its branch, which is therefore left as it is." if kept else ""
    return f"{superseded(instance)}\n{why}{more}\n"


def _line(bump: Bump) -> str:
    """Say what moves in a commit, where nothing is inert: a forge looks for names and for `fixes #1`."""
    old = _version(bump.old)
    return f"{bump.thing}: {f'{old} -> ' if _PLAIN.fullmatch(old) else ''}{_version(bump.new)}"


def _body(group: Group, change: Change, links: dict[str, str]) -> Iterator[str]:
    yield "| what | from | to | where |"
    yield "|---|---|---|---|"
    yield from _rows(change)
    yield ""
    named = [code(name) for name in group.applications[:_MOST_NAMED]]
    more = len(group.applications) - len(named)
    yield f"For {', '.join(named)}{f' and {more} more' if more > 0 else ''}."
    for thing, link in sorted(links.items())[:_MOST_NAMED]:
        yield ""
        yield f"Its publisher says that {code(thing)} comes from {_link(link)}."
    yield ""
    yield "Close this and it is not opened again for these versions. What you push to its branch is left alone."


def _rows(change: Change) -> Iterator[str]:
    left = _ROOM
    for number, bump in enumerate(change.bumps):
        texts = (bump.thing, clipped(bump.old, _LONGEST), _version(bump.new))
        row = f"| {' | '.join(cell(code(text)) for text in texts)} | {_places(bump)} |"
        left -= size(row) + 1
        if left < 0:
            yield f"| and {len(change.bumps) - number} more | | | |"
            return
        yield row


def _places(bump: Bump) -> str:
    named = (clipped(f"{edit.path}: {shown(edit.way)}", _LONGEST) for edit in bump.edits[:_MOST_PLACES])
    places = [cell(code(text)) for text in named]
    more = len(bump.edits) - len(places)
    return ", ".join([*places, *([f"and {more} more"] if more > 0 else [])])


def _link(link: str) -> str:
    address = link.removesuffix(".git").rstrip("/")
    if not _PUBLISHED.fullmatch(address):
        return code(clipped(link, _LONGEST))
    return f"<{address}> ([releases]({address}/releases))"


def _version(new: str) -> str:
    """Return a version with its digest in short, and without an `@`, behind which a forge would look for somebody."""
    tag, _, digest = new.partition("@")
    if tag.startswith("sha256:"):
        return tag[:_SHORT]
    return f"{tag} ({digest[:_SHORT]})" if digest else tag


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
