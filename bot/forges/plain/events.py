"""A push that any Git server, or a hook in a bare repository, tells of: pure, for bytes from anybody.

Either the body is signed as Gitea, Forgejo, Gogs and GitHub sign theirs, or the secret comes along as a bearer token,
as `curl` in a `post-receive` hook sends it. What was pushed is not believed; that somebody pushed is a reason to look.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import orjson

from bot.errors import Rejected
from bot.forges.payload import Malformed, Payload
from bot.model.events import Event, RepositoryMoved

_SIGNATURES: Final = ("X-Hub-Signature-256", "X-Gitea-Signature", "X-Forgejo-Signature", "X-Gogs-Signature")
"""Headers with a HMAC-SHA256 of the body in hexadecimal, the first with its name before it."""
_BEARER: Final = "bearer "
_FIELDS: Final = ("clone_url", "ssh_url", "git_url", "html_url", "git_http_url", "git_ssh_url", "url")
"""Where servers say in a `repository` by which URLs it can be cloned."""
_LONGEST: Final = 2048


class BadSignature(Rejected):
    """The delivery has no secret of ours: nobody knows who sent it."""


def parse_delivery(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> Event:
    """Verify a delivery with any of `secrets` and read which repository it is about; BadSignature or Malformed."""
    _verify(headers, body, secrets=secrets)
    try:
        payload = Payload(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Malformed("", 'JSON: {"repository": "<the URL that Applications name>"}') from error
    urls = tuple(_urls(payload.at("repository")))
    if not urls:
        raise Malformed("repository", f"a URL, or an object with one of {', '.join(_FIELDS)}")
    return RepositoryMoved(urls)


def _urls(repository: Payload) -> Iterator[str]:
    if isinstance(repository.value, str):
        found = [repository.value]
    else:
        values = (repository.find(name) for name in _FIELDS)
        found = [one.text() for one in values if one is not None]
    yield from dict.fromkeys(one for one in found if one and len(one) <= _LONGEST)


def _verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> None:
    """Compare in constant time, with every secret: how long it takes must not tell which one was nearly right."""
    given = [_header(headers, name).removeprefix("sha256=").lower() for name in _SIGNATURES]
    authorization = _header(headers, "Authorization")
    token = authorization[len(_BEARER) :] if authorization.lower().startswith(_BEARER) else ""
    matches = [
        hmac.compare_digest(expected.encode(), sent.encode("utf-8", "replace"))
        for secret in secrets
        for expected, sent in [(secret, token), *((_sign(secret, body), one) for one in given)]
    ]
    if not any(matches):
        raise BadSignature(
            "neither a signature nor a bearer token fits" if token or any(given) else "there is no signature",
            remedy="Give whoever sends this and FORESAIL_GIT_WEBHOOK_SECRET the same secret.",
        )


def _sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
