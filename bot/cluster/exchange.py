"""Requests whose answers are read whole: HTTP/1.1 at a third of what urllib3 and `http.client` take for it.

Only the bytes of a request and its answer are made and read here. Connections stay urllib3's: names, TLS, proxies, time
limits, which of them are alive, and how each error is called.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3 import HTTPConnectionPool

_CHUNK: Final = 65536
_MOST: Final = 256 << 20
"""Bytes of an answer that are read; 500 objects, which are a page, come to a tenth of it even where they are large."""
_PATIENCE: Final = 600.0
"""Seconds for an answer to a request that was sent without a limit."""
_FIRST_FINAL: Final = 200
"""Below are interim answers, which another follows: https://www.rfc-editor.org/rfc/rfc9110#section-15.2"""


class TooLong(ProtocolError):  # noqa: N818 - as urllib3's own
    """A server's answer has no end, or one that is not waited for."""


class Answer:
    """A server's answer, filled in by its parser."""

    version_string, length_remaining = "HTTP/1.1", 0
    """What urllib3 notes in its log."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._left = most
        """Bytes that are still read."""
        self.headers: dict[str, str] = {}
        """By name in lower case."""
        self.status = 0
        self.complete = False
        self.keeps_connection = False
        """Whether the server is ready for the next request."""
        self._body: list[bytes] = []
        self._parser = HttpResponseParser(self)

    @property
    def data(self) -> bytes:
        """The body."""
        return b"".join(self._body)

    def feed(self, received: bytes) -> None:
        """Read on; no bytes are the end of the connection.

        Raises ProtocolError for what is no answer, TooLong for what does not end.
        """
        self._left -= len(received)
        if self._left < 0:
            raise TooLong("the server's answer is too long to be read")
        if not received:
            # Without a length the end of the connection is the end of the body.
            if self.status < _FIRST_FINAL or self.headers.keys() & {"content-length", "transfer-encoding"}:
                raise ProtocolError("the server hung up before its answer was complete")
            self.complete = True
            return
        try:
            self._parser.feed_data(received)
        except (HttpParserError, HttpParserUpgrade) as error:
            raise ProtocolError(f"the server's answer is not HTTP: {error}") from error

    def on_message_begin(self) -> None:
        """Begin, perhaps after an interim answer."""
        if self.complete:
            raise ValueError("more than one answer to a request")
        self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Note what sort of answer it is."""
        self.status = self._parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(part)

    def on_message_complete(self) -> None:
        """Be done, unless this was an interim answer."""
        self.complete = self.status >= _FIRST_FINAL
        self.keeps_connection = self._parser.should_keep_alive()


class _Exchange(HTTPConnection):
    """What is sent and received on a connection of urllib3's."""

    def request(  # type: ignore[override] # what urllib3 asks for is there
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> None:
        """Send a request; its headers are to have the host."""
        told = dict(headers or {})
        if body is not None:
            told["Content-Length"] = str(len(body))
        if any("\r" in value or "\n" in value for value in told.values()):
            raise ValueError("a header of more than one line")
        # A proxy that forwards is told the whole URL: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
        target = f"http://{told['Host']}{url}" if self.proxy_is_forwarding else url
        head = "".join([f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in told.items())])
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.timeout)
        self.sock.sendall(f"{head}\r\n".encode("latin-1") + (body or b""))

    def getresponse(self) -> Answer:  # type: ignore[override] # what urllib3 looks at is there
        """Receive the whole answer, within the time that is left to it."""
        ends = time.monotonic() + (_PATIENCE if self.timeout is None else self.timeout)
        answer = Answer()
        while not answer.complete:
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            answer.feed(self.sock.recv(_CHUNK))
        if not answer.keeps_connection:
            self.close()
        return answer


def exchanging(pool: HTTPConnectionPool) -> Callable[..., Answer]:
    """Return `urlopen` of a pool of urllib3's, whose connections then send and receive like this.

    The pool is then no use for streams, and the headers of each request are to have its `Host`.
    """
    pool.ConnectionCls = type("Exchange", (_Exchange, pool.ConnectionCls), {})
    return cast("Callable[..., Answer]", pool.urlopen)
