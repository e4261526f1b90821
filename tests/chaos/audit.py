"""What an API server's audit log says of writes: read line by line, as values. Pure.

Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson

from bot.model.resources import JsonObject

TRACKING: Final = "argocd.argoproj.io/tracking-id"
HOOK: Final = "argocd.argoproj.io/hook"
WAVE: Final = "argocd.argoproj.io/sync-wave"


@dataclass(frozen=True, slots=True)
class Write:
    """One request that changed something, or was told that it had."""

    at: str
    """When the server received it: RFC 3339 with microseconds, so that text order is time order."""
    verb: str
    """create, update, patch, delete or deletecollection."""
    resource: str
    """`deployments.apps`; with a subresource `pods/status`."""
    namespace: str
    name: str
    agent: str
    sent: JsonObject
    answered: JsonObject

    @property
    def key(self) -> str:
        """Names the object."""
        return f"{self.resource} {self.namespace}/{self.name}"

    @property
    def is_ours(self) -> bool:
        """Whether Foresail asked."""
        return self.agent.startswith("foresail")

    @property
    def is_by_hand(self) -> bool:
        """Whether a person asked."""
        return self.agent.startswith("kubectl")

    @property
    def owner(self) -> str:
        """The application that what was sent says it belongs to; empty when it says nothing."""
        return annotation(self.sent, TRACKING).partition(":")[0].rpartition("_")[2]

    @property
    def is_of_an_application(self) -> bool:
        """Whether it is about an Application itself."""
        return self.resource == "applications.argoproj.io"

    def __str__(self) -> str:
        return f"{self.at} {self.verb} {self.key} by {self.agent}"


def annotation(obj: JsonObject, name: str) -> str:
    """Return an annotation's value, empty where there is none."""
    return str(_mapping(_mapping(obj.get("metadata")).get("annotations")).get(name) or "")


def writes(lines: Iterable[bytes]) -> Iterator[Write]:
    """Yield what was written for real: dry runs and what was refused are left out, and signs of life.

    A request whose sender was killed may be logged as broken off: nobody was told of it, and what it did is seen by
    what follows.
    """
    for line in lines:
        event = orjson.loads(line)
        status = _mapping(event.get("responseStatus")).get("code", 0)
        query = parse_qs(urlsplit(event.get("requestURI", "")).query)
        reference = event.get("objectRef")
        succeeded = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        done = succeeded and "dryRun" not in query and event.get("stage") == "ResponseComplete"
        if done and reference and reference.get("resource") != "leases":
            yield _write(event, reference)


def _write(event: JsonObject, reference: JsonObject) -> Write:
    sent, answered = _mapping(event.get("requestObject")), _mapping(event.get("responseObject"))
    group, sub = reference.get("apiGroup"), reference.get("subresource")
    named = _mapping(answered.get("metadata")).get("name") or _mapping(sent.get("metadata")).get("name")
    return Write(
        at=str(event["requestReceivedTimestamp"]),
        verb=str(event["verb"]),
        resource=f"{reference['resource']}{f'.{group}' if group else ''}{f'/{sub}' if sub else ''}",
        namespace=str(reference.get("namespace") or ""),
        name=str(reference.get("name") or named or ""),
        agent=str(event.get("userAgent") or ""),
        sent=sent,
        answered=answered,
    )


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
