"""Servers that answer with bytes as a test wants them, and a proxy, all on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader

_PATIENCE = 30.0
"""Seconds after which nothing more is taken to come."""


@dataclass
class Wire:
    """A server of raw answers: one list for each connection, which is closed after the last."""

    listening: socket.socket
    heard: list[bytes] = field(default_factory=list)
    """Every request, head and body."""
    accepted: list[socket.socket] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released each time the server has closed a connection."""
    address: str = ""
    """`127.0.0.1:port`."""

    def __post_init__(self) -> None:
        host, port = self.listening.getsockname()
        self.address = f"{host}:{port}"

    @property
    def connections(self) -> int:
        """Return how many there were."""
        return len(self.accepted)

    def serve(self, script: Sequence[Sequence[bytes]]) -> None:
        """Play the script, one connection after the other."""
        for answers in script:
            with suppress(OSError):
                connection, _ = self.listening.accept()
                self.accepted.append(connection)
                with connection, connection.makefile("rb") as received:
                    for answer in answers:
                        self.heard.append(_request(received))
                        connection.sendall(answer)
            self.ended.release()

    def tunnel(self) -> None:
        """Be a proxy that connects one client to where it asks for."""
        client, _ = self.listening.accept()
        self.accepted.append(client)
        with client, client.makefile("rb") as received:
            self.heard.append(_request(received))
            host, _, port = self.heard[0].split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port)), timeout=_PATIENCE) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_copied, args=(server, client))
                back.start()
                _copied(client, server)
                back.join(_PATIENCE)


@contextmanager
def wire(*script: Sequence[bytes], proxy: bool = False) -> Iterator[Wire]:
    """Serve a script, or be a proxy, beside the test."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(_PATIENCE)
        served = Wire(listening)
        thread = threading.Thread(target=served.tunnel if proxy else lambda: served.serve(script))
        thread.start()
        yield served
        listening.close()
        for connection in served.accepted:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(_PATIENCE)


def _request(received: BufferedReader) -> bytes:
    head = b""
    while (line := received.readline()) not in {b"\r\n", b""}:
        head += line
    length = next((int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), 0)
    return head + b"\r\n" + received.read(length)


def _copied(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
