"""HTTP as bytes: requests no library would send, and the status each gets."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from io import BufferedReader

from tests.unit.forges.github.deliveries import body_of, headers_of, sample

_PATIENCE = 30.0
"""Seconds after which an answer is taken not to come."""


@dataclass(frozen=True)
class Wire:
    """A web process by its port."""

    port: int

    def send(self, raw: bytes, *, hang_up: bool = False) -> bytes:
        """Send bytes on a connection of their own and return the whole answer; with `hang_up` nothing more is said."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE) as connection:
            connection.sendall(raw)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as answer:
                return _one_answer(answer)

    def status(self, raw: bytes, *, hang_up: bool = False) -> int:
        """Send bytes and return the answer's status."""
        return int(self.send(raw, hang_up=hang_up).split(b" ", 2)[1])

    def deliver(self, delivery: str, *, number: int = 12) -> bytes:
        """Deliver a pull request's new commit and return the answer."""
        return self.send(delivered(body_of(sample("pull_request.synchronize", pull_request__number=number)), delivery))


def _one_answer(answer: BufferedReader) -> bytes:
    head = b""
    while (more := answer.readline()) not in {b"\r\n", b""}:
        head += more
    if b" 100 " in head.split(b"\r\n")[0]:
        return _one_answer(answer)
    length = next((int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), 0)
    return head + b"\r\n" + answer.read(length)


def delivered(body: bytes, delivery: str = "d-1", *, event: str = "pull_request", framing: str | None = None) -> bytes:
    """Return a whole signed delivery; `framing` replaces its Content-Length and adds any other header lines."""
    fields = headers_of(event, body) | {"X-GitHub-Delivery": delivery}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines.append(framing if framing is not None else f"Content-Length: {len(body)}")
    return "\r\n".join(["POST /webhooks/github HTTP/1.1", "Host: foresail", *lines, "", ""]).encode("latin-1") + body


def chunked(body: bytes, *, size: int = 1000) -> bytes:
    """Return a body in chunks."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
