"""Git servers that ask who is there: HTTP with `git http-backend` behind it, TLS with an authority of our own, SSH."""

from __future__ import annotations

import datetime as dt
import json
import os
import ssl
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Allowed: TypeAlias = Callable[[str], bool]
"""Whether what stands in the header Authorization is enough."""
Answer: TypeAlias = tuple[int, Mapping[str, str], bytes]
Beside: TypeAlias = Callable[[str, Mapping[str, str], bytes], Answer | None]
"""Answers a request, by its path, headers and body, that is none of Git's."""


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


@dataclass
class Site:
    """A running server of the bare repositories in a folder."""

    root: Path
    allowed: Allowed
    moved: Mapping[str, str]
    """By first part of a path: where else to ask."""
    url: str = ""
    heard: list[tuple[str, str]] = field(default_factory=list)
    """Path and Authorization of each request."""
    beside: Beside = lambda _path, _headers, _body: None

    @property
    def secrets(self) -> set[str]:
        return {authorization for _, authorization in self.heard if authorization}

    def backend(self, environment: Mapping[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        given = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            **environment,
        }
        answer = subprocess.run(["git", "http-backend"], input=body, env=given, capture_output=True, check=False)
        head, _, content = answer.stdout.partition(b"\r\n\r\n")
        return dict(line.decode().split(": ", 1) for line in head.split(b"\r\n") if line), content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        self.do_POST = self.do_GET
        super().handle_one_request()

    def do_GET(self) -> None:
        site, authorization = self.server.site, self.headers.get("Authorization", "")
        site.heard.append((self.path, authorization))
        first = self.path.split("/")[1]
        if first in site.moved:
            self._answer(301, {"Location": site.moved[first] + self.path.removeprefix(f"/{first}")}, b"")
        elif not site.allowed(authorization):
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"who?\n")
        elif answer := site.beside(self.path, dict(self.headers.items()), body := self._body()):
            self._answer(*answer)
        else:
            headers, content = site.backend(self._environment(), body)
            self._answer(int(headers.pop("Status", "200").split()[0]), headers, content)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _environment(self) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        return {
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    site: Site
    tls: ssl.SSLContext | None = None

    def handle_error(self, *args: object) -> None:
        pass  # a client that does not trust us hangs up

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)


@contextmanager
def http_site(
    root: Path,
    allowed: Allowed = lambda _: True,
    *,
    moved: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Site]:
    """Serve the bare repositories in a folder to whom they are for."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.tls = tls
        server.site = Site(root, allowed, moved if moved is not None else {})
        server.site.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.site
        server.shutdown()


class Authority:
    """Signs certificates for this machine."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._own = self._signed(self._name, self._key.public_key(), authority=True)

    @property
    def pem(self) -> str:
        return self._own.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str) -> tuple[str, str]:
        """Return a certificate and its key, both as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode()

    def server(self, folder: Path, *, asks_clients: bool = False) -> ssl.SSLContext:
        """Return what a server of ours presents; `asks_clients`: others have to present something of ours, too."""
        certificate, key = self.issue("127.0.0.1")
        folder.mkdir()
        (folder / "both.pem").write_text(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "both.pem")
        if asks_clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.pem)
        return context

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, authority: bool = False) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@dataclass(frozen=True)
class SshSite:
    """A running SSH server, and the key that it lets in."""

    url: str
    known_hosts: str
    private_key: str


@contextmanager
def ssh_site(root: Path) -> Iterator[SshSite]:
    """Serve the bare repositories in a folder to whoever has the key."""
    command = [sys.executable, str(Path(__file__).with_name("ssh_server.py")), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield SshSite(**json.loads(process.stdout.readline()))
        finally:
            process.kill()
