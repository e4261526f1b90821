"""The watch on the Applications, begun anew whenever it has changed which of them are ours."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from bot.cluster.applications import APPLICATION
from bot.cluster.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.resources import JsonObject
    from bot.services import Services

_SILENCE: Final = 90.0
"""Seconds without a word from the API server after which nobody vouches for what is known of its Applications."""


class ApplicationWatch:
    """Tells of the Applications, each event to its end before the next, and nothing of an earlier watch."""

    def __init__(
        self,
        services: Services,
        on_application: Callable[[str, JsonObject], None],
        on_listed: Callable[[frozenset[str]], None],
    ) -> None:
        self._services = services
        self._on_application = on_application
        self._on_listed = on_listed
        self._watch: Watch | None = None
        self._over = threading.Event()
        self.hearing = threading.Lock()
        """Held while an event is heard."""
        self.listed = threading.Event()
        """Set once every Application that there is has been seen by the watch of now."""
        self._times = 0

    @property
    def is_current(self) -> bool:
        """Whether what was told is all that there is, as far as anybody can know."""
        watch = self._watch
        return watch is not None and self.listed.is_set() and time.monotonic() - watch.heard_at < _SILENCE

    @property
    def is_told_again(self) -> bool:
        """Whether all are told of once more: of the objects of what is ours only now watches have spoken already."""
        return self._times > 1 and not self.listed.is_set()

    def begin(self) -> None:
        """Tell of all Applications that there are, and of what becomes of them; for who holds `hearing`."""
        self._over.set()
        self.listed.clear()
        self._times += 1
        over = self._over = threading.Event()

        def on_event(event: str, obj: JsonObject) -> None:
            with self.hearing:
                if not over.is_set():
                    self._on_application(event, obj)

        def on_listed(names: frozenset[str]) -> None:
            with self.hearing:
                if not over.is_set():
                    self._on_listed(names)
                    self.listed.set()

        server, namespace = self._services.control.server, self._services.settings.control_namespace
        self._watch = Watch(server, APPLICATION, on_event, namespace=namespace, on_listed=on_listed)
        threading.Thread(target=self._watch.run, args=(over,), name="watch-applications", daemon=True).start()

    def stop(self) -> None:
        """Tell of nothing any more."""
        self._over.set()
