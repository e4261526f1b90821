"""The watches on the Applications, begun anew whenever it has changed which of them are ours."""

from __future__ import annotations

import functools
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import APPLICATION
from bot.cluster.watch import Watch
from bot.errors import ForesailError
from bot.model.names import name_in, qualified, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cluster.connection import ApiServer
    from bot.cluster.errors import ApiRefused
    from bot.engine.homes import Homes
    from bot.model.resources import JsonObject

_log = structlog.get_logger()

_SILENCE: Final = 90.0
"""Seconds without a word from the API server after which nobody vouches for what is known of its Applications."""


class ApplicationWatch:
    """Tells of the Applications, each event to its end before the next, and nothing of an earlier watch.

    There is one watch for each namespace, or one for all where the operator names them by patterns.
    """

    def __init__(
        self,
        server: ApiServer,
        homes: Homes,
        on_application: Callable[[str, JsonObject], None],
        on_listed: Callable[[frozenset[str], Callable[[str], bool]], None],
    ) -> None:
        """Tell nothing yet; `on_listed` hears the names of all that there are, of those that pass its test."""
        self._server = server
        self._homes = homes
        self._on_application = on_application
        self._on_listed = on_listed
        self._watches: dict[str, Watch] = {}
        """By namespace."""
        self._unlisted: set[str] = set()
        """Namespaces of which it is not known yet what there is."""
        self._refused: set[str] = set()
        """Namespaces that we may not read: who may say so there must not keep us from all the others."""
        self._others: set[str] = set()
        """Applications of which is heard and that are none of ours, as `namespace/name`."""
        self._over = threading.Event()
        self.hearing = threading.Lock()
        """Held while an event is heard."""
        self.listed = threading.Event()
        """Set once every Application that there is has been seen by the watches of now."""
        self._times = 0

    @property
    def is_current(self) -> bool:
        """Whether what was told is all that there is, as far as anybody can know."""
        watches, since = list(self._watches.items()), time.monotonic() - _SILENCE
        told = all(place in self._refused or watch.heard_at > since for place, watch in watches)
        return bool(watches) and self.listed.is_set() and told

    @property
    def strangers(self) -> int:
        """How many Applications there are beside ours where we look, as `Applications.count` counts them too."""
        return len(self._others)

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
        self._unlisted, self._refused = set(self._homes.places), set()
        self._watches = {place: self._watch(place, over) for place in self._homes.places}
        for watch in self._watches.values():
            threading.Thread(target=watch.run, args=(over,), name="watch-applications", daemon=True).start()

    def stop(self) -> None:
        """Tell of nothing any more."""
        self._over.set()

    def _watch(self, place: str, over: threading.Event) -> Watch:
        def on_event(event: str, obj: JsonObject) -> None:
            with self.hearing:
                if not over.is_set():
                    self._heard(event, obj)

        def on_listed(names: frozenset[str]) -> None:
            with self.hearing:
                if not over.is_set():
                    self._refused.discard(place)
                    if not place:
                        self._others = {name for name in names if not self._homes.allows(split(name, home="")[0])}
                    self._on_listed(self._qualified(place, names), functools.partial(self._is_in, place))
                    self._is_known(place)

        def on_refused(error: ApiRefused) -> None:
            with self.hearing:
                if not over.is_set() and place != self._homes.control and error.code == HTTPStatus.FORBIDDEN:
                    _log.warning("applications of a namespace may not be read", namespace=place, reason=error.message)
                    self._refused.add(place)
                    self._is_known(place)

        refused = on_refused if place else None
        return Watch(self._server, APPLICATION, on_event, namespace=place, on_listed=on_listed, on_refused=refused)

    def _heard(self, event: str, obj: JsonObject) -> None:
        """Tell of one Application; what nobody has thought of about it must not keep us from all the others."""
        if not self._homes.name_of(obj):
            (self._others.discard if event == "DELETED" else self._others.add)(name_in(obj, home=""))
            return
        try:
            self._on_application(event, obj)
        except ForesailError:
            raise  # the watch goes on from before it
        except Exception:  # noqa: BLE001 - whatever it is, somebody else may have written it
            _log.exception("application not understood", application=self._homes.name_of(obj))

    def _is_known(self, place: str) -> None:
        self._unlisted.discard(place)
        if not self._unlisted:
            self.listed.set()

    def _qualified(self, place: str, names: frozenset[str]) -> frozenset[str]:
        each = (split(name, home=place) for name in names)
        return frozenset(qualified(*one, home=self._homes.control) for one in each if self._homes.allows(one[0]))

    def _is_in(self, place: str, name: str) -> bool:
        return not place or self._homes.split(name)[0] == place
