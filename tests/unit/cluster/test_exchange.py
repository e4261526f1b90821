"""Answers as bytes: whole, in pieces, and none."""

from __future__ import annotations

import pytest
from urllib3.exceptions import ProtocolError

from bot.cluster.exchange import Answer, TooLong

_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nAudit-Id: 1\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n"
)
_CONTINUE = b"HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "raw",
    [
        _CHUNKED + b"0\r\n\r\n",
        _CHUNKED + b"0\r\nX-Trailer: yes\r\n\r\n",
        _CONTINUE + _CHUNKED + b"0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nretry-after: 3\r\nContent-Length: 6\r\n\r\nhello!",
    ],
)
def test_an_answer_is_read_however_it_comes_in(raw: bytes, size: int) -> None:
    answer = _read(raw, size)

    assert (answer.status, answer.data, answer.complete, answer.keeps_connection) == (200, b"hello!", True, True)
    assert answer.headers["retry-after"] == "3"
    assert "x-interim" not in answer.headers


def test_without_a_length_the_end_of_the_connection_is_the_end_of_the_body() -> None:
    answer = _read(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nhello!")
    assert not answer.complete

    answer.feed(b"")

    assert (answer.status, answer.data, answer.complete, answer.keeps_connection) == (404, b"hello!", True, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nServer: one\r\nDate: cut sh",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        _CHUNKED,
        _CONTINUE,
    ],
)
def test_half_an_answer_is_none(raw: bytes) -> None:
    answer = _read(raw)

    with pytest.raises(ProtocolError, match="hung up"):
        answer.feed(b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsix\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: spdy\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
    ],
)
def test_what_is_no_answer_or_more_than_one_is_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolError, match="is not HTTP"):
        _read(raw)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n7d0\r\n",
        b"Connection: close\r\n\r\n",
        b"X: ",
    ],
    ids=["length", "chunks", "close", "headers"],
)
def test_an_answer_without_an_end_is_not_read_to_it(head: bytes) -> None:
    answer = Answer(most=1000)
    answer.feed(b"HTTP/1.1 200 OK\r\n" + head + b"x" * 900)

    with pytest.raises(TooLong):
        answer.feed(b"x" * 100)


def test_a_server_that_closes_is_not_asked_again_on_the_same_connection() -> None:
    assert not _read(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1").keeps_connection
    assert not _read(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1").keeps_connection


def _read(raw: bytes, size: int = 1000) -> Answer:
    answer = Answer()
    for at in range(0, len(raw), size):
        answer.feed(raw[at : at + size])
    return answer
