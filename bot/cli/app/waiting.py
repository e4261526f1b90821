"""Wait until Applications are as a person wants them, and say what changes meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from bot.cli.app.glance import PENDING, Glance, entries_at, text_at
from bot.cli.app.tables import inert, short
from bot.cluster.applications import APPLICATION
from bot.cluster.watch import Watch
from bot.engine.deletion import is_of_deletion
from bot.errors import Rejected
from bot.model.applications import REFRESH
from bot.model.health import Health
from bot.model.names import qualified, short_name_of, split
from bot.model.resources import JsonObject, annotations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from bot.cli.app.control import Control

_Heard: TypeAlias = tuple[str, JsonObject] | frozenset[str]
"""An event with its object, or the names of all there are."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold at the same time; of the health codes one of those that are asked for."""

    sync: bool = False
    health: bool = False
    operation: bool = False
    suspended: bool = False
    looked_at: bool = False
    """Whether somebody has looked at it since that was asked for."""

    @classmethod
    def asked(cls, *, sync: bool, health: bool, operation: bool, suspended: bool) -> Conditions:
        """Return what is asked for; all but `suspended` when nothing is, as with `argocd app wait`."""
        asked = cls(sync=sync, health=health, operation=operation, suspended=suspended)
        return cls(sync=True, health=True, operation=True) if asked == cls() else asked

    def lacking(self, seen: Glance) -> str:
        """Return how an Application is otherwise, empty when every condition holds."""
        wanted = [Health.HEALTHY.value] * self.health + [Health.SUSPENDED.value] * self.suspended
        lacks = [f"operation is {seen.phase}"] * (self.operation and seen.operates)
        lacks += [f"is {seen.sync}"] * (self.sync and seen.sync != "Synced")
        lacks += ["is still to be looked at"] * (self.looked_at and REFRESH in annotations_of(seen.obj))
        lacks += [f"is {seen.health}"] * bool(wanted and seen.health not in wanted)
        return ", ".join(lacks)


@dataclass
class Vigil:
    """One wait for several Applications."""

    control: Control
    names: frozenset[str]
    say: Callable[[str], None]
    """Is told each line about what has changed."""
    timeout: float = 0.0
    """Seconds; 0: for ever."""
    seen: dict[str, Glance] = field(default_factory=dict)
    """Each Application as it was last heard of."""
    met: dict[str, Glance] = field(default_factory=dict)
    """Those that are as they should be, as they were then."""
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self.names = frozenset(map(self.control.called, self.names))
        self._until = time.monotonic() + self.timeout if self.timeout else float("inf")

    def waits(self, conditions: Conditions, *, together: bool = True) -> bool:
        """Wait until the conditions hold for all; False when the time is over before.

        Not `together`, it is enough that they have held for each: the end of an operation stays its end when the next
        one begins. Raises Rejected when one of the Applications is deleted.
        """
        for heard in self._heard():
            self._note(heard)
            now = {name: seen for name, seen in self.seen.items() if not conditions.lacking(seen)}
            self.met = now if together else now | self.met
            if self.names <= self.met.keys():
                return True
        return False

    def ends(self) -> bool:
        """Wait until none of the Applications is there any more; False when the time is over before."""
        left = set(self.names)
        for heard in self._heard():
            if isinstance(heard, frozenset):
                left &= heard
            elif (now := Glance(heard[1], self.control.home)).name in left:
                self._tell(now)
                left -= {now.name} if heard[0] == "DELETED" else set()
            if not left:
                return True
        return False

    def _heard(self) -> Iterator[_Heard]:
        """Yield what a watch tells from now on, until the time is over."""
        heard, stop = SimpleQueue[_Heard](), threading.Event()
        for place in {split(name, home=self.control.home)[0] for name in self.names}:
            watch = self._watch(place, heard)
            # A daemon: it may sit in a read that ends with the next event, and nothing is lost with it.
            threading.Thread(target=watch.run, args=[stop], daemon=True, name="watch").start()
        try:
            while (left := self._until - time.monotonic()) > 0:
                yield heard.get(timeout=min(left, threading.TIMEOUT_MAX))
        except Empty:
            return
        finally:
            stop.set()

    def _watch(self, place: str, heard: SimpleQueue[_Heard]) -> Watch:
        home = self.control.home
        here = {name for name in self.names if split(name, home=home)[0] == place}

        def on_listed(own: frozenset[str]) -> None:
            heard.put(frozenset(qualified(place, one, home=home) for one in own) | (self.names - here))

        return Watch(
            self.control.cluster.server,
            APPLICATION,
            on_event=lambda kind, obj: heard.put((kind, obj)),
            namespace=place,
            name=short_name_of(next(iter(here))) if len(here) == 1 else "",
            on_listed=on_listed,
        )

    def _note(self, heard: _Heard) -> None:
        if isinstance(heard, frozenset):
            self._miss(self.names - heard)
            return
        kind, now = heard[0], Glance(heard[1], self.control.home)
        if now.name not in self.names:
            return
        if kind == "DELETED":
            self._miss([now.name])
        self._tell(now)

    def _tell(self, now: Glance) -> None:
        clock = f"{datetime.now(UTC):%H:%M:%SZ}"
        for line in changes(self.seen.get(now.name), now):
            self.say(f"{clock}  {line}")
        self.seen[now.name] = now

    def _miss(self, names: Collection[str]) -> None:
        if names:
            raise Rejected(f"there is no Application {', '.join(sorted(names))} any more")


def changes(before: Glance | None, now: Glance) -> list[str]:
    """Return a line for each thing that is otherwise than before; at first, for the Application and its operation."""
    own = _own(now)
    if before is None:
        return [f"{now.name}  {words}" for words in own.values()]
    earlier = {**_own(before), **_objects(before)}
    return [f"{now.name}  {words}" for of, words in {**own, **_objects(now)}.items() if earlier.get(of) != words]


def _own(seen: Glance) -> dict[str, str]:
    at = f" at {short(seen.revision)}" if seen.revision else ""
    own = {"": inert(f"{seen.sync}{at}, {seen.health}")}
    if seen.phase:
        message = text_at(seen.state, "message") if seen.phase != PENDING else ""
        own["operation"] = inert(f"operation {seen.phase}{f': {message}' if message else ''}")
    own |= {text_at(one, "type"): inert(text_at(one, "message")) for one in seen.conditions if is_of_deletion(one)}
    return own


def _objects(seen: Glance) -> dict[str, str]:
    """Return what is said of each object: by the last comparison, and by the operation."""
    compared = {_place(one): [text_at(one, "status"), text_at(one, "health", "status")] for one in seen.resources}
    for one in entries_at(seen.state, "syncResult", "resources"):
        compared.setdefault(_place(one), []).extend([text_at(one, "hookPhase"), text_at(one, "message")])
    return {place: inert(f"{place}: {', '.join(filter(None, said))}") for place, said in compared.items()}


def _place(entry: JsonObject) -> str:
    place = "/".join(filter(None, (text_at(entry, "namespace"), text_at(entry, "name"))))
    return f"{text_at(entry, 'kind')} {place}"
