"""What the watches have told of objects: so much of each that it is known what an event about it can change."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from bot.model.health import Health
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.health import HealthStatus
    from bot.model.resources import JsonObject, ResourceKey

_VOLATILE: Final = frozenset({"managedFields", "resourceVersion", "generation"})
"""Metadata that moves whenever anything does."""
_BYTES: Final = 12
"""Of a digest: it is compared with the one before, and with no other."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    digest: bytes
    progressing: bool


class Sightings:
    """The last state of each object that some watch spoke of, as a digest; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secret = os.urandom(16)
        """Without it, whoever sees our memory could try what a short Secret holds."""
        self._seen: dict[tuple[str, ResourceKey], _Sighting] = {}

    def saw(self, cluster: str, key: ResourceKey, obj: JsonObject, health: HealthStatus | None) -> bool:
        """Take note of an object; return whether it is healthy in another way, or differs in more than its status."""
        progressing = health is not None and health.status is Health.PROGRESSING
        words = "" if health is None or progressing else health.message  # the way there is told by whoever waits for it
        sighting = _Sighting(self._digest(obj, health.status if health is not None else "", words), progressing)
        with self._lock:
            before = self._seen.get((cluster, key))
            self._seen[cluster, key] = sighting
        return before is None or before.digest != sighting.digest

    def saw_metadata(self, cluster: str, key: ResourceKey, obj: JsonObject) -> bool:
        """Take note of an object of which nothing but the metadata is known; return whether anything has changed."""
        return self.saw(cluster, key, {"version": metadata_of(obj).get("resourceVersion")}, None)

    def lost(self, cluster: str, key: ResourceKey) -> None:
        """Take note that an object is gone."""
        with self._lock:
            self._seen.pop((cluster, key), None)

    def is_progressing(self, cluster: str, key: ResourceKey) -> bool | None:
        """Whether an object was on its way to be healthy when it was seen last; None when it was not seen."""
        with self._lock:
            sighting = self._seen.get((cluster, key))
        return sighting.progressing if sighting is not None else None

    def _digest(self, obj: JsonObject, status: str, words: str) -> bytes:
        metadata = {name: value for name, value in metadata_of(obj).items() if name not in _VOLATILE}
        told = [{**obj, "metadata": metadata, "status": None}, status, words]
        return hashlib.blake2b(
            orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=_BYTES, key=self._secret
        ).digest()
