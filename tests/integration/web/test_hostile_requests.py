"""Whatever bytes somebody sends: an answer below 500, and the next request is served."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.installation import Foresail
from tests.integration.web.conftest import LIMIT
from tests.integration.web.wire import Wire, chunked, delivered
from tests.unit.forges.github.deliveries import body_of, sample

GOOD = body_of(sample("pull_request.synchronize"))
CHUNKED = "Transfer-Encoding: chunked"


def _chunks(body: bytes, chunks: bytes) -> bytes:
    """Return a delivery signed for `body` that sends `chunks`."""
    return delivered(body, framing=CHUNKED)[: -len(body) or None] + chunks


@pytest.fixture(autouse=True)
def _is_well_after_that(foresail: Foresail, wire: Wire, redis_url: str) -> Iterator[None]:
    yield
    assert wire.deliver("d-afterwards").split(b" ")[1] == b"202"
    assert "request failed" not in foresail.log("web"), redis_url


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(delivered(GOOD), 202, id="as GitHub sends it"),
        pytest.param(delivered(GOOD).replace(b"HTTP/1.1", b"HTTP/1.0", 1), 202, id="HTTP/1.0"),
        pytest.param(_chunks(GOOD, chunked(GOOD)), 202, id="in chunks"),
        pytest.param(delivered(GOOD, framing=f"Content-Length: {len(GOOD)}\r\nExpect: 100-continue"), 202, id="expect"),
        pytest.param(delivered(GOOD).replace(b"/webhooks", b"http://elsewhere/webhooks", 1), 202, id="absolute form"),
        pytest.param(delivered(b"x" * (LIMIT + 1)), 413, id="too large"),
        pytest.param(delivered(b"", framing="Content-Length: 99999999999999999999"), 413, id="absurdly large"),
        pytest.param(_chunks(b"x" * LIMIT * 2, chunked(b"x" * LIMIT * 2)), 413, id="too large in chunks"),
        pytest.param(_chunks(b"", b"zz\r\nabc\r\n0\r\n\r\n"), 400, id="no chunk size"),
        pytest.param(_chunks(b"", b"-5\r\nabc\r\n0\r\n\r\n"), 400, id="negative chunk size"),
        pytest.param(_chunks(b"", b"2\r\nabXX0\r\n\r\n"), 400, id="no end of a chunk"),
        pytest.param(_chunks(GOOD, b"\x1f\x8b\r\n").replace(b"chunked", b"gzip, chunked"), 400, id="gzip"),
        pytest.param(delivered(GOOD, framing=f"Content-Length: {len(GOOD)}\r\n{CHUNKED}"), 400, id="smuggling"),
        pytest.param(delivered(GOOD, framing="Content-Length: 1\r\nContent-Length: 2"), 400, id="two lengths"),
        pytest.param(delivered(GOOD, framing="Content-Length: -1"), 400, id="negative length"),
        pytest.param(delivered(GOOD, framing="Content-Length: ten"), 400, id="no number as length"),
        pytest.param(delivered(GOOD, framing="A: b\0c\r\nContent-Length: 0"), 400, id="a NUL in a header"),
        pytest.param(delivered(GOOD, framing="A: " + "b" * 20_000), 431, id="a long header"),
        pytest.param(delivered(GOOD, framing="\r\n".join(f"A{n}: b" for n in range(300))), 431, id="many headers"),
        pytest.param(
            delivered(GOOD, framing=f"X-Hub-Signature-256: x\r\nContent-Length: {len(GOOD)}"), 401, id="twice"
        ),
        pytest.param(
            delivered(GOOD, framing=f"X_GitHub_Event: push\r\nContent-Length: {len(GOOD)}"), 202, id="underscores"
        ),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, id="a long path"),
        pytest.param(b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="a path in no encoding"),
        pytest.param(b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="a path with odd escapes"),
        pytest.param(b"GET /none HTTP/1.1\r\nHost: [::1\r\n\r\n", 404, id="an odd host"),
        pytest.param(b"GET /none HTTP/1.1\r\n\r\n", 404, id="no host"),
        pytest.param(b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", 404, id="another method"),
        pytest.param(b"POST /webhooks/github HTTP/2.0\r\n\r\n", 400, id="another version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, id="TLS"),
    ],
)
def test_any_bytes_get_an_answer_that_says_who_is_to_blame(wire: Wire, raw: bytes, status: int) -> None:
    assert wire.status(raw) == status


@pytest.mark.parametrize("raw", [delivered(GOOD)[:-100], _chunks(GOOD, chunked(GOOD)[:-100])], ids=["length", "chunks"])
def test_a_body_that_breaks_off_is_the_senders_fault(wire: Wire, raw: bytes) -> None:
    assert wire.status(raw, hang_up=True) in {400, 401}


def test_a_sender_who_falls_silent_is_let_go(wire: Wire) -> None:
    assert wire.status(delivered(GOOD)[:-100]) == 400
