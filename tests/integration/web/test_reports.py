"""Full reports over HTTP: for whoever has the link, as page and as files, however slowly they are read."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from email.message import Message
from typing import NamedTuple

import orjson
import pytest
from werkzeug.http import parse_options_header

from bot.preview.files import Kept
from bot.preview.page.page import POLICY, About
from bot.sandbox.installation import Foresail
from bot.sandbox.redis import RedisServer
from bot.store.connection import connect
from bot.store.reports import Reports
from bot.web.room import AT_ONCE
from tests.unit.preview.samples import application, report, resource

KEY = uuid.uuid4().hex
SMALL = Kept(report(application(resource())), About(url="https://github.example/acme/shop/pull/12", made=0.0))
LARGE = Kept(report(application(*(resource(f"web-{number}") for number in range(8_000)))), About())
_PATIENCE = 60.0


class Answer(NamedTuple):
    status: int
    headers: Message
    body: str


@pytest.fixture(scope="module")
def foresail(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foresail]:
    settings = {"FORESAIL_REDIS_URL": redis_server.url, "FORESAIL_REPORT_KEY": KEY}
    with Foresail.start(tmp_path_factory.mktemp("web"), settings, only=("web",)) as running:
        yield running


@pytest.fixture
def reports(redis_url: str) -> Iterator[Reports]:
    connection = connect(redis_url)
    yield Reports(connection, key=KEY, room=64 << 20, days=1)
    connection.close()


def put(reports: Reports, kept: Kept) -> str:
    token = reports.token(kept.report.change)
    sealed = reports.sealed(token, kept.to_json())
    assert sealed is not None
    reports.stage(token, 1, sealed)
    assert reports.show(token, 1)
    return token


def get(foresail: Foresail, path: str) -> Answer:
    try:
        with urllib.request.urlopen(f"{foresail.url}{path}", timeout=_PATIENCE) as answer:  # noqa: S310 - an http address of our own
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read().decode())


@contextmanager
def reading_slowly(foresail: Foresail, path: str) -> Iterator[list[socket.socket]]:
    """Have every seat taken by readers of one report who take the first byte of it and no more."""
    with ExitStack() as held:
        readers = []
        for _ in range(AT_ONCE):
            one = held.enter_context(socket.create_connection(("127.0.0.1", foresail.port), timeout=_PATIENCE))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: foresail\r\n\r\n".encode())
            one.recv(1)
            readers.append(one)
        yield readers


def test_a_link_opens_a_page_that_nothing_foreign_can_join(foresail: Foresail, reports: Reports) -> None:
    answer = get(foresail, f"/reports/{put(reports, SMALL)}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Merging changes 1 resource in 1 application" in answer.body


@pytest.mark.parametrize(
    ("form", "ending", "holds"),
    [("html", "html", "<!doctype html>"), ("markdown", "md", "### Merging"), ("json", "json", '"version": 1')],
)
def test_it_is_had_as_a_file(foresail: Foresail, reports: Reports, form: str, ending: str, holds: str) -> None:
    answer = get(foresail, f"/reports/{put(reports, SMALL)}?format={form}")
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", f"foresail-acme-shop-12-abc1234.{ending}")
    assert holds in answer.body
    if form == "json":
        assert orjson.loads(answer.body)["report"]["applications"][0]["resources"][0]["action"] == "change"
    if form == "html":
        assert "?format=" not in answer.body


@pytest.mark.parametrize("token", ["0" * 48, "nonsense", "%00", "%E2%80%AE", "x" * 4000])
def test_what_is_no_link_opens_nothing_and_says_what_to_do(foresail: Foresail, token: str) -> None:
    answer = get(foresail, f"/reports/{token}")
    assert answer.status == 404
    assert "/foresail preview makes it again" in answer.body
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_what_another_version_kept_is_gone(foresail: Foresail, reports: Reports) -> None:
    token = reports.token("another version")
    sealed = reports.sealed(token, b'{"report": {"of": "another shape"}}')
    assert sealed is not None
    reports.stage(token, 1, sealed)
    reports.show(token, 1)
    assert get(foresail, f"/reports/{token}").status == 404


def test_another_format_is_refused(foresail: Foresail, reports: Reports) -> None:
    answer = get(foresail, f"/reports/{put(reports, SMALL)}?format=../../x")
    assert answer.status == 400
    assert "html, markdown, json" in answer.body


def test_nothing_but_reading_is_answered(foresail: Foresail, reports: Reports) -> None:
    request = urllib.request.Request(f"{foresail.url}/reports/{put(reports, SMALL)}", method="POST")  # noqa: S310 - as above
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(request, timeout=_PATIENCE)  # noqa: S310 - as above


def test_those_who_read_slowly_keep_nobody_from_telling_us(foresail: Foresail, reports: Reports) -> None:
    path = f"/reports/{put(reports, LARGE)}"
    with reading_slowly(foresail, path):
        answer = get(foresail, path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert get(foresail, "/healthz").status == 200
    end = time.monotonic() + _PATIENCE
    while (answer := get(foresail, path)).status == 503 and time.monotonic() < end:
        time.sleep(0.05)
    assert answer.status == 200
    assert answer.body.rstrip().endswith("</html>")
    assert answer.body.count('<details class="object"') == 8_000


def test_those_who_keep_all_seats_make_room_for_who_reads_another_report(foresail: Foresail, reports: Reports) -> None:
    small = put(reports, replace(SMALL, report=replace(SMALL.report, change="acme/shop#13")))
    with reading_slowly(foresail, f"/reports/{put(reports, LARGE)}"):
        assert get(foresail, f"/reports/{small}").status == 200


def test_who_has_no_link_sends_no_reader_away(foresail: Foresail, reports: Reports) -> None:
    with reading_slowly(foresail, f"/reports/{put(reports, LARGE)}") as readers:
        assert get(foresail, f"/reports/{'0' * 48}").status == 404
        end = b""
        while some := readers[0].recv(1 << 20):
            end = (end + some)[-5:]
            if end == b"0\r\n\r\n":
                break
        assert end == b"0\r\n\r\n"
