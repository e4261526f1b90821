"""The batch API of Git LFS: which objects a server has, and where they are got from.

Source: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md, `docs/api/basic-transfers.md`
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, Any, Final
from urllib.parse import urlsplit

from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.fetching import Client, Request
from bot.repository.guard import origin_of, shown
from bot.repository.pointers import Pointer
from bot.repository.transport import without_user

_MEDIA_TYPE: Final = "application/vnd.git-lfs+json"
_AT_ONCE: Final = 100
"""Objects that are asked for in one request, as `git lfs` does."""
_LONGEST: Final = 8_000
"""Characters of a header."""
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "upgrade", "expect", "te"}
)
"""Headers by which one request may end and another begin: a server has no say in them."""


@dataclass(frozen=True, slots=True)
class _Download:
    """Where an object is got from."""

    pointer: Pointer
    url: str
    headers: Mapping[str, str]
    authenticated: bool


@dataclass(frozen=True, slots=True)
class LargeFiles:
    """The LFS server of one repository."""

    client: Client
    url: str
    """The repository's."""
    credentials: Credentials

    def fetch(self, pointers: Sequence[Pointer]) -> Iterator[tuple[Pointer, IO[bytes]]]:
        """Yield each object with its content, checked; the file is gone after that.

        Raises Rejected for what a person must change and Temporary for what time may mend.
        """
        for start in range(0, len(pointers), _AT_ONCE):
            for download in self._found(pointers[start : start + _AT_ONCE]):
                with self._content(download) as content:
                    yield download.pointer, content

    def _found(self, pointers: Sequence[Pointer]) -> list[_Download]:
        endpoint = self._endpoint()
        asked = {
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{"oid": one.oid, "size": one.size} for one in pointers],
        }
        headers = {"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE}
        body, into = json.dumps(asked).encode(), io.BytesIO()
        request = Request(endpoint, origin_of(endpoint), self.credentials, headers, most=4 << 20, body=body)
        answer = self.client.get(request, into)
        if answer.status != HTTPStatus.OK:
            raise Rejected(f"{shown(endpoint)} answers {answer.status}", remedy=_remedy(answer.status))
        objects = _objects(into.getvalue(), endpoint)
        return [_download(one, objects.get(one.oid), self.url) for one in pointers]

    def _endpoint(self) -> str:
        """Return where to ask (git-lfs `docs/api/server-discovery.md`)."""
        url = without_user(self.url).rstrip("/")
        if urlsplit(url).scheme not in {"https", "http"}:
            raise Rejected(
                f"{url}: files in Git LFS are fetched over https only", remedy="Name the repository by its https URL."
            )
        return f"{url.removesuffix('.git')}.git/info/lfs/objects/batch"

    @contextmanager
    def _content(self, download: _Download) -> Iterator[IO[bytes]]:
        pointer, home = download.pointer, origin_of(download.url)
        ours = home == origin_of(without_user(self.url)) and not download.authenticated
        access = self.credentials if ours else self.credentials.elsewhere
        headers = {name: text for name, text in download.headers.items() if name.lower() != "authorization"}
        authorization = next((text for name, text in download.headers.items() if name.lower() == "authorization"), "")
        request = Request(download.url, home, access, headers, authorization, most=pointer.size)
        with tempfile.TemporaryFile() as file:
            answer = self.client.get(request, file)
            if answer.status != HTTPStatus.OK:
                raise Rejected(f"{shown(download.url)}, where a file in Git LFS was to be, answers {answer.status}")
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != pointer.oid:
                raise Rejected(
                    f"the file in Git LFS that {shown(download.url)} gives is not the one that was asked for"
                )
            file.seek(0)
            yield file


def _objects(body: bytes, endpoint: str) -> dict[str, dict[str, Any]]:
    try:
        objects = json.loads(body)["objects"]
        return {one["oid"]: one for one in objects}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Rejected(f"{shown(endpoint)} gives no answer of Git LFS") from error


def _download(pointer: Pointer, found: dict[str, Any] | None, url: str) -> _Download:
    """Read what a server says of one object; Rejected when it does not have it."""
    where = f"the file {pointer.oid[:12]} in Git LFS of {shown(without_user(url))}"
    error = _mapping(_mapping(found).get("error"))
    if found is None or error:
        raise Rejected(f"{where} is not there" + (f": its server says {code}" if (code := _number(error)) else ""))
    action = _mapping(_mapping(found.get("actions")).get("download"))
    href, headers = action.get("href"), _mapping(action.get("header"))
    if not isinstance(href, str):
        raise Rejected(f"{where} is not there: its server does not say where to get it")
    _refuse_strange(headers, where)
    return _Download(pointer, href, headers, found.get("authenticated") is True)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(error: Mapping[str, Any]) -> str:
    code = error.get("code")
    return str(code) if isinstance(code, int) else ""


def _refuse_strange(headers: Mapping[str, Any], where: str) -> None:
    for name, text in headers.items():
        plain = _HEADER.fullmatch(name) and isinstance(text, str) and text.isascii() and text.isprintable()
        if not plain or len(text) > _LONGEST or name.lower() in _OURS or name.lower().startswith("proxy-"):
            raise Rejected(f"{where} cannot be fetched: its server asks for a header that it has no say in")


def _remedy(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "Check that the repository's credentials may read its files in Git LFS."
    return "Check that the repository's server has Git LFS."
