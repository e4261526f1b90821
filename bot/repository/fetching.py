"""The one HTTP client for what applications name: it connects only where the guard lets it, and gives up in time."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol, TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.guard import Allowed, Origin, origin_of, shown, target_of

ANONYMOUS: Final = Credentials()
"""Of a repository that everybody may read."""
Resolver: TypeAlias = Callable[[str, int], list[str]]
"""From a host and port to addresses; OSError when it has none."""

_MOST_REDIRECTS: Final = 5
"""Registries redirect once, to where their blobs are; GitHub's releases twice."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_AGAIN: Final = frozenset({307, 308})
"""Those after which the same is posted elsewhere; after others it would be got."""
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONNECT: Final = 10.0
_PIECE: Final = 65_536
_LONGEST_WAIT: Final = 600.0
"""Seconds of `Retry-After` that are believed."""


class Sink(Protocol):
    """Where a body goes, piece by piece."""

    def write(self, data: bytes, /) -> object:
        """Take the next piece."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to get, with whose credentials."""

    url: str
    home: Origin
    """Whom `access` and `authorization` are for; others are asked as anybody would."""
    access: Credentials = ANONYMOUS
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)
    """Value of the header, instead of what `access` has."""
    most: int = 1024 * 1024
    """Bytes the answer's body may have."""
    only_named: bool = False
    """Whether only those may be asked that the operator names."""
    body: bytes | None = None
    """What is posted; None: nothing is, the URL is got."""
    only_headers: bool = False
    """Whether the URL is not got, and only asked about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request was answered; the body is where it was asked into, of success only."""

    status: int
    headers: http.client.HTTPMessage
    url: str
    """Where it came from in the end."""

    def header(self, name: str) -> str:
        """Return a header, empty when it is not there."""
        return self.headers.get(name) or ""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver, which has a time limit of its own."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Client:
    """Gets URLs; may be used from threads, keeps nothing open."""

    def __init__(
        self,
        allowed: Allowed,
        *,
        timeout: float,
        proxies: Mapping[str, str] | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._allowed = allowed
        self._timeout = timeout
        self._proxies = urllib.request.getproxies_environment() if proxies is None else dict(proxies)
        self._resolve = resolver

    def get(self, request: Request, into: Sink) -> Answer:
        """Get a URL, or post to it, following a few redirects; the body of a success goes into `into` as it comes.

        Raises Rejected for what may not be fetched, is too large or is not trusted, and Temporary for what time may
        mend, a server's 429 and 5xx among it.
        """
        end = time.monotonic() + self._timeout
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._once(url, request, into, end)
            redirects = _REDIRECTS if request.body is None else _SAME_AGAIN
            if answer.status not in redirects or not answer.header("Location"):
                return answer
            url = urljoin(url, answer.header("Location"))
        raise Rejected(f"{shown(request.url)} redirects more than {_MOST_REDIRECTS} times")

    def _once(self, url: str, request: Request, into: Sink, end: float) -> Answer:
        origin, late = origin_of(url), threading.Event()
        try:
            with self._connected(origin, request, end, late) as (connection, target):
                method = "HEAD" if request.only_headers else "GET" if request.body is None else "POST"
                connection.request(method, target + target_of(url), request.body, _headers(origin, request))
                answer = connection.getresponse()
                _refuse_busy(answer, url)
                if answer.status == http.client.OK and not request.only_headers:
                    _copy(answer, into, request.most, url)
                if late.is_set():
                    raise TimeoutError
                return Answer(answer.status, answer.headers, url)
        except ssl.SSLCertVerificationError as error:
            raise Rejected(
                f"{origin} is not trusted: {error.verify_message}",
                remedy="Add the certificate authority that signed it to the repository's TLS settings.",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            slow = late.is_set() or isinstance(error, TimeoutError)
            words = f"it takes longer than {self._timeout:g} s" if late.is_set() else _words(error, slow=slow)
            raise Temporary(f"cannot fetch {shown(url)} now: {words}", retry_after=10.0) from error

    @contextmanager
    def _connected(
        self, origin: Origin, request: Request, end: float, late: threading.Event
    ) -> Iterator[tuple[http.client.HTTPConnection, str]]:
        """Connect; yield with it what has to stand before a path. Everything on the connection ends at `end`."""
        connection, target = self._opened(origin, request, end)
        watched = connection.sock.dup()

        def stop() -> None:
            # Limits of the socket are for one read each: a server that drips would never meet them.
            late.set()
            with suppress(OSError):
                watched.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(max(0.0, end - time.monotonic()), stop)
        timer.daemon = True
        timer.start()
        try:
            if origin.scheme == "https":
                context = _context(request.access if origin == request.home else ANONYMOUS)
                connection.sock = context.wrap_socket(connection.sock, server_hostname=origin.host)
            yield connection, target
        finally:
            timer.cancel()
            watched.close()
            connection.close()

    def _opened(self, origin: Origin, request: Request, end: float) -> tuple[http.client.HTTPConnection, str]:
        """Return a connection to whoever a URL names, or to the proxy that leads there, before any TLS."""
        proxy = self._proxy(origin, request.access)
        vouched = request.access.vouched and origin == request.home
        addresses = self._addresses(origin, proxied=bool(proxy), vouched=vouched)
        if request.only_named:
            self._allowed.check_named(origin.host, addresses)
        if proxy:
            return _through(proxy, origin, _patience(end))
        connection = http.client.HTTPConnection(origin.host, origin.port)
        connection.sock = _first(addresses, origin.port, end)
        return connection, ""

    def reach(self, origin: Origin, access: Credentials) -> list[str]:
        """Return the addresses at which another program may connect to a server; none where only its proxy knows them.

        Raises Rejected and Temporary as `get` does.
        """
        proxied = origin.scheme in {"https", "http"} and bool(self._proxy(origin, access))
        try:
            return self._addresses(origin, proxied=proxied, vouched=access.vouched)
        except OSError as error:
            raise Temporary(
                f"{origin.host} cannot be found now: {_words(error, slow=False)}", retry_after=10.0
            ) from error

    def _addresses(self, origin: Origin, *, proxied: bool, vouched: bool) -> list[str]:
        """Resolve a host once and have the guard look; a proxy may know names that are not known here."""
        try:
            addresses = self._resolve(origin.host, origin.port)
        except socket.gaierror as error:
            if not proxied and error.errno == socket.EAI_NONAME:
                raise Rejected(f"there is no host {origin.host}", remedy="Check the URL.") from error
            if not proxied:
                raise
            addresses = []
        self._allowed.check(origin.host, addresses, vouched=vouched)
        self._allowed.check_plain(origin, addresses, vouched=vouched)
        return addresses

    def _proxy(self, origin: Origin, access: Credentials) -> str:
        own = {origin.scheme: access.proxy, "no": access.no_proxy} if access.proxy else self._proxies
        proxy = own.get(origin.scheme) or own.get("all") or ""
        return "" if urllib.request.proxy_bypass(origin.authority, own) else proxy


def _patience(end: float) -> float:
    """Return for how many seconds one step may wait; TimeoutError when time is up."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(_CONNECT, left)


def _first(addresses: list[str], port: int, end: float) -> socket.socket:
    """Connect to the first address that answers; what was resolved is what is connected to."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=_patience(end))
    return socket.create_connection((addresses[-1], port), timeout=_patience(end))


def _through(proxy: str, origin: Origin, limit: float) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme != "http" or not parts.hostname:
        raise Rejected(f"the proxy {shown(proxy)} cannot be used", remedy="Give it as http://host:port in HTTPS_PROXY.")
    headers = {}
    if parts.username:
        headers["Proxy-Authorization"] = _basic(unquote(parts.username), unquote(parts.password or ""))
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=limit)
    if origin.scheme == "https":
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        connection.set_tunnel(host, origin.port, headers={"Host": f"{host}:{origin.port}", **headers})
    connection.connect()
    return connection, "" if origin.scheme == "https" else str(origin)


def _headers(origin: Origin, request: Request) -> dict[str, str]:
    headers = {
        "Host": origin.authority,
        "User-Agent": "foresail",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **request.headers,
    }
    if origin == request.home and (authorization := request.authorization or authorization_of(request.access)):
        headers["Authorization"] = authorization
    return headers


def authorization_of(access: Credentials) -> str:
    """Return the Authorization header that credentials make; empty when there are none."""
    if access.bearer_token:
        if not (access.bearer_token.isascii() and access.bearer_token.isprintable()):
            raise Rejected("the repository's bearer token has characters that no header can carry")
        return f"Bearer {access.bearer_token}"
    return _basic(access.username, access.password) if access.username or access.password else ""


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _refuse_busy(answer: http.client.HTTPResponse, url: str) -> None:
    if answer.status in _AGAIN:
        asked = answer.headers.get("Retry-After") or ""
        wait = min(float(asked), _LONGEST_WAIT) if asked.isascii() and asked.isdigit() else 10.0
        raise Temporary(f"cannot fetch {shown(url)} now: the server answers {answer.status}", retry_after=wait)


def _copy(answer: http.client.HTTPResponse, into: Sink, most: int, url: str) -> None:
    """Write a body as it comes, and no more of it than allowed."""
    too_large = Rejected(f"{shown(url)} is larger than the {most:,} bytes that are taken")
    if answer.length is not None and answer.length > most:
        raise too_large
    taken = 0
    while piece := answer.read1(_PIECE):
        taken += len(piece)
        if taken > most:
            raise too_large
        into.write(piece)
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)


def _words(error: Exception, *, slow: bool) -> str:
    """Say what failed without the server's own words, which whoever reads them might take for ours."""
    if slow:
        return "it does not answer in time"
    if isinstance(error, http.client.HTTPException):
        return "its answer breaks off, or is no HTTP"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection can be made ({error.reason})"
    return str(error.strerror or "no connection can be made") if isinstance(error, OSError) else "it failed"


@lru_cache(maxsize=64)
def _context(access: Credentials) -> ssl.SSLContext:
    """Return how TLS is spoken with a repository."""
    try:
        context = ssl.create_default_context(cadata=access.authorities or None)
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        if access.client_certificate:
            # Only files can be loaded; this one nobody else can read, and it is gone at once.
            with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
                file.write(f"{access.client_certificate}\n{access.client_key}\n")
                file.flush()
                context.load_cert_chain(file.name, password=_no_pass_phrase)
    except (ssl.SSLError, ValueError) as error:
        raise Rejected(
            "the TLS certificates of the repository cannot be read",
            remedy="Give PEM: a certificate, and its key without a pass phrase.",
        ) from error
    return context


def _no_pass_phrase() -> str:
    raise ValueError("the key has a pass phrase")
