"""A report as the comments of a change: what matters first, everything else folded, never more than the forge takes.

It writes no word from a file, forge or server but through `inert`, and hides no secret: reports come redacted.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from bot.errors import Rejected
from bot.model.checks import SUMMARY
from bot.model.commands import PREFIX
from bot.model.dangers import Severity
from bot.model.deliveries import DeliveryState
from bot.model.policies import PolicySeverity
from bot.model.reports import counted
from bot.preview import words
from bot.preview.blocks import drifts, effects
from bot.preview.budget import SMALLEST, Block, pack, size
from bot.preview.inert import cell, clipped, code, fence, fenced, inert
from bot.preview.redaction import without_digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model.dangers import ImageChange
    from bot.model.deliveries import Delivery, Epilogue
    from bot.model.reports import ApplicationReport, Report
    from bot.preview.template import Own

MOST_PARTS: Final = 4
"""Comments for one change at most; what is left is in the full report."""

_MESSAGE: Final = 1000
"""Characters shown of one message of a server or tool."""

_NAME: Final = 256
"""Characters shown of a name; Kubernetes' own have up to 253."""

EPILOGUE_ROOM: Final = 2048
"""Bytes of the first comment that are kept free for what becomes of the change."""

MARK_ROOM: Final = 512
"""Bytes of the first comment that are kept free for a line that says what has moved."""

_TIMES_ROOM: Final = 160
"""Bytes of a last line that say how long it took and what was told again: they change with each preview."""

_SPARE: Final = 512
"""Bytes kept free in each comment for counters and for the count of what is missing."""

_ENDLESS: Final = 1 << 40
"""Bytes that no report has."""

_DIGEST: Final = 16
"""Characters that name what is said."""

_INSTANCE: Final = 63
"""Characters of an instance's name that count."""

_MARKS: Final = {
    DeliveryState.HEALTHY: "✅",
    DeliveryState.FAILED: "❌",
    DeliveryState.DELETED: "❌",
    DeliveryState.HELD: "✋",
    DeliveryState.WAITING: "✋",
}

_MARKER: Final = re.compile(
    r"\s*<!-- foresail:(?P<instance>[\w.-]+):(?P<part>\d{1,4})"
    r" of=(?P<of>\d{1,4}) head=(?P<head>[0-9a-f]*) plan=(?P<plan>[0-9a-f]*)"
    r"(?: base=(?P<base>[0-9a-f]*) said=(?P<said>[0-9a-f]*))? -->"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """What the hidden first line of a comment says."""

    instance: str
    part: int
    """1 for the comment that begins with the headline."""
    of: int
    head_sha: str
    plan: str
    base_sha: str = ""
    said: str = ""
    """Digest of what all parts say, and of what that was read from; not of which commits have it, nor of how long
    it took."""

    def __str__(self) -> str:
        """Return the hidden line."""
        words = {"head": self.head_sha, "plan": self.plan, "base": self.base_sha, "said": self.said}
        told = " ".join(f"{name}={re.sub(r'[^0-9a-f]', '', value)}" for name, value in words.items())
        return f"{marker(self.instance)}{self.part} of={self.of} {told} -->"


def marker(instance: str) -> str:
    """Return what every comment of `instance` begins with."""
    return f"<!-- foresail:{re.sub(r'[^A-Za-z0-9_.]+', '-', instance)[:_INSTANCE] or 'default'}:"


def read_marker(body: str) -> Marker | None:
    """Read the marker of a comment; None when it does not begin with one."""
    found = _MARKER.match(body)
    if found is None:
        return None
    part, of, *told = (found[name] or "" for name in ("part", "of", "head", "plan", "base", "said"))
    return Marker(found["instance"], int(part), int(of), *told)


def comments(  # noqa: PLR0913 - each is a matter of its own
    report: Report,
    *,
    instance: str,
    budget: int = 65536,
    report_url: str = "",
    prefix: str = PREFIX,
    own: Own | None = None,
) -> tuple[str, ...]:
    """Write a report as one to four comments of at most `budget` bytes of UTF-8 each (8,192 at least).

    The first keeps `EPILOGUE_ROOM` of it free for what becomes of the change, and `MARK_ROOM` for what has moved.
    `own` is the operator's template of what stands around the differences.
    """
    link = _link(report_url)
    # What is cut must not depend on how long a preview took: the same has to read the same.
    steady = replace(report, seconds=0.0, reused=0)
    start = Marker(instance, 1, 1, report.head_sha, report.plan, report.base_sha, said="0" * _DIGEST)
    room = max(budget, SMALLEST) - size(f"{start}{_foot(steady, link, prefix)}{link}") - _TIMES_ROOM - _SPARE
    reserved = EPILOGUE_ROOM + MARK_ROOM
    head, below = _around(report, room - reserved, link=link, own=own)
    packed = pack(
        _blocks(report),
        first=room - reserved - size(head) - size(below),
        further=room,
        most=MOST_PARTS,
    )
    count = len(packed.parts)
    written = []
    for number, blocks in enumerate(packed.parts, 1):
        opening = head if number == 1 else f"**{report.headline}**, part {number} of {count}\n"
        last = "\nContinued in the next comment.\n" if number < count else _missing(packed.cut, packed.left, link)
        written.append(f"{opening}{blocks}{last}{below if number == 1 else ''}")
    # Where the report is kept is no news of the change: who configures that has nobody told that something moved.
    rest = _missing(packed.cut, packed.left, "")
    told = [text.replace(link, "") if link else text for text in (head, below)]
    said = _said([*told, *packed.parts, rest, report.plan, report.read, *report.clusters])
    foot = _foot(report, link, prefix)
    return tuple(
        f"{replace(start, part=number, of=count, said=said)}\n{text}{foot}" for number, text in enumerate(written, 1)
    )


def _blocks(report: Report) -> list[Block]:
    return [*effects(report), *(drifts(report) if report.shows_drift else ())]


def _around(report: Report, room: int, *, link: str, own: Own | None) -> tuple[str, str]:
    """Return what stands above the differences and below them, in `room` bytes."""
    if own is None:
        return _head(report, room), ""
    try:
        before, after = own.around(_parts(report, room), report, link=link)
    except Rejected as error:
        why = error.message
    else:
        head = f"{_headline(report)}{before}"
        if size(head) + size(after) <= room:
            return head, after
        why = f"what it writes is longer than the {room} bytes that a comment has room for"
    own.tell(why)
    note = f"\n> [!NOTE]\n> - The template of these comments was not used: {_prose(why)}\n"
    return f"{_head(report, room - size(note))}{note}", ""


def whole(report: Report) -> str:
    """Write all of a report as one text, whatever its size."""
    return answer_about(report, room=_ENDLESS)


def summary(report: Report) -> str:
    """Write what stands above the differences, for a place beside the comments that has room for `SUMMARY` bytes."""
    where = "\nThe differences are in the comment on the change.\n" if report.tells else ""
    return f"{_head(report, SUMMARY - size(where) - _SPARE)}{where}"


def answer_about(report: Report, *, room: int) -> str:
    """Write a report as a part of a comment in `room` bytes of UTF-8 (8,192 at least)."""
    foot = _foot(report, "", "")
    room = max(room, SMALLEST) - size(foot) - _SPARE
    head = _head(report, room)
    packed = pack([*effects(report), *drifts(report)], first=room - size(head), further=0, most=1)
    return f"{head}{packed.parts[0]}{_missing(packed.cut, packed.left, '')}{foot}"


def _said(texts: Iterable[str]) -> str:
    told = without_digests("\0".join(texts))
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]


def _head(report: Report, room: int) -> str:
    """Write all that is not folded."""
    return "".join([_headline(report), *_parts(report, room).values()])


def _headline(report: Report) -> str:
    return f"### {report.headline}\n"


def _parts(report: Report, room: int) -> dict[str, str]:
    """Write each sort of thing within its share, so that none crowds out the others."""
    asked = f"\n**Asked to look at this:** {' '.join(report.reviewers)}\n" if report.reviewers else ""
    asked += "".join(f"\n{_prose(one)}\n" for one in words.approvals(report))
    forbidden, warned = (map(_failure, words.policies(report, one)) for one in PolicySeverity)
    told = words.dangers(report)
    found = {severity: [_danger(one) for one in told if one.severity is severity] for severity in Severity}
    return {
        "opening": _opening(report, room // 8),
        "table": _table(report, room * 3 // 10),
        "reviewers": asked,
        "violations": _alert("CAUTION", forbidden, room // 14),
        "failures": _alert("CAUTION", map(_failure, words.failures(report)), room // 5),
        "cautions": _alert("CAUTION", found[Severity.CAUTION], room // 8),
        "warnings": _alert("WARNING", found[Severity.WARNING], room // 10),
        "policy_warnings": _alert("WARNING", warned, room // 28),
        "neighbours": _alert("NOTE", map(_prose, words.neighbours(report)), room // 20),
        "notes": _alert("NOTE", [*found[Severity.NOTE], *map(_prose, words.remarkable(report))], room // 12),
        "images": _images(report, room // 16) if report.shows_images else "",
    }


def _opening(report: Report, room: int) -> str:
    """Say why there is nothing more to say, where that is so."""
    if report.conflict:
        files = [f"- {code(clipped(path, _MESSAGE))}" for path in report.conflict]
        return f"\n{_prose(words.conflict(report))}\n\n{_limited(files, room, noun='file')}"
    if report.skipped:
        return f"\n{_prose(report.skipped)}\n"
    return "" if report.affected else f"\n{words.considered(report)}\n"


def epilogue_text(epilogue: Epilogue, room: int) -> str:
    """Write what became of a change in at most `room` bytes of UTF-8."""
    head = f"\n**{words.merged(epilogue)}** · {code(epilogue.merge_sha[:7])}\n\n"
    return head + _limited(list(map(_delivery, epilogue.deliveries)), room - size(head), noun="application")


def _delivery(delivery: Delivery) -> str:
    where = f" ({code(clipped(delivery.where, _NAME))})" if delivery.where else ""
    name = code(clipped(delivery.application, _NAME))
    line = f"- {_MARKS.get(delivery.state, '⏳')} {name}{where}: {_prose(words.progress(delivery))}"
    return "\n".join([line, *(f"  - {_prose(difference)}" for difference in delivery.differences)])


def _table(report: Report, room: int) -> str:
    shown = [one for one in report.applications if one.affected or (one.drifted and report.shows_drift)]
    hidden = "" if report.shows_drift or not report.drifted else f"\n{words.hidden_drift(report)}\n"
    if not shown:
        return hidden
    head = f"\n| application | where | + | ~ | {words.MINUS} | drift | |\n|---|---|--:|--:|--:|--:|---|\n"
    rows = [_row(application) for application in sorted(shown, key=lambda each: not each.failures)]
    left = room - size(head) - size(hidden)
    return f"{head}{_limited(rows, left, noun='application', start='| ', end=' | | | | | | |')}{hidden}"


def _row(application: ApplicationReport) -> str:
    changed = application.changes + application.replaces
    numbers: tuple[int | str, ...] = (application.creates, changed, application.deletes, application.drifted)
    if application.failure:
        numbers = ("?",) * len(numbers)
    where = code(clipped(application.where, _NAME)) if application.where else ""
    remarks = inert(clipped("; ".join(words.remarks(application)), _MESSAGE))
    cells = [code(clipped(application.name, _NAME)), where, *map(str, numbers), remarks]
    return f"| {' | '.join(map(cell, cells))} |"


def _alert(kind: str, items: Iterable[str], room: int) -> str:
    """Write a quoted box that the forge colours; nothing without items."""
    lines = ["> - " + item.replace("\n", "\n>   ") for item in items]
    head = f"\n> [!{kind}]\n"
    return head + _limited(lines, room - size(head), noun="line", start="> - ") if lines else ""


def _danger(told: words.Warned) -> str:
    return f"{_prose(told.words)} · {code(told.id)}"


def _images(report: Report, room: int) -> str:
    """Write which image becomes which."""
    rows = [_image(one.name, image) for one in report.applications for image in one.images]
    if not rows:
        return ""
    head = "\n| application | image | becomes | objects |\n|---|---|---|--:|\n"
    return head + _limited(rows, room - size(head), noun="image", start="| ", end=" | | | |")


def _image(application: str, image: ImageChange) -> str:
    cells = [cell(code(clipped(name, _NAME))) for name in (application, image.old, image.new)]
    return f"| {' | '.join([*cells, str(image.workloads)])} |"


def _failure(failure: words.Failure) -> str:
    message = failure.message.strip()
    if "\n" not in message:
        return f"{_prose(failure.subject)}: {_prose(message)}"
    block = fenced(clipped(message, _MESSAGE))
    return f"{_prose(failure.subject)}:\n{fence(block)}\n{block}\n{fence(block)}"


def _prose(text: str) -> str:
    # A list item without a word turns the line above it into a heading.
    return inert(clipped(text, _MESSAGE)) or "…"


def _limited(items: Sequence[str], room: int, *, noun: str, start: str = "- ", end: str = "") -> str:
    """Return as many items as `room` bytes allow, and how many there are more."""
    written = ""
    left = room - size(f"{start}… and 1000000 more {noun}s{end}\n")
    for number, item in enumerate(items):
        left -= size(item) + 1
        if left < 0:
            return f"{written}{start}… and {counted(len(items) - number, f'more {noun}')}{end}\n"
        written += f"{item}\n"
    return written


def _missing(cut: int, left: int, link: str) -> str:
    """Say exactly what found no room."""
    parts = []
    if left:
        parts.append(f"{counted(left, 'difference')} {'is' if left == 1 else 'are'} not shown")
    if cut:
        parts.append(f"{counted(cut, 'difference')} {'is' if cut == 1 else 'are'} cut short")
    if not parts:
        return ""
    where = f": see the {link}" if link else ": more than the comments can hold"
    return f"\n**{', '.join(parts).capitalize()}**{where}\n"


def _foot(report: Report, link: str, prefix: str) -> str:
    said = []
    if report.clusters:
        said.append(f"predicted by {inert(clipped(', '.join(report.clusters), _NAME))}")
    base = f"{clipped(report.base_branch, _NAME // 2)}@{report.base_sha[:7]}"
    said.append(f"{code(report.head_sha[:7])} into {code(base)}")
    if report.plan:
        said.append(f"plan {code(report.plan[:8])}")
    said.append(words.duration(report.seconds))
    if again := words.reused(report):
        said.append(again)
    if link:
        said.append(link)
    if prefix:
        said.append(code(f"{prefix} help"))
    return f"\n<sub>{' · '.join(said)}</sub>\n"


def _link(url: str) -> str:
    """Return a Markdown link to the full report; nothing for what is no address of a page."""
    if urlsplit(url).scheme not in {"http", "https"} or len(url) > _MESSAGE:
        return ""
    return f"[full report](<{quote(url, safe=':/?#@!$&+,;=%~')}>)"
