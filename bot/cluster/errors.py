"""An API server's refusals, by who must act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from bot.errors import Rejected, Temporary

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


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
        """Fields that a 422 says can never change on an existing object; empty when it is about anything else.

        API servers have no reason code for it: the words "field is immutable" (apimachinery's
        `validation.FieldImmutableErrorMsg`) or, for StatefulSets, "updates to statefulset spec for fields other than"
        are what there is.
        """
        if self.reason != "Invalid":
            return ()
        return tuple(
            str(cause.get("field") or "")
            for cause in self.causes
            if "field is immutable" in str(cause.get("message"))
            or "updates to statefulset spec for fields other than" in str(cause.get("message"))
            or "may not be changed" in str(cause.get("message"))
        )


def api_error(code: int, body: bytes, *, retry_after: str | None) -> Rejected | Temporary:
    """Turn a failed answer into the error whose class says who must act."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        status = {}
    if not isinstance(status, dict):
        status = {}
    if code == 401:  # noqa: PLR2004 - the HTTP code for missing or bad credentials
        return Rejected(
            "the API server does not accept our credentials (401)", remedy="Renew the cluster's credentials."
        )
    if code in _TRANSIENT and status.get("reason") not in {"AlreadyExists", "Invalid"}:
        words = str(status.get("message") or f"the API server answered {code}")
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else 2.0
        return Temporary(words, retry_after=seconds)
    return ApiRefused(code, status)
