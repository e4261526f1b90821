"""One API server: JSON requests over kept-alive connections, each with a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
from kubernetes import client, config
from urllib3.exceptions import HTTPError

from bot.cluster.breaker import told
from bot.cluster.errors import TOO_LARGE, ApiRefused, ClusterAway, Unreachable, api_error
from bot.cluster.exchange import exchanging
from bot.errors import Rejected, Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.cluster.breaker import Breaker
    from bot.model.resources import JsonObject

USER_AGENT: Final = "foresail"
_CREDENTIAL_SECONDS: Final = 5.0
"""Seconds until the client is asked again for its credential: asking costs as much as a small request."""
_CHECK_SECONDS: Final = 5.0
_LARGEST: Final = 3 << 20
"""Bytes of a request that an API server reads (apiserver `server.NewConfig`, `MaxRequestBodyBytes`)."""
MAX_BYTES: Final = 16 << 20
"""A watch event larger than this is refused rather than kept in memory; etcd's own limit per object is 1.5 MB."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an API server is reached, and as whom."""

    server: str
    """Its URL."""
    connections: Callable[[], urllib3.PoolManager]
    """Makes a pool of connections that lead there."""
    authorization: Callable[[], str | None]
    """Returns the header of that name; None: nobody is named, or a certificate says who."""

    @classmethod
    def of(cls, configuration: Any, *, connections: int) -> Way:
        """Go as the official client's configuration says, at most `connections` at a time being kept."""
        configuration.retries = False
        configuration.connection_pool_maxsize = connections

        def pool() -> urllib3.PoolManager:
            manager: urllib3.PoolManager = client.ApiClient(configuration).rest_client.pool_manager
            return manager

        def token() -> str | None:
            found: str | None = configuration.get_api_key_with_prefix("authorization", "BearerToken")
            return found

        return cls(configuration.host.rstrip("/"), pool, token)


class ApiServer:
    """A connection to one API server; safe to use from threads.

    Requests go straight to the connection pool, because building typed models costs ten times what the request does.
    """

    def __init__(self, way: Way, *, name: str, timeout: float = 30.0, breaker: Breaker | None = None) -> None:
        self._way = way
        self.server = way.server
        self._at = urlsplit(self.server)
        self._watches = way.connections()
        self._exchange = exchanging(way.connections().connection_from_url(self.server))
        self._timeout = urllib3.Timeout(connect=None if breaker is None else breaker.patience, total=timeout)
        self._breaker = breaker
        self._credential: tuple[str | None, float] = (None, 0.0)
        self.acts_as = ""
        """In whose name everything but reading is done; empty: our own."""
        self._lock = threading.Lock()
        self.name = name
        """What people call this cluster."""

    @classmethod
    def from_kubeconfig(
        cls, path: str = "", *, context: str = "", timeout: float = 30.0, connections: int = 16
    ) -> ApiServer:
        """Connect as a kubeconfig says; an empty `path` means $KUBECONFIG, then `~/.kube/config`.

        Raises Rejected when there is no usable configuration.
        """
        configuration = client.Configuration()
        try:
            config.load_kube_config(  # type: ignore[no-untyped-call] # the client leaves its loaders untyped
                path or None, context=context or None, client_configuration=configuration
            )
            contexts, active = config.list_kube_config_contexts(path or None)  # type: ignore[no-untyped-call] # as above
        except (config.ConfigException, OSError) as error:
            raise Rejected(
                f"no cluster to ask: {error}",
                remedy="Set FORESAIL_KUBECONFIG or KUBECONFIG to a file that kubectl can use.",
            ) from error
        chosen = next((entry for entry in contexts if entry["name"] == context), active)
        way = Way.of(configuration, connections=connections)
        return cls(way, name=str(chosen["context"]["cluster"]), timeout=timeout)

    @classmethod
    def in_cluster(cls, *, timeout: float = 30.0, connections: int = 16) -> ApiServer:
        """Connect as the pod's service account; raises Rejected outside a pod."""
        configuration = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call] # as above
        except config.ConfigException as error:
            raise Rejected(f"not running inside a cluster: {error}") from error
        return cls(Way.of(configuration, connections=connections), name="in-cluster", timeout=timeout)

    def acting_as(self, user: str) -> ApiServer:
        """Return the same connections, over which everything but reading is done in another user's name."""
        other = copy(self)
        other.acts_as = user
        return other

    def hurried(self, seconds: float) -> ApiServer:
        """Return the same connections, over which no request is waited for longer than that."""
        other = copy(self)
        other._timeout = urllib3.Timeout(total=seconds)  # noqa: SLF001 - a copy of our own
        return other

    def get(self, path: str, **query: str) -> JsonObject:
        """Read one document."""
        return self.request("GET", path, query=query)

    def check(self) -> None:
        """Ask for the least there is, with little patience; raises as `request` does."""
        self._answer("GET", "/version", limits=urllib3.Timeout(total=_CHECK_SECONDS))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonObject | Sequence[JsonObject] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Send one request and return the decoded answer.

        Raises ApiRefused for what the server refuses and Temporary for what may work later.
        """
        data = self._answer(method, _target(path, query), body=body, headers=headers)
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise Temporary(f"{self.name} answered {method} {path} with something that is no object")
        return document

    def read(self, path: str, *, query: Mapping[str, str], accept: str) -> bytes:
        """Read one document as the server encodes it for `accept`; raises as `request` does."""
        return self._answer("GET", _target(path, query), headers={"Accept": accept})

    @contextmanager
    def stream(
        self, path: str, *, query: Mapping[str, str], idle: float, headers: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[JsonObject]]:
        """Open a watch and yield its events, one decoded document a line; ends when the server closes it.

        `idle` is the most seconds between two lines before the connection counts as dead.
        """
        limits = urllib3.Timeout(connect=10.0, read=idle)
        with self._reaching():
            answer = self._watches.request(
                "GET",
                f"{self.server}{_target(path, query)}",
                headers=self._headers(headers),
                timeout=limits,
                preload_content=False,
                retries=False,
                redirect=False,
            )
        try:
            if answer.status >= 400:  # noqa: PLR2004 - as above
                raise api_error(answer.status, answer.data, retry_after=answer.headers.get("Retry-After"))
            yield _lines(answer, name=self.name)
        finally:
            answer.close()

    def _answer(
        self,
        method: str,
        target: str,
        *,
        body: JsonObject | Sequence[JsonObject] | None = None,
        headers: Mapping[str, str] | None = None,
        limits: urllib3.Timeout | None = None,
    ) -> bytes:
        host = self._at.netloc.rpartition("@")[2]
        sent = {"Host": host, "Accept-Encoding": "identity", **self._headers(headers)}
        if self.acts_as and method != "GET":
            sent["Impersonate-User"] = self.acts_as
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        encoded = None if body is None else _encoded(body)
        with self._reaching():
            answer = self._exchange(
                method,
                f"{self._at.path}{target}",
                body=encoded,
                headers=sent,
                timeout=limits or self._timeout,
                retries=False,
                redirect=False,
                assert_same_host=False,
            )
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's own line between success and failure
            raise api_error(answer.status, answer.data, retry_after=answer.headers.get("retry-after"))
        return answer.data

    def _headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        sent = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        if token := self._token():
            sent["Authorization"] = token
        return sent

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn what keeps a request from being answered into Unreachable, at once where it was so a moment ago."""
        started = time.monotonic()
        if self._breaker is not None:
            self._breaker.admit(self.name)
        try:
            yield
        except HTTPError as error:
            if self._breaker is not None:
                why = self._breaker.failed(error, seconds=time.monotonic() - started)
                raise ClusterAway(self.name, why) from error
            raise Unreachable(self.name, told(error)[0]) from error
        if self._breaker is not None:
            self._breaker.answered()

    def _token(self) -> str | None:
        """Return the bearer token, as the client renews it: from a file, a program or an identity provider."""
        with self._lock:
            token, until = self._credential
            if time.monotonic() >= until:
                token = self._way.authorization()
                self._credential = (token, time.monotonic() + _CREDENTIAL_SECONDS)
            return token


def _encoded(body: JsonObject | Sequence[JsonObject]) -> bytes:
    try:
        encoded = orjson.dumps(body)
    except TypeError as error:
        # YAML can hold what JSON cannot: keys that are numbers, integers of any size, nesting without end.
        raise ApiRefused(
            422, {"reason": "Invalid", "message": f"the object cannot be sent as JSON: {error}"}
        ) from error
    if len(encoded) > _LARGEST:
        # The server may hang up before all is sent, which would look as if it could not be reached.
        words = f"Request entity too large: {len(encoded):,} bytes, and the limit is {_LARGEST}"
        raise ApiRefused(413, {"reason": TOO_LARGE, "message": words})
    return encoded


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _lines(answer: urllib3.BaseHTTPResponse, *, name: str) -> Iterator[JsonObject]:
    """Split a watch's body into its documents; a broken connection is Temporary."""
    rest = b""
    try:
        for chunk in answer.stream(65536, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > MAX_BYTES:
                raise Temporary(f"{name} sent a watch event of more than {MAX_BYTES} bytes")
            yield from (orjson.loads(line) for line in lines if line)
    except HTTPError as error:
        raise Temporary(f"the watch on {name} broke: {error.__class__.__name__}") from error
