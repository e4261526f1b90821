"""Sharing the work with other controllers: a Lease each, renewed in a thread of its own, and who may do what by it."""

from __future__ import annotations

import os
import random
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from bot.cluster.leases import LEASE, PREFIX, SELECTOR, Leases, seat_of
from bot.cluster.watch import Watch
from bot.errors import ForesailError, Rejected
from bot.model.shards import Seat, owner
from bot.settings import Mode
from workers.watching.roster import NOBODY, Roster, Terms
from workers.watching.vital import Vital

if TYPE_CHECKING:
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()

DUTY: Final = "duty/everybody's"
"""The key of what only one of all controllers does."""
_JITTER: Final = 0.1
_LOOK: Final = 0.2
"""Seconds between two looks at what the time has brought."""
_AGAIN: Final = 0.5
"""Seconds until a write that failed is tried again."""
_PATIENCE: Final = 120.0
"""Seconds for which somebody may be at one thing; an API server that hangs may hold up several requests."""
_GRACE: Final = 60.0
"""Seconds for which the Lease of somebody dead is left to be looked at."""
_HOST: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_HOST: Final = 60


class Sharing(Protocol):
    """What a controller is told of its share. Keys are names of Applications, and what else is to be shared."""

    @property
    def me(self) -> str:
        """Our name among the replicas."""

    @property
    def view(self) -> frozenset[str]:
        """The replicas between whom the work is shared; when it changes, what is whose has changed."""

    def may(self, key: str) -> bool:
        """Whether we act for a key now. Asked before each act: it may end at any moment."""

    @property
    def stands(self) -> bool:
        """Whether we may act for anything now."""

    def run(self, stop: threading.Event) -> None:
        """Keep our place until `stop` is set, then give it up."""

    def beat(self) -> None:
        """Say that whoever does our share is at it: who says so no more for long loses our place."""


@dataclass(frozen=True, slots=True)
class Alone:
    """No sharing: everything is ours, whoever else is there. Nothing is written to the cluster."""

    me: str = "alone"
    view: frozenset[str] = frozenset({"alone"})
    stands: bool = True

    def may(self, key: str) -> bool:  # noqa: ARG002 - all is ours
        """Return that we may."""
        return True

    def run(self, stop: threading.Event) -> None:
        """Have nothing to keep."""

    def beat(self) -> None:
        """Have nothing to lose."""


def sharing_of(services: Services) -> Sharing:
    """Return how a controller shares its work; one that only previews writes no Lease, and shares nothing."""
    settings = services.settings
    if settings.mode is Mode.PREVIEW:
        return Alone()
    terms = Terms(float(settings.controller_lease_seconds))
    me = _name()
    server = services.control.server.hurried(terms.deadline - terms.renewal)
    leases = Leases(server, namespace=settings.control_namespace, name=me)
    return Shared(leases, terms, Vital.sign(settings.data_directory, me))


def _name() -> str:
    """Return a name that no other process had or will have: what the Lease of an earlier one says is not our word."""
    host = _HOST.sub("-", socket.gethostname().lower()).strip("-")[:_LONGEST_HOST].strip("-") or "host"
    return f"{PREFIX}{host}-{os.getpid()}-{os.urandom(3).hex()}"


def _now() -> float:
    """Return seconds of a clock that goes on while the machine sleeps: a Lease runs out meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Shared:
    """A place among the controllers of one namespace; safe to use from threads."""

    def __init__(
        self, leases: Leases, terms: Terms, vital: Vital, *, patience: float = _PATIENCE, grace: float = _GRACE
    ) -> None:
        self.me = vital.path.name
        self._leases = leases
        self._terms = terms
        self._vital = vital
        self._patience = patience
        self._grace = grace
        self._beaten_at = _now()
        self._roster = Roster(self.me, terms)
        self._turn = 0
        self._next = float("-inf")
        self._lock = threading.Lock()
        self._moved = threading.Event()
        """Set once there is something to settle."""
        self._watch = Watch(leases.server, LEASE, self._on_lease, namespace=leases.namespace, selector=SELECTOR)

    @property
    def view(self) -> frozenset[str]:
        """The view that was settled last; nobody's before that."""
        return self._roster.view

    @property
    def stands(self) -> bool:
        """Whether our Lease is good, and what we do by it."""
        with self._lock:
            return self._roster.stands(_now())

    def may(self, key: str) -> bool:
        """Whether we act for a key, and certainly nobody else does."""
        with self._lock:
            return self._roster.may(key, _now())

    def run(self, stop: threading.Event) -> None:
        """Renew our Lease and settle who shares the work, until stopped; then delete it."""
        threading.Thread(target=self._watch.run, args=(stop,), name="watch-leases", daemon=True).start()
        while not stop.is_set():
            try:
                pause = _LOOK if self._keep() else 0.0
            except ForesailError as error:
                log = _log.error if isinstance(error, Rejected) else _log.warning
                log("Lease not renewed", reason=str(error), remedy=getattr(error, "remedy", ""))
                pause = _AGAIN
            except Exception:  # noqa: BLE001 - without this thread a controller would do nothing, and say nothing
                _log.exception("Lease not renewed")
                pause = _AGAIN
            if pause:
                self._moved.wait(pause)
                self._moved.clear()
        self._leave()

    def beat(self) -> None:
        """Say that whoever does our share is at it."""
        self._beaten_at = _now()

    def _keep(self) -> bool:
        """Do what is due; False when there may be more to do at once."""
        now = _now()
        with self._lock:
            settled = self._roster.is_settled(now)
        if now > self._beaten_at + self._patience:
            self._give_up(now)
            return True
        if settled and now < self._next:
            return True
        self._write()
        with self._lock:
            read = self._roster.must_read() or self._is_deaf()
        if read:
            self._read()
        self._clear_up()
        return False

    def _give_up(self, now: float) -> None:
        """Leave it to the others, until somebody is at it again."""
        with self._lock:
            stood = self._roster.stands(now)
            self._roster.lapse()
        if stood:
            _log.error("Lease not renewed", reason="this controller has done nothing for long", seconds=self._patience)

    def _write(self) -> None:
        with self._lock:
            asked_at = _now()
            # Before the first list nobody is known, and nothing is anybody's.
            members = self._roster.members(asked_at) if self._turn else NOBODY
            self._roster.sending(members)
        self._turn += 1
        self._leases.write(Seat(self.me, self._turn, members, self._terms.seconds))
        with self._lock:
            self._roster.wrote(members, asked_at=asked_at, now=_now())
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load, nothing secret
        self._next = asked_at + self._terms.renewal * jitter

    def _read(self) -> None:
        asked_at = _now()
        seats = self._leases.all()
        dead = [name for name in seats if name != self.me and self._vital.is_proof_against(name)]
        with self._lock:
            self._roster.listed(seats.values(), asked_at=asked_at, now=_now())
            for name in dead:
                self._roster.died(name)
        for name in dead:
            _log.info("another controller has died", name=name)
            self._throw_away(seats[name])

    def _is_deaf(self) -> bool:
        """Whether we have not even heard of ourselves: then we may not hear who comes either."""
        return time.monotonic() - self._watch.heard_at > 2 * self._terms.seconds

    def _clear_up(self) -> None:
        """Throw away what the dead have left, a while later; one of us does it."""
        with self._lock:
            ours = owner(self._roster.view, DUTY) == self.me
            silent = self._roster.silent(_now(), seconds=self._terms.seconds + self._grace) if ours else []
        if silent:
            seats = self._leases.all()
            for name in silent:
                if name in seats:  # as long as it is there its owner stays dead: forgotten, it would be taken for new
                    self._throw_away(seats[name])
                else:
                    with self._lock:
                        self._roster.lost(name)

    def _throw_away(self, seat: Seat) -> None:
        try:
            self._leases.throw_away(seat.name, turn=seat.turn)
        except Rejected as error:
            _log.warning("Lease of a dead controller not deleted", name=seat.name, reason=error.message)

    def _on_lease(self, event: str, obj: JsonObject) -> None:
        seat = seat_of(obj)
        if seat is None:
            return
        with self._lock:
            if event == "DELETED" and seat.name == self.me:
                self._roster.lapse()  # the others take us for gone
            elif event == "DELETED":
                self._roster.lost(seat.name)
            else:
                self._roster.saw(seat, _now())
            moved = not self._roster.is_settled(_now())
        if moved:
            self._moved.set()

    def _leave(self) -> None:
        """Do nothing any more, and then say so."""
        with self._lock:
            self._roster.lapse()
        try:
            self._leases.leave()
        except ForesailError as error:
            _log.info("Lease left to run out", reason=str(error))
        self._vital.end()
