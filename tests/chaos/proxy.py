"""Between Foresail and a real API server: passes everything on, and does there what networks and busy servers do."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar

import orjson
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Which: TypeAlias = Callable[[str, str], bool]
"""Of a request, by its method and target: whether something is to be done to it."""

_CHUNK: Final = 65536
_LIMIT: Final = 120.0
"""Seconds the API server may take for an answer; longer than Foresail waits."""
_HOP: Final = frozenset({"connection", "transfer-encoding", "content-length", "host"})
"""Headers that are about one of the two connections."""
_REASONS: Final = {HTTPStatus.CONFLICT: "Conflict", HTTPStatus.TOO_MANY_REQUESTS: "TooManyRequests"}


@dataclass
class Refusals:
    """Requests that are refused in the API server's name, and never reach it."""

    which: Which
    status: HTTPStatus
    left: int
    retry_after: str = ""

    @property
    def body(self) -> bytes:
        """What an API server answers with."""
        words = f"made up by a test: {self.status.phrase}"
        told = {"kind": "Status", "status": "Failure", "reason": _REASONS[self.status], "message": words}
        return orjson.dumps(told | {"apiVersion": "v1", "code": int(self.status)})


@dataclass
class Held:
    """The answer to one request, kept back: the server has done it, and who asked does not know."""

    which: Which
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass
class Losses:
    """Requests that are carried out, and whose answer is lost with the connection."""

    which: Which
    left: int


class Proxy:
    """A proxy that speaks TLS on both sides; a context manager."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        document = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        cluster = document["clusters"][0]["cluster"]
        self.address = cluster["server"].removeprefix("https://")
        self.trusting = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._lock = threading.Lock()
        self._refusals: list[Refusals] = []
        self._losses: list[Losses] = []
        self._held: list[Held] = []
        self._watches: set[socket.socket] = set()
        self._server = _Server(self, _identity(directory / "proxy.pem"))
        cluster["server"] = f"https://127.0.0.1:{self._server.server_port}"
        cluster["certificate-authority"] = str(directory / "proxy.pem")
        self.kubeconfig = directory / "kubeconfig"
        """For clients that are to come this way."""
        self.kubeconfig.write_text(yaml.safe_dump(document), encoding="utf-8")
        self.kubeconfig.chmod(0o600)

    def refuse(self, refusals: Refusals) -> None:
        """Refuse the next requests of a sort."""
        with self._lock:
            self._refusals.append(refusals)

    def lose(self, losses: Losses) -> None:
        """Lose the answers to the next requests of a sort."""
        with self._lock:
            self._losses.append(losses)

    @contextmanager
    def hold(self, which: Which) -> Iterator[Held]:
        """Keep back the answer to the next request of a sort, until the end of the block."""
        held = Held(which)
        with self._lock:
            self._held.append(held)
        try:
            yield held
        finally:
            held.released.set()

    def calm(self) -> None:
        """Forget what was to be done to requests that did not come."""
        with self._lock:
            self._refusals.clear()
            self._losses.clear()
            self._held.clear()

    def cut_watches(self) -> int:
        """End the connection of each watch; return how many there were."""
        with self._lock:
            watches, self._watches = self._watches, set()
        for connection in watches:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return len(watches)

    def refusal_of(self, method: str, target: str) -> Refusals | None:
        """Return with what a request is to be refused."""
        with self._lock:
            return _taken(self._refusals, method, target)

    def is_lost(self, method: str, target: str) -> bool:
        """Whether the answer to a request is to be lost."""
        with self._lock:
            return _taken(self._losses, method, target) is not None

    def keep_back(self, method: str, target: str) -> None:
        """Wait with the answer to a request as long as somebody holds it."""
        with self._lock:
            held = next((one for one in self._held if one.which(method, target)), None)
            if held is not None:
                self._held.remove(held)
        if held is not None:
            held.reached.set()
            held.released.wait(_LIMIT)

    @contextmanager
    def watching(self, connection: socket.socket) -> Iterator[None]:
        """Count a connection as a watch."""
        with self._lock:
            self._watches.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._watches.discard(connection)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


_Rule = TypeVar("_Rule", Refusals, Losses)


def _taken(rules: list[_Rule], method: str, target: str) -> _Rule | None:
    """Return the first rule for a request, one less of which is left."""
    rule = next((one for one in rules if one.left > 0 and one.which(method, target)), None)
    if rule is not None:
        rule.left -= 1
    return rule


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: Proxy, certificate: Path) -> None:
        self.proxy = proxy
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS, in the connection's own thread: whoever says nothing holds nobody up."""
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections end here, that is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        proxy = self.server.proxy
        self.upstream = http.client.HTTPSConnection(proxy.address, timeout=_LIMIT, context=proxy.trusting)

    def finish(self) -> None:
        self.upstream.close()
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        """Log nothing."""

    def _pass_on(self) -> None:
        proxy, method, target = self.server.proxy, self.command, self.path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if (refusal := proxy.refusal_of(method, target)) is not None:
            self._refuse(refusal)
            return
        try:
            sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            self.upstream.request(method, target, body=body or None, headers=sent)
            answer = self.upstream.getresponse()
        except (OSError, http.client.HTTPException):
            self.upstream.close()
            self.close_connection = True  # as it would be without us
            return
        if "watch=1" in target:
            self._stream(answer)
            return
        data = answer.read()
        proxy.keep_back(method, target)
        if proxy.is_lost(method, target):
            self.close_connection = True
            return
        self._begin(answer.status, answer.getheaders())
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the standard library's names

    def _refuse(self, refusal: Refusals) -> None:
        headers = [("Content-Type", "application/json")]
        headers += [("Retry-After", refusal.retry_after)] if refusal.retry_after else []
        self._begin(refusal.status, headers)
        self.send_header("Content-Length", str(len(refusal.body)))
        self.end_headers()
        self.wfile.write(refusal.body)

    def _stream(self, answer: http.client.HTTPResponse) -> None:
        self.close_connection = True
        self._begin(answer.status, answer.getheaders())
        self.send_header("Transfer-Encoding", "chunked")  # so that a cut is no end
        self.end_headers()
        with self.server.proxy.watching(self.connection):
            while data := answer.read1(_CHUNK):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _begin(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)


def _identity(path: Path) -> Path:
    """Write a certificate for the loopback address and its key into one file, and return that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "proxy")])
    now, day = datetime.now(UTC), timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    path.chmod(0o600)
    return path
