"""Webhooks end to end: what is acknowledged is queued, and what cannot be queued is not acknowledged."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from bot.sandbox.installation import Foresail
from bot.sandbox.redis import RedisServer
from bot.store.connection import connect
from tests.integration.web.wire import Wire, delivered


@pytest.fixture
def _frozen(wire: Wire, redis_server: RedisServer) -> Iterator[None]:
    """Have Redis accept connections and answer nothing, until the test is over."""
    pid = int(connect(redis_server.url).info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 30
    while wire.status(b"GET /readyz HTTP/1.0\r\n\r\n") != HTTPStatus.OK:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _queued(redis_url: str) -> int:
    return connect(redis_url).llen("rq:queue:preview")


def _said(answer: bytes) -> dict[str, object]:
    said: dict[str, object] = json.loads(answer.rpartition(b"\r\n")[2])
    return said


def test_a_delivery_is_queued_and_acknowledged(wire: Wire, redis_url: str) -> None:
    answer = wire.deliver("d-1")
    assert answer.split(b" ")[1] == b"202"
    assert _said(answer)["status"] == "queued"
    assert _queued(redis_url) == 1


def test_a_delivery_that_comes_twice_is_queued_once(wire: Wire, redis_url: str) -> None:
    wire.deliver("d-1", number=1)
    again = wire.deliver("d-1", number=2)
    assert _said(again)["status"] == "ignored"
    assert _queued(redis_url) == 1


def test_every_delivery_of_many_at_once_is_queued(wire: Wire, redis_url: str) -> None:
    def deliver(first: int) -> None:
        for number in range(first, first + 25):
            assert b" 202 " in wire.deliver(f"d-{number}", number=number)

    threads = [threading.Thread(target=deliver, args=(first,)) for first in range(1, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _queued(redis_url) == 200


def test_without_redis_the_forge_is_asked_to_come_again_and_then_served(
    wire: Wire, redis_server: RedisServer, redis_url: str
) -> None:
    redis_server.kill()
    refused = wire.deliver("d-1")
    redis_server.restart()
    assert refused.split(b" ")[1] == b"503"
    assert b"Retry-After:" in refused
    assert wire.deliver("d-1").split(b" ")[1] == b"202"
    assert _queued(redis_url) == 1


@pytest.mark.usefixtures("_frozen")
def test_a_redis_that_answers_nothing_keeps_nobody_waiting_long(wire: Wire) -> None:
    answers: list[bytes] = []

    def deliver(number: int) -> None:
        answers.append(wire.deliver(f"d-{number}", number=number))

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(1, 41)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.split(b" ")[1] for answer in answers} == {b"503"}
    assert len(answers) == 40


def test_the_secret_is_in_no_log(foresail: Foresail, wire: Wire, redis_url: str) -> None:
    wire.deliver("d-1")
    wire.send(delivered(b"{}").replace(b"sha256=", b"sha256=f"))
    assert "webhook refused" in foresail.log("web"), redis_url
    assert "correct horse" not in foresail.log("web")


def test_what_was_acknowledged_outlives_the_web_process(foresail: Foresail, wire: Wire, redis_url: str) -> None:
    assert b" 202 " in wire.deliver("d-1")
    foresail.kill("web")
    foresail.restart("web")
    assert _queued(redis_url) == 1
    assert _said(wire.deliver("d-1"))["status"] == "ignored"
