"""A registry on loopback, as the OCI distribution specification (v1.1) has it; helm pushes to it and pulls from it.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md,
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

_ROUTE: Final = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags|blobs/uploads)/(?P<rest>[^/]*)")
USER: Final = ("alice", "hush")


@dataclass
class Repository:
    """What one name holds."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Media type and content by digest."""
    tags: dict[str, str] = field(default_factory=dict)


class RegistryStandIn(AbstractContextManager["RegistryStandIn"]):
    """Keeps what is pushed in memory; `asks` is how it wants to know who one is: "", "basic" or "bearer"."""

    def __init__(self, *, asks: str = "", page: int = 100) -> None:
        self.asks = asks
        self.page = page
        self.repositories: dict[str, Repository] = {}
        self.blobs_are_at = ""
        """URL that blobs are redirected to; empty: they are here."""
        self.requests: list[tuple[str, str, str]] = []
        """Method, path and Authorization of each request."""
        self.answers: dict[str, bytes] = {}
        """By path: what is said instead of what would be."""
        self.uploads: dict[str, bytes] = {}
        self.tokens: dict[str, str] = {}
        """Scope by token."""
        self.realm = ""
        self.endless = False
        """Whether each page of tags leads to one more, with nothing on it."""
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"registry": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def push(self, name: str, tag: str, layers: list[tuple[str, bytes]], **manifest: Any) -> str:
        """Put an artifact in without a client, and return its manifest's digest."""
        config = manifest.pop("config_type", "application/vnd.oci.empty.v1+json")
        repository = self.repositories.setdefault(name, Repository())
        described = [self._kept(repository, media, content) for media, content in layers]
        body = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self._kept(repository, config, b"{}"),
            "layers": described,
            **manifest,
        }
        return self.put_manifest(name, tag, body["mediaType"], json.dumps(body).encode())

    def put_manifest(self, name: str, tag: str, media: str, content: bytes) -> str:
        """Keep a manifest under a tag and under its digest."""
        repository = self.repositories.setdefault(name, Repository())
        digest = _digest(content)
        repository.manifests[digest] = (media, content)
        repository.tags[tag] = digest
        return digest

    def asked(self, part: str) -> int:
        """Return how many requests had this in their path."""
        return sum(part in path for _, path, _ in self.requests)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @staticmethod
    def _kept(repository: Repository, media: str, content: bytes) -> dict[str, Any]:
        repository.blobs[_digest(content)] = content
        return {"mediaType": media, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    registry: RegistryStandIn
    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _fail(self, status: int, code: str, **headers: str) -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        self._answer(status, body, Content_Type="application/json", **headers)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _serve(self) -> None:
        registry, path = self.registry, urlsplit(self.path).path
        with registry.lock:
            registry.requests.append((self.command, self.path, self.headers.get("Authorization") or ""))
            if path == "/token":
                self._token()
                return
            found = _ROUTE.fullmatch(path)
            name = found["name"] if found else ""
            if not self._is_let_in(name):
                return
            if path == "/v2/":
                self._answer(200)
            elif path in registry.answers:
                self._answer(200, registry.answers[path])
            elif found is None:
                self._fail(404, "UNSUPPORTED")
            else:
                self._route(name, found["kind"], found["rest"])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815 - the names are http.server's

    def _route(self, name: str, kind: str, rest: str) -> None:
        writing = self.command in {"POST", "PUT", "PATCH"}
        repository = self.registry.repositories.setdefault(name, Repository()) if writing else None
        repository = repository or self.registry.repositories.get(name)
        if repository is None:
            self._fail(404, "NAME_UNKNOWN")
        elif kind == "tags":
            self._tags(name, repository)
        elif kind == "manifests":
            self._manifest(name, repository, rest)
        elif kind == "blobs/uploads" or rest == "uploads":
            self._upload(name, repository, rest)
        else:
            self._blob(repository, rest)

    def _is_let_in(self, name: str) -> bool:
        shown = self.headers.get("Authorization") or ""
        if not self.registry.asks:
            return True
        if self.registry.asks == "basic":
            if shown == _basic():
                return True
            self._fail(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="registry"')
            return False
        scope = self.registry.tokens.get(shown.removeprefix("Bearer "), None)
        if scope is not None and (not name or f"repository:{name}:" in scope):
            return True
        realm = self.registry.realm or f"http://{self.registry.host}/token"
        wanted = f'Bearer realm="{realm}",service="stand-in"'
        if name:
            wanted += f',scope="repository:{name}:{"pull" if self.command in {"GET", "HEAD"} else "pull,push"}"'
        self._fail(401, "UNAUTHORIZED", WWW_Authenticate=wanted)
        return False

    def _token(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        scope = " ".join(asked.get("scope", []))
        if self.command == "POST":
            form = parse_qs(self._body().decode())
            right = (form.get("username", [""])[0], form.get("password", [""])[0]) == USER
            scope = " ".join(form.get("scope", []))
        else:
            right = self.headers.get("Authorization") == _basic()
        if not right:
            self._fail(401, "UNAUTHORIZED")
            return
        token = secrets.token_urlsafe(24)
        self.registry.tokens[token] = scope
        self._answer(200, json.dumps({"token": token, "access_token": token, "expires_in": 300}).encode())

    def _tags(self, name: str, repository: Repository) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        most = min(int(asked.get("n", [str(self.registry.page)])[0]), self.registry.page)
        last = asked.get("last", [""])[0]
        after = [tag for tag in sorted(repository.tags) if tag > last]
        headers = {}
        if self.registry.endless:
            headers["Link"] = f'</v2/{name}/tags/list?{urlencode({"last": last + "a"})}>; rel="next"'
        elif len(after) > most:
            query = urlencode({"n": most, "last": after[most - 1]})
            headers["Link"] = f'</v2/{name}/tags/list?{query}>; rel="next"'
        body = json.dumps({"name": name, "tags": after[:most]}).encode()
        etag = f'"{_digest(body)}"'
        if self.headers.get("If-None-Match") == etag:
            self._answer(304, ETag=etag)
        else:
            self._answer(200, body, Content_Type="application/json", ETag=etag, **headers)

    def _manifest(self, name: str, repository: Repository, reference: str) -> None:
        if self.command == "PUT":
            content = self._body()
            digest = self.registry.put_manifest(name, reference, self.headers["Content-Type"], content)
            self._answer(201, Location=f"/v2/{name}/manifests/{digest}", Docker_Content_Digest=digest)
            return
        digest = repository.tags.get(reference, reference)
        if digest not in repository.manifests:
            self._fail(404, "MANIFEST_UNKNOWN")
            return
        media, content = repository.manifests[digest]
        self._answer(200, content, Content_Type=media, Docker_Content_Digest=digest)

    def _blob(self, repository: Repository, digest: str) -> None:
        if digest not in repository.blobs:
            self._fail(404, "BLOB_UNKNOWN")
        elif self.registry.blobs_are_at and self.command == "GET":
            self._answer(307, Location=f"{self.registry.blobs_are_at}/{digest}")
        else:
            self._answer(200, repository.blobs[digest], Docker_Content_Digest=digest)

    def _upload(self, name: str, repository: Repository, identity: str) -> None:
        if self.command == "POST":
            identity = secrets.token_hex(8)
            self.registry.uploads[identity] = self._body()
            self._answer(202, Location=f"/v2/{name}/blobs/uploads/{identity}")
            return
        self.registry.uploads[identity] = self.registry.uploads.get(identity, b"") + self._body()
        if self.command == "PATCH":
            self._answer(202, Location=f"/v2/{name}/blobs/uploads/{identity}")
            return
        content = self.registry.uploads.pop(identity)
        digest = parse_qs(urlsplit(self.path).query)["digest"][0]
        if digest != _digest(content):
            self._fail(400, "DIGEST_INVALID")
            return
        repository.blobs[digest] = content
        self._answer(201, Location=f"/v2/{name}/blobs/{digest}", Docker_Content_Digest=digest)

    def log_message(self, *args: object) -> None:
        pass


def _basic() -> str:
    return "Basic " + base64.b64encode(":".join(USER).encode()).decode()
