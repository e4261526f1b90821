"""Leases by which controllers say that they are there, and between whom they share the work.

Source: https://kubernetes.io/docs/concepts/architecture/leases/
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.cluster.errors import ApiRefused
from bot.cluster.objects import collection_path, object_path
from bot.errors import Rejected
from bot.model.resources import ResourceType, annotations_of, metadata_of
from bot.model.shards import Seat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cluster.connection import ApiServer
    from bot.model.resources import JsonObject

LEASE: Final = ResourceType("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)
SELECTOR: Final = "foresail.dev/lease=controller"
"""Which Leases of the control namespace are those of controllers."""
PREFIX: Final = "foresail-controller-"
_LABEL, _VALUE = SELECTOR.split("=")
_TURN: Final = "foresail.dev/turn"
_MEMBERS: Final = "foresail.dev/members"
_NAME: Final = re.compile(rf"{PREFIX}[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403
_CONFLICT: Final = 409
_PAGE: Final = "500"


class Leases:
    """The Leases of all controllers of one namespace; one of them, `name`, is written. For one thread at a time."""

    def __init__(self, server: ApiServer, *, namespace: str, name: str) -> None:
        self.server = server
        self.namespace = namespace
        self._name = name
        self._version = ""
        """The resourceVersion of ours as it was written last: what was sent before that and comes late is refused."""

    def write(self, seat: Seat) -> None:
        """Say that we are there.

        Raises Temporary when it may have been written or not; Rejected when the account may not write Leases.
        """
        try:
            self._write(seat)
        except ApiRefused as error:
            self._version = ""
            if error.code == _FORBIDDEN:
                raise Rejected(
                    f"controllers share the work by Leases, and this account may not use them: {error.message}",
                    remedy="README.md lists what the account has to be allowed.",
                ) from error
            raise

    def _write(self, seat: Seat) -> None:
        path = object_path(LEASE, namespace=self.namespace, name=self._name)
        if not self._version:
            self._version = self._found(path)
        body = _manifest(seat, namespace=self.namespace, version=self._version)
        sent, self._version = self._version, ""  # unknown until there is an answer
        if sent:
            answer = self.server.request("PUT", path, body=body)
        else:
            answer = self.server.request("POST", collection_path(LEASE, namespace=self.namespace), body=body)
        self._version = str(metadata_of(answer).get("resourceVersion") or "")

    def _found(self, path: str) -> str:
        try:
            return str(metadata_of(self.server.get(path)).get("resourceVersion") or "")
        except ApiRefused as error:
            if error.code != _NOT_FOUND:
                raise
        return ""

    def all(self) -> dict[str, Seat]:
        """Read who is there now, by name: what was written before this was called is seen."""
        path = collection_path(LEASE, namespace=self.namespace)
        found: dict[str, Seat] = {}
        query = {"labelSelector": SELECTOR, "limit": _PAGE}
        while True:
            page = self.server.request("GET", path, query=query)
            seats = (seat_of(item) for item in page.get("items") or [])
            found |= {seat.name: seat for seat in seats if seat is not None}
            token = metadata_of(page).get("continue")
            if not token:
                return found
            query = {"labelSelector": SELECTOR, "limit": _PAGE, "continue": str(token)}

    def throw_away(self, seat_name: str, *, turn: int) -> None:
        """Delete the Lease of somebody who is dead; nothing happens when it has moved since `turn`.

        Raises ApiRefused where the account may not do so.
        """
        path = object_path(LEASE, namespace=self.namespace, name=seat_name)
        with _overtaken():
            obj = self.server.get(path)
            seat = seat_of(obj)
            if seat is not None and seat.turn == turn:
                version = metadata_of(obj).get("resourceVersion")
                self.server.request("DELETE", path, body=_delete({"resourceVersion": version}))

    def leave(self) -> None:
        """Delete our own: the others need not wait. Raises ApiRefused where the account may not do so."""
        self._version = ""
        with _overtaken():
            path = object_path(LEASE, namespace=self.namespace, name=self._name)
            self.server.request("DELETE", path, body=_delete({}))


@contextmanager
def _overtaken() -> Iterator[None]:
    """Go on where a Lease has moved, or somebody else was quicker to delete it."""
    try:
        yield
    except ApiRefused as error:
        if error.code not in {_NOT_FOUND, _CONFLICT}:
            raise


def seat_of(obj: JsonObject) -> Seat | None:
    """Read a Lease; None for what no controller has written so."""
    name, said, spec = str(metadata_of(obj).get("name")), annotations_of(obj), obj.get("spec")
    seconds = spec.get("leaseDurationSeconds") if isinstance(spec, dict) else None
    turn = said.get(_TURN)
    if not _NAME.fullmatch(name) or not isinstance(seconds, int) or not (isinstance(turn, str) and turn.isdecimal()):
        return None
    members = str(said.get(_MEMBERS) or "")
    return Seat(name, int(turn[:18]), frozenset(filter(None, members.split(","))), float(seconds))


def _manifest(seat: Seat, *, namespace: str, version: str) -> JsonObject:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    metadata: JsonObject = {
        "name": seat.name,
        "namespace": namespace,
        "labels": {_LABEL: _VALUE},
        "annotations": {_TURN: str(seat.turn), _MEMBERS: ",".join(sorted(seat.members))},
    }
    if version:
        metadata["resourceVersion"] = version
    # The time is for people to read: nobody here believes another's clock.
    spec = {"holderIdentity": seat.name, "leaseDurationSeconds": int(seat.seconds), "renewTime": now}
    return {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": spec}


def _delete(preconditions: JsonObject) -> JsonObject:
    return {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
