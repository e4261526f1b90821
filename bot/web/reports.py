"""Full reports, as pages and as files: whoever has the link of one may read that one, and nobody can guess a link.

See docs/decisions/0018-a-link-opens-one-report.md.
"""

from __future__ import annotations

import errno
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import flask

from bot.errors import Rejected, Temporary
from bot.preview.forms import Form
from bot.web.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.preview.files import Kept
    from bot.services import WebServices
    from bot.web.room import Seat

_SILENCE: Final = 10.0
"""Seconds a reader may pause."""
_PIECE: Final = 64 << 10
"""Characters that are sent at a time: a pause is one in which so many are not taken, and not the whole of a file."""
_LONGEST: Final = 120.0
"""Seconds one report may take to be read."""
_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_GONE: Final = "There is no such report, or none any more"
_REMEDY: Final = (
    "Reports are kept for some days after they were told, as many as there is room for. On a change that is open a "
    "comment with the line /foresail preview makes it again, and the comment there then links to it."
)


def reports(services: WebServices) -> flask.Blueprint:
    """Return `/reports/<token>`, and with `?format=` the same as a file."""
    routes = flask.Blueprint("reports", __name__)
    room = Room()

    @routes.get("/reports/<token>")
    def report(token: str) -> flask.Response:
        wanted = flask.request.args.get("format", "")
        if wanted not in {"", *Form}:
            raise Rejected(f"there is no format {wanted[:20]!r}", remedy=f"There is {', '.join(Form)}.")
        if services.reports is None or not services.reports.has(token):
            return _gone()  # and keeps nobody's seat: for that one needs a link
        seat = room.enter(flask.request.remote_addr or "", token, now=time.monotonic())
        if seat is None:
            raise Temporary("too many reports are being read", retry_after=5)
        with ExitStack() as held:
            held.callback(room.leave, seat)
            kept = _find(services, token)
            if kept is None:
                return _gone()
            answer = _answer(kept, wanted, seat)
            answer.call_on_close(held.pop_all().close)
            return answer

    return routes


def _find(services: WebServices, token: str) -> Kept | None:
    from bot.preview.files import Kept

    text = services.reports.find(token) if services.reports is not None else None
    try:
        return None if text is None else Kept.from_json(text)
    except ValueError:
        return None  # another version of Foresail kept it


def _answer(kept: Kept, wanted: str, seat: Seat) -> flask.Response:
    """Return a report as a page, or as the file that is wanted."""
    from bot.preview.files import file_name, written
    from bot.preview.page.page import POLICY

    form = Form(wanted or Form.HTML)
    shown = replace(kept, about=replace(kept.about, offers=not wanted))
    answer = flask.Response(_in_time(written(shown, form), seat), content_type=f"{form.media_type}; charset=utf-8")
    answer.headers.update(_HEADERS)
    answer.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
    if wanted:
        answer.headers.set("Content-Disposition", "attachment", filename=file_name(kept.report, form))
    return answer


def _gone() -> flask.Response:
    from bot.preview.page.page import POLICY, gone

    answer = flask.Response(gone(_GONE, _REMEDY), HTTPStatus.NOT_FOUND, content_type="text/html; charset=utf-8")
    answer.headers.update(_HEADERS)
    answer.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
    return answer


def _in_time(pieces: Iterator[str], seat: Seat) -> Iterator[str]:
    """Yield a report unless it is read too slowly, or somebody else's turn has come.

    Then the connection breaks, so that no half of it seems whole.
    """
    connection = flask.request.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.settimeout(_SILENCE)
    return until(time.monotonic() + _LONGEST, pieces, seat)


def until(end: float, pieces: Iterable[str], seat: Seat) -> Iterator[str]:
    """Yield pieces, none of them long, while it is not `end` on the monotonic clock; ConnectionResetError after it."""
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            if seat.is_over or time.monotonic() > end:
                raise ConnectionResetError(errno.ECONNRESET, "a report was read too slowly")
            yield piece[start : start + _PIECE]
