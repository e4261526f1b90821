"""The comment that answers commands: the newest answer in full, and folded below it everything that was asked before.

It is the only record of what people have asked for and been granted: whoever empties Redis takes nothing away.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import TYPE_CHECKING, Final

from bot.model.answers import Answer, Record
from bot.model.commands import LEAST, Verb
from bot.preview.budget import size
from bot.preview.inert import cell, clipped, code, inert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RECORDED: Final = re.compile(r"\s*<!-- foresail-asked:[\w.-]+: (?P<records>[A-Za-z0-9_-]+=*) -->")
_INSTANCE: Final = re.compile(r"[^A-Za-z0-9_.]+")
_LARGEST: Final = 1 << 20
"""Bytes the records may unpack to."""
_TEXT: Final = 120
_WORDS: Final = 200
"""Characters kept of a command, and of what came of it."""
_SHOWN: Final = 20
"""Earlier commands that are shown."""
_MOST: Final = 100
"""Records that are kept."""
_SHARE: Final = 4
"""The records take no more than one in so many bytes of a comment, and what is shown of them no more either."""

USAGE: Final[dict[Verb, tuple[str, str]]] = {
    Verb.PREVIEW: ("preview", "predicts again what merging changes"),
    Verb.DIFF: ("diff APP", "shows what merging changes in one application"),
    Verb.EXPLAIN: ("explain [APP]", "says which applications it touches and why, or what one is rendered from"),
    Verb.APPROVE: (
        "approve [COMMIT]",
        "has a change from a fork rendered at this commit, or a held sync go on",
    ),
    Verb.SYNC: ("sync [APP…]", "syncs to what was merged, also where that does not happen by itself"),
    Verb.HOLD: (
        "hold [APP…] [for 2h] [because …]",
        "has nothing delivered by itself until then, or until it is released",
    ),
    Verb.RELEASE: ("release [APP…]", "ends a hold"),
    Verb.CANCEL: ("cancel [APP…]", "ends the operations that bring what was merged"),
    Verb.RETRY: ("retry [APP…]", "tries again what failed"),
    Verb.ROLLBACK: ("rollback [APP…]", "goes back to what was there before the merge, and holds it there"),
    Verb.HELP: ("help", "shows this"),
}


def asked_marker(instance: str) -> str:
    """Return what the comment of `instance` that answers begins with."""
    return f"<!-- foresail-asked:{_INSTANCE.sub('-', instance)}:"


def records_in(body: str) -> tuple[Record, ...]:
    """Read back the records of a comment; none from one that is not as it was written."""
    found = _RECORDED.match(body)
    if found is None:
        return ()
    try:
        packed = zlib.decompressobj().decompress(base64.urlsafe_b64decode(found["records"]), _LARGEST)
        return tuple(Record.from_json(one) for one in json.loads(packed))
    except (binascii.Error, zlib.error, ValueError, TypeError, KeyError, RecursionError):
        return ()


def recorded(record: Record) -> Record:
    """Return a record as short as it is kept."""
    kept = {"text": clipped(record.text, _TEXT), "words": clipped(" ".join(record.words.split()), _WORDS)}
    return Record(**{**record.to_json(), **kept})


def answers(instance: str, now: Sequence[tuple[Record, Answer]], before: Iterable[Record], *, budget: int) -> str:
    """Write the comment: `now` is what is answered, `before` what was; at most `budget` bytes of UTF-8."""
    earlier = sorted((one for one in before), key=lambda one: one.order, reverse=True)
    head = _head(instance, [*(record for record, _ in reversed(now)), *earlier], room=budget // _SHARE)
    foot = _earlier(earlier, room=budget // _SHARE)
    room = (budget - size(head) - size(foot)) // max(1, len(now))
    return f"{head}{''.join(_answer(*one, room=room) for one in now)}{foot}"


def _head(instance: str, records: Sequence[Record], *, room: int) -> str:
    """Write the hidden line: the newest records, and every approval before any other, as room allows."""
    by_worth = sorted(records, key=lambda one: not one.approves)[:_MOST]
    while True:
        kept = sorted(by_worth, key=lambda one: one.order)
        packed = zlib.compress(json.dumps([one.to_json() for one in kept]).encode(), 9)
        line = f"{asked_marker(instance)} {base64.urlsafe_b64encode(packed).decode()} -->\n"
        if size(line) <= room or not by_worth:
            return line
        by_worth = by_worth[: len(by_worth) * 3 // 4]


def _answer(record: Record, answer: Answer, *, room: int) -> str:
    title = f"> {code(clipped(record.text, _TEXT))} · {code(record.author)}\n\n"
    words = f"{'' if answer.done else '❌ '}{inert(answer.words)}\n\n" if answer.words else ""
    details = f"{answer.details}\n" if answer.details else ""
    if size(title + words + details) > room:
        details = "_The answer is larger than a comment may be._\n\n" if details else ""
    return f"{title}{words}{details}"


def _earlier(records: Sequence[Record], *, room: int) -> str:
    """Write the table of what was asked before, newest first."""
    head = "<details><summary>Asked before</summary>\n\n| when | who | asked | at | |\n|---|---|---|---|---|\n"
    end = "\n</details>\n"
    left = room - size(head) - size(end)
    rows = ""
    for record in records[:_SHOWN]:
        row = _row(record)
        left -= size(row)
        if left < 0:
            break
        rows += row
    return f"{head}{rows}{end}" if rows else ""


def _row(record: Record) -> str:
    when = code(record.at.replace("T", " ").removesuffix("Z")[:16] + " UTC")
    said = f"{'✅' if record.done else '❌'} {inert(record.words)}".rstrip()
    cells = [when, code(record.author), code(record.text), code(record.head[:7]) if record.head else "", said]
    return f"| {' | '.join(map(cell, cells))} |\n"


def help_table(prefix: str) -> str:
    """Return what can be asked for as a Markdown table."""
    rows = [
        f"| {cell(code(f'{prefix} {usage}'))} | {cell(inert(does))} | {LEAST[verb]} |"
        for verb, (usage, does) in USAGE.items()
    ]
    return "\n".join(["| command | does | takes |", "|---|---|---|", *rows, ""])
