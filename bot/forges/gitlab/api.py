"""GitLab's REST API through python-gitlab: one call, one request; refusals in Foresail's words."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import orjson
import requests
import structlog
from gitlab import Gitlab
from gitlab.exceptions import GitlabError

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.errors import Answer, SlowDown, refusal
from bot.forges.gitlab.payload import Payload
from bot.forges.port import Pace
from bot.model.pacing import Charge

PAGE: Final = 100
"""Items a page holds at most: https://docs.gitlab.com/api/rest/#offset-based-pagination"""
SETTING: Final = "FORESAIL_GITLAB_URL"
CA_SETTING: Final = "FORESAIL_GITLAB_CA_FILE"

_ACCOUNT: Final = "gitlab"
"""Whom requests are counted for: the token's one account."""
_log = structlog.get_logger()

Query: TypeAlias = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Server:
    """Which GitLab, and as whom."""

    url: str
    """Where its pages are, `https://gitlab.com` or `https://example.com/gitlab`."""
    token: str = field(repr=False)
    """A personal, project or group access token."""
    timeout: float
    """Seconds one request may take."""
    authorities: Path | None = None
    """File of who may sign the server's certificate, instead of those the system trusts."""


class _Connection:
    """One thread's way to GitLab, with kept-alive connections."""

    def __init__(self, server: Server) -> None:
        session = requests.Session()
        # A redirection would take the token along to whatever host it names: requests knows only `Authorization`.
        session.max_redirects = 0
        session.hooks["response"].append(self._remember)
        self._last: requests.Response | None = None
        self._client = Gitlab(
            server.url,
            private_token=server.token,
            timeout=server.timeout,
            ssl_verify=str(server.authorities) if server.authorities is not None else True,
            user_agent="foresail",
            session=session,
            keep_base_url=True,
        )

    def send(self, method: str, path: str, *, query: Query | None, body: Mapping[str, Any] | None) -> Answer:
        """Send one request; what requests raises, but for redirections, which are answers."""
        self._last = None
        try:
            self._client.http_request(
                method.lower(),
                path,
                query_data=dict(query or {}),
                post_data=None if body is None else dict(body),
                obey_rate_limit=False,  # jobs are retried, not requests: a request may have had its effect
                retry_transient_errors=False,
            )
        except (GitlabError, requests.TooManyRedirects):
            if self._last is None:
                raise
        if self._last is None:
            raise AssertionError("python-gitlab returned and has asked nobody")
        headers = {name.lower(): value for name, value in self._last.headers.items()}
        return Answer(self._last.status_code, headers, _json(self._last.content))

    def _remember(self, response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        """Keep an answer: python-gitlab's errors have no headers, in which a rate limit says how long to wait."""
        self._last = response


class Api:
    """Ask GitLab; safe to use from threads, each of which has connections of its own."""

    def __init__(self, server: Server, pace: Pace) -> None:
        parts = urlsplit(server.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise Rejected(f"{SETTING} is not the http(s) URL of a GitLab")
        self._server = server
        self._pace = pace
        self._connections = threading.local()

    def ask(
        self, method: str, path: str, *, query: Query | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send one request, below the API's root, and return the answer; Temporary or Rejected when it is refused."""
        doing = f"{method} {path}"
        self._pace.take(_ACCOUNT, Charge.READ, whose="a request")
        answer = self._send(method, path, query=query, body=body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise self._refused(refusal(answer, doing=doing))
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise Rejected(
                f"GitLab sends {doing} somewhere else",
                remedy=f"If the project was moved, name it as it is called now; else correct {SETTING}.",
            )
        if answer.data is None and answer.status != HTTPStatus.NO_CONTENT:
            raise Temporary(f"GitLab's answer to {doing} is not JSON")
        return answer

    def take(self, charge: Charge, *, whose: str, requests: int = 1) -> None:
        """Count requests that are sent now; Paced when they are to be sent later."""
        self._pace.take(_ACCOUNT, charge, whose=whose, requests=requests)

    def pages(self, path: str, *, query: Query | None = None) -> Iterator[Payload]:
        """Yield every item of a list.

        Pages are counted by `x-next-page`: links lead to the address that GitLab was given, not to the one it is asked
        at. https://docs.gitlab.com/api/rest/#other-pagination-headers
        """
        page = "1"
        while page:
            answer = self.ask("GET", path, query={**(query or {}), "per_page": PAGE, "page": page})
            yield from answer.payload.items()
            page = answer.headers.get("x-next-page", "")

    def _refused(self, error: Rejected | Temporary) -> Rejected | Temporary:
        """Have everybody be silent for as long as GitLab asks: going on makes it longer."""
        if isinstance(error, SlowDown):
            _log.warning("forge asks to slow down", account=_ACCOUNT, reason=error.message, seconds=error.retry_after)
            with suppress(Temporary):  # GitLab's own words matter more
                self._pace.silence(_ACCOUNT, error.retry_after)
        return error

    def _send(self, method: str, path: str, *, query: Query | None, body: Mapping[str, Any] | None) -> Answer:
        doing = f"{method} {path}"
        try:
            return self._connection().send(method, path, query=query, body=body)
        except requests.Timeout as error:
            raise Temporary(f"GitLab did not answer {doing} within {self._server.timeout:g} s") from error
        except requests.exceptions.SSLError as error:
            raise Temporary(f"GitLab's certificate is not trusted; does {CA_SETTING} name who signed it?") from error
        except requests.RequestException as error:
            raise Temporary(f"the connection to GitLab broke at {doing}: {type(error).__name__}") from error

    def _connection(self) -> _Connection:
        known: _Connection | None = getattr(self._connections, "value", None)
        if known is None:
            known = self._connections.value = _Connection(self._server)
        return known


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
