"""A stand-in as a running server: one listens on loopback, records what it is asked, and delivers its webhooks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import flask
import orjson
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bot.sandbox.forge.clock import Clock
from bot.sandbox.forge.exchanges import Exchange, ExchangeLog, without_secrets
from bot.sandbox.forge.faults import Faults
from bot.sandbox.forge.webhooks import Hooks

if TYPE_CHECKING:
    import ssl

_POLL_SECONDS = 0.02
"""How soon the server notices that it is to stop."""


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name is werkzeug's
        """Say nothing: requests are recorded, not printed."""


class StandInServer:
    """What every stand-in is: a server with a clock, faults to order, exchanges to read and webhooks to await.

    A context manager; it runs once a forge's own class has called `_listen`.
    """

    def __init__(self, *, clock: Clock, webhooks: Hooks) -> None:
        self.clock = clock
        self.webhooks = webhooks
        self.faults = Faults()
        self.exchanges = ExchangeLog()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    def stop(self) -> None:
        """Stop to listen and to deliver; repositories stay on disk."""
        self.webhooks.stop()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def __enter__(self) -> Self:
        """Return the stand-in, which runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """Every API request received so far and its answer, oldest first."""
        return self.exchanges.all()

    def wait_for_deliveries(self, deadline: float = 60.0) -> None:
        """Wait until every webhook queued so far was sent; Temporary after `deadline` seconds."""
        self.webhooks.wait(deadline)

    def _listen(self, app: flask.Flask, port: int, *, tls: ssl.SSLContext | None = None) -> str:
        """Serve an application and return its URL, that of the root; port 0: any free one."""
        self._server = make_server(
            "127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler, ssl_context=tls
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name=app.import_name, daemon=True
        )
        self._thread.start()
        self.webhooks.start()
        return f"{'http' if tls is None else 'https'}://127.0.0.1:{self._server.server_port}"


def recorded(template: str, path: str, *, status: int, answer: Any, headers: Mapping[str, str]) -> Exchange:
    """Return the request that is being served, with its answer."""
    request = flask.request
    return Exchange(
        method=request.method,
        template=template,
        path=path,
        query=request.args.to_dict(),
        headers=without_secrets(dict(request.headers)),
        body=_readable(request.get_data()),
        status=status,
        answer=answer,
        answer_headers=dict(headers),
    )


def hang_up() -> flask.Response:
    """Close the connection under the server; the response is never seen."""
    flask.request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return flask.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _readable(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None
