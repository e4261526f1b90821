"""Deliveries of webhooks: signed, in order, each tried once, logged, and sent again only when somebody asks."""

from __future__ import annotations

import http.client
import itertools
import json
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from bot.errors import Temporary
from bot.sandbox.forge.clock import Clock

_ATTEMPT_SECONDS = 10.0
_KEPT_RESPONSE = 4096


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where an App's deliveries go."""

    app_id: int
    hook_id: int
    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in GitHub's words."""

    name: str
    payload: Mapping[str, Any]
    installation_id: int | None = None
    repository_id: int | None = None

    @property
    def action(self) -> str | None:
        """The payload's `action`; events like `push` have none."""
        action = self.payload.get("action")
        return None if action is None else str(action)


@dataclass(frozen=True, slots=True)
class Response:
    """What the recipient said; code 0 when it said nothing."""

    code: int
    status: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event."""

    id: int
    guid: str
    recipient: Recipient
    event: Event
    headers: Mapping[str, str]
    body: bytes
    redelivery: bool = False
    delivered_at: float = 0.0
    duration: float = 0.0
    response: Response | None = None
    """None while it waits its turn."""
    postponed: bool = False
    """Whether it was overtaken by others."""


Headers: TypeAlias = Callable[[Recipient, Event, str, bytes], Mapping[str, str]]
"""Makes a delivery's headers, of its GUID and body too."""


@dataclass(slots=True)
class _Drop:
    times: int
    event: str | None


class Hooks:
    """Send deliveries from one background thread and keep the log of them."""

    def __init__(self, clock: Clock, *, headers: Headers) -> None:
        self._clock = clock
        self._headers = headers
        self._ids = itertools.count(1)
        self._waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._log: dict[int, Delivery] = {}
        self._drops: list[_Drop] = []
        self._share = 0.0
        self._chance = random.Random()  # noqa: S311 - the same weather again for the same seed
        self._unfinished = 0
        self._muted = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the delivery under way and send no more."""
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(_ATTEMPT_SECONDS + 1.0)

    def drop(self, times: int = 1, *, event: str | None = None) -> None:
        """Lose the next `times` deliveries (of `event`, if named) on the way; the log shows them as failed."""
        with self._changed:
            self._drops.append(_Drop(times=times, event=event))

    def rage(self, share: float, *, seed: int) -> None:
        """Lose, send twice or send late this share of all deliveries, as `seed` chooses; 0 ends it."""
        with self._changed:
            self._share = share
            self._chance = random.Random(seed)  # noqa: S311 - see above

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Let things happen without any event, as if GitHub never noticed; hold the world's lock."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    def deliver(self, recipient: Recipient, event: Event) -> None:
        """Queue an event; its payload is fixed now, whatever happens until it is sent."""
        if self._muted:
            return
        body = json.dumps(event.payload, separators=(",", ":")).encode()
        guid = str(uuid.uuid4())
        delivery = Delivery(
            id=next(self._ids),
            guid=guid,
            recipient=recipient,
            event=event,
            headers=self._headers(recipient, event, guid, body),
            body=body,
        )
        self._queue(delivery)

    def redeliver(self, delivery_id: int) -> Delivery | None:
        """Queue a logged delivery again, with the same GUID and payload; None when the log has no such id."""
        with self._changed:
            earlier = self._log.get(delivery_id)
        if earlier is None:
            return None
        again = replace(earlier, id=next(self._ids), redelivery=True, response=None)
        self._queue(again)
        return again

    def deliveries(self, *, app_id: int | None = None) -> list[Delivery]:
        """Return the log, newest first."""
        with self._changed:
            entries = list(self._log.values())
        return [one for one in reversed(entries) if app_id in {None, one.recipient.app_id}]

    def delivery(self, delivery_id: int) -> Delivery | None:
        """Return one entry of the log."""
        with self._changed:
            return self._log.get(delivery_id)

    @property
    def are_waiting(self) -> bool:
        """Whether something queued was not sent yet."""
        with self._changed:
            return self._unfinished > 0

    def wait(self, deadline: float) -> None:
        """Wait until everything queued was sent; Temporary after `deadline` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._unfinished == 0, timeout=deadline):
                raise Temporary(f"{self._unfinished} webhook deliveries are still waiting after {deadline:g} s")

    def _queue(self, delivery: Delivery) -> None:
        with self._changed:
            self._log[delivery.id] = delivery
            self._unfinished += 1
        self._waiting.put(delivery.id)

    def _run(self) -> None:
        while (delivery_id := self._waiting.get()) is not None:
            delivery = self._log[delivery_id]
            if self._happens() and not delivery.postponed:
                self._log[delivery_id] = replace(delivery, postponed=True)
                self._waiting.put(delivery_id)
                continue
            if self._happens():
                _send(delivery)  # and once more below
            started = time.monotonic()
            dropped = self._is_dropped(delivery.event.name)
            response = Response(code=0, status="failed to connect to host") if dropped else _send(delivery)
            done = replace(
                delivery,
                delivered_at=self._clock.now(),
                duration=round(time.monotonic() - started, 3),
                response=response,
            )
            with self._changed:
                self._log[delivery_id] = done
                self._unfinished -= 1
                self._changed.notify_all()

    def _happens(self) -> bool:
        """Whether one of the three things goes wrong with a delivery that may."""
        with self._changed:
            return bool(self._share) and self._chance.random() < self._share / 3

    def _is_dropped(self, event: str) -> bool:
        if self._happens():
            return True
        with self._changed:
            for order in self._drops:
                if order.times > 0 and order.event in {None, event}:
                    order.times -= 1
                    return True
        return False


def _send(delivery: Delivery) -> Response:
    target = urlsplit(delivery.recipient.url)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.hostname or "", target.port, timeout=_ATTEMPT_SECONDS)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        connection.request("POST", path, body=delivery.body, headers=dict(delivery.headers))
        answer = connection.getresponse()
        said = answer.read(_KEPT_RESPONSE).decode("utf-8", "replace")
        status = "OK" if answer.status < http.client.BAD_REQUEST else f"Invalid HTTP Response: {answer.status}"
        return Response(code=answer.status, status=status, headers=dict(answer.getheaders()), body=said)
    except TimeoutError:
        return Response(code=0, status="timed out")
    except (OSError, http.client.HTTPException):
        return Response(code=0, status="failed to connect to host")
    finally:
        connection.close()
