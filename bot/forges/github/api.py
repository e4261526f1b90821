"""GitHub's REST API through PyGithub's requester: one call, one request; refusals in Foresail's words."""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import orjson
import requests
from github import Auth, Github
from github.Requester import Requester

from bot.errors import Rejected, Temporary
from bot.forges.github.errors import Answer, refusal
from bot.forges.github.known import KnownAnswers
from bot.forges.github.payload import Payload

API_VERSION: Final = "2022-11-28"
"""Answers keep this shape until March 2028: https://docs.github.com/en/rest/about-the-rest-api/api-versions"""
PAGE: Final = 100
"""Items a page holds at most: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
_NEXT: Final = re.compile(r'<([^<>]+)>;\s*rel="next"')
_MOVED: Final = frozenset({HTTPStatus.FOUND, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
"""What PyGithub does not follow; GitHub answers writes to a renamed repository so."""
_ONCE_MORE: Final = 2
"""How often a read is tried again at once; a job has a dozen of them, and would begin anew for each that fails."""
_SETTING: Final = "FORESAIL_GITHUB_URL"


Query: TypeAlias = Mapping[str, str | int]
Get: TypeAlias = Callable[[str, Query | None], Answer]
"""Asks for a path, which may be a whole URL of the API, with a query."""


class _Bearer(Auth.Auth):
    """Whoever a thread's connection speaks for at the moment."""

    def __init__(self) -> None:
        self._value = ""

    @property
    def token_type(self) -> str:
        """The scheme that suits App tokens, installation tokens and personal ones."""
        return "Bearer"

    @property
    def token(self) -> str:
        """The token."""
        return self._value

    def speak_for(self, token: str) -> None:
        """Use `token` from now on."""
        self._value = token


class _BrokenError(Temporary):
    """Nobody knows whether a request arrived."""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Query | None
    body: Mapping[str, Any] | None
    known: Answer | None
    """What was answered last, which need not be sent again."""

    @property
    def doing(self) -> str:
        """What a person is told that was tried."""
        return f"{self.method} {urlsplit(self.path).path}"


@dataclass(frozen=True, slots=True)
class _Connection:
    bearer: _Bearer
    requester: Requester


class Api:
    """Ask GitHub; safe to use from threads.

    PyGithub's requester is not: its one connection object keeps the request under way in attributes, so two threads
    could send each other's. Each thread therefore has a requester, and with it kept-alive connections, of its own.
    """

    def __init__(self, url: str, *, timeout: float, setting: str, clock: Callable[[], float]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise Rejected(f"{_SETTING} is not the http(s) URL of a GitHub API")
        self._url = url.rstrip("/")
        self._host = parts.netloc
        self._timeout = max(1, math.ceil(timeout))
        self._setting = setting
        self._clock = clock
        self._connections = threading.local()
        self._known = KnownAnswers()
        # at DEBUG, PyGithub logs whole answers, and one of them is the token
        logging.getLogger("github.Requester").setLevel(logging.INFO)

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send one request, below the API's root, and return the answer; Temporary or Rejected when it is refused."""
        known = self._known.get((path, query)) if method == "GET" else None
        request = _Request(method, path, query, body, known)
        doing = request.doing
        answer = self._send_surely(request, token=token) if method == "GET" else self._send(request, token=token)
        if answer.status in _MOVED:
            moved = replace(request, path=self._moved(answer, doing=doing), query=None, known=None)
            answer = self._send(moved, token=token)
        if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
            return replace(known, headers={**known.headers, **answer.headers})
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise refusal(answer, doing=doing, setting=self._setting, now=self._clock())
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise Rejected(f"GitHub sends {doing} from one place to the next")
        if answer.data is None and answer.status != HTTPStatus.NO_CONTENT:
            raise Temporary(f"GitHub's answer to {doing} is not JSON")
        if method == "GET":
            self._known.keep((path, query), answer)
        return answer

    def _send_surely(self, request: _Request, *, token: str) -> Answer:
        """Send a request that changes nothing, and once or twice more where it went astray at once."""
        for _ in range(_ONCE_MORE):
            with suppress(_BrokenError):
                answer = self._send(request, token=token)
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or "retry-after" in answer.headers:
                    return answer
        return self._send(request, token=token)

    def _send(self, request: _Request, *, token: str) -> Answer:
        connection = self._connection()
        connection.bearer.speak_for(token)
        doing, known = request.doing, request.known
        try:
            status, headers, text = connection.requester.requestJson(
                request.method,
                request.path,
                parameters=None if request.query is None else dict(request.query),
                headers=None if known is None else {"If-None-Match": known.headers["etag"]},
                input=request.body,
            )
        except requests.Timeout as error:
            raise Temporary(f"GitHub did not answer {doing} within {self._timeout} s") from error
        except requests.RequestException as error:
            raise _BrokenError(f"the connection to GitHub broke at {doing}: {type(error).__name__}") from error
        except RuntimeError as error:  # PyGithub's word for a redirection to another host
            raise Rejected(f"{_SETTING} leads elsewhere: {error}") from error
        return Answer(status, headers, _json(text), length=len(text))

    def _moved(self, answer: Answer, *, doing: str) -> str:
        """Return where a request is to go instead; never to another host, which the token is not for.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        location = answer.headers.get("location", "")
        if urlsplit(location).netloc not in {"", self._host}:
            raise Rejected(f"GitHub sends {doing} to another host; {_SETTING} should name that host")
        return location

    def _connection(self) -> _Connection:
        known: _Connection | None = getattr(self._connections, "value", None)
        if known is None:
            bearer = _Bearer()
            client = Github(
                auth=bearer,
                base_url=self._url,
                timeout=self._timeout,
                user_agent="foresail",
                retry=None,  # jobs are retried, not requests: a request may have had its effect
                seconds_between_requests=0,
                seconds_between_writes=0,
                api_version=API_VERSION,
            )
            known = self._connections.value = _Connection(bearer, client.requester)
        return known


def pages(get: Get, path: str, *, query: Query | None = None, inside: str = "") -> Iterator[Payload]:
    """Yield every item of a list, whose array is the answer or `inside` it; `get` asks for each page.

    Later pages are where the Link header says: PyGithub drops the query when it follows a renamed repository, so
    counting pages would read the first one for ever.
    """
    following: Query | None = {**(query or {}), "per_page": PAGE}
    while path:
        answer = get(path, following)
        found = answer.payload
        yield from (found.at(inside) if inside else found).items()
        more = _NEXT.search(answer.headers.get("link", ""))
        path, following = (more.group(1) if more else ""), None


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
