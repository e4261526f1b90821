"""An API server's refusals, by who must act."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from bot.errors import Rejected, Temporary

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

TOO_LARGE: Final = "RequestEntityTooLarge"
"""The reason of an ApiRefused for what the server, or etcd behind it, has no room for."""
_TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})

_UNREADABLE: Final = re.compile(r"failed to create typed patch object|strconv\.ParseUint")
"""Server-side apply answers 500 to a manifest that does not fit the schema: unknown field, wrong type, bad version."""

_IMMUTABLE: Final = re.compile(
    r"\bimmutable\b|may not change\b|may not be changed\b|updates to statefulset spec for fields other than"
    r"|cannot change roleRef|must not update from a positive integer",
    re.IGNORECASE,
)
"""API servers have no reason code for what can never change: words are what there is.

Sources: apimachinery `validation.FieldImmutableErrorMsg` ("field is immutable"), and in `pkg/apis/core/validation`
"spec is immutable after creation", "may not change once set", "pod updates may not change fields other than"; in
`pkg/apis/rbac/validation` "cannot change roleRef".
"""

_TOO_LARGE: Final = re.compile(r"request is too large|message larger than max")
"""Measured: 413 from 3 MiB on, which the server reads no further, and 500 with etcd's words from 1.5 MiB on."""
_STORAGE: Final = re.compile(r"etcdserver|rpc error|deadline exceeded|connection refused|EOF\b")
_WEBHOOK: Final = re.compile(r"webhook")


class ApiRefused(Rejected):
    """The API server answered with a `Status` of failure; `message` holds its own words."""

    def __init__(self, code: int, status: JsonObject) -> None:
        self.code = code
        self.reason = str(status.get("reason") or "")
        """Machine-readable word: `NotFound`, `Invalid`, `Forbidden`, `Conflict`, `AlreadyExists`, `Expired`."""
        details = status.get("details")
        self.details: JsonObject = details if isinstance(details, dict) else {}
        super().__init__(str(status.get("message") or f"the API server answered {code}"))

    @property
    def causes(self) -> tuple[JsonObject, ...]:
        """The field errors of a 422, each with `reason`, `message` and `field`."""
        causes = self.details.get("causes")
        return tuple(cause for cause in causes if isinstance(cause, dict)) if isinstance(causes, list) else ()

    @property
    def immutable_fields(self) -> tuple[str, ...]:
        """Fields that a 422 says can never change on an existing object; empty when anything else is wrong as well."""
        causes = self.causes if self.reason == "Invalid" else ()
        if not all(_IMMUTABLE.search(str(cause.get("message"))) for cause in causes):
            return ()
        return tuple(dict.fromkeys(str(cause.get("field") or "") for cause in causes))


class Unreachable(Temporary):
    """An API server cannot be reached, or does not answer in time."""

    def __init__(self, cluster: str, why: str, *, retry_after: float = 5.0) -> None:
        super().__init__(f"cannot reach {cluster}: {why}", retry_after=retry_after)
        self.cluster = cluster
        """What people call it."""


class ClusterAway(Unreachable):
    """One of the clusters beside our own cannot be reached: it is its applications' trouble, and nobody else's."""


class NotAccepted(Rejected):
    """The API server does not accept our credentials."""


class ServerFailed(Temporary):
    """The API server answered 500: itself, its storage or a webhook failed at this very request."""

    @property
    def about_the_object(self) -> bool:
        """Whether the words tell of the object or of a webhook that was asked about it, not of the server's storage."""
        return bool(_WEBHOOK.search(self.message)) or not _STORAGE.search(self.message)


def api_error(code: int, body: bytes, *, retry_after: str | None) -> Rejected | Temporary:
    """Turn a failed answer into the error whose class says who must act."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        status = {}
    if not isinstance(status, dict):
        status = {}
    if code == 401:  # noqa: PLR2004 - the HTTP code for missing or bad credentials
        return NotAccepted(
            "the API server does not accept our credentials (401)", remedy="Renew the cluster's credentials."
        )
    words = str(status.get("message") or f"the API server answered {code}")
    if code == 500 and _UNREADABLE.search(words):  # noqa: PLR2004 - HTTP's "internal server error"
        return ApiRefused(422, {**status, "reason": "Invalid"})
    if code == 500 and _TOO_LARGE.search(words):  # noqa: PLR2004 - as above
        return ApiRefused(413, {**status, "reason": TOO_LARGE})
    if code in _TRANSIENT and status.get("reason") not in {"AlreadyExists", "Invalid"}:
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else 2.0
        kind = ServerFailed if code == 500 else Temporary  # noqa: PLR2004 - as above
        return kind(words, retry_after=seconds)
    return ApiRefused(code, status)
