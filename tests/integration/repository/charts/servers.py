"""HTTP servers on loopback that answer as they are told, and certificates for them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Reply: TypeAlias = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that was sent."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Certificates:
    """A server's certificate, and who signed it."""

    authority: str
    certificate: str
    key: str

    @classmethod
    def of(cls, *names: str) -> Certificates:
        """Make a certificate for names and addresses, signed by an authority of its own."""
        authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Authority")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        authority = _certificate(issuer, authority_key.public_key(), issuer).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        usage = x509.SubjectAlternativeName([_general(name) for name in names])
        signed = _certificate(subject, key.public_key(), issuer).add_extension(usage, critical=False)
        return cls(
            authority=_pem(authority.sign(authority_key, hashes.SHA256())),
            certificate=_pem(signed.sign(authority_key, hashes.SHA256())),
            key=key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
        )


def _certificate(subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class WebServer(AbstractContextManager["WebServer"]):
    """Answers each path as it was told to, and remembers what it was asked."""

    def __init__(self, folder: Path, certificates: Certificates | None = None, *, client_authority: str = "") -> None:
        self.replies: dict[str, Reply] = {}
        self.seen: list[Seen] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.close_connection = True
                outer.seen.append(Seen(self.path, dict(self.headers.items())))
                reply = outer.replies.get(self.path.partition("?")[0]) or plain(b"nothing here", status=404)
                reply(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.scheme = "http"
        if certificates is not None:
            self.scheme = "https"
            self._wrap(folder, certificates, client_authority)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def serve(self, path: str, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> str:
        """Answer a path with this from now on, and return its URL."""
        self.replies[path] = plain(body, status=status, headers=headers or {})
        return self.url + path

    def asked(self, path: str) -> list[Seen]:
        """Return the requests for a path."""
        return [seen for seen in self.seen if seen.path.partition("?")[0] == path]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _wrap(self, folder: Path, certificates: Certificates, client_authority: str) -> None:
        chain = folder / "server.pem"
        chain.write_text(certificates.certificate + certificates.key, encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        if client_authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=client_authority)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)


def plain(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply of fixed content."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def redirect(url: str) -> Reply:
    """Return a reply that sends on."""
    return plain(b"", status=302, headers={"Location": url})
