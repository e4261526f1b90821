"""The controller's side of the index of Applications: what it has seen, and what of that Redis does not have yet."""

from __future__ import annotations

import threading
import uuid
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from bot.cluster.applications import repositories_of
from bot.errors import Rejected, Temporary
from bot.model.changes import repository_address, repository_identity
from bot.model.names import is_elsewhere
from bot.store.index import Keeping, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.cluster.applications import Applications
    from bot.model.resources import JsonObject
    from bot.store.index import Index


def repositories_in(applications: Applications, name: str, obj: JsonObject) -> tuple[str, ...]:
    """Return the URLs that an Application uses; none where its project forbids it: others may read these too."""
    if is_elsewhere(name):
        try:
            applications.parsed(obj)
        except Rejected:
            return ()
    return repositories_of(obj)


class IndexKeeper:
    """Keeps the index as one controller sees it; safe to use from threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._me = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._urls: dict[str, frozenset[str]] = {}
        """By application: the URLs of its repositories."""
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        """By identity of a repository: the applications that use it."""
        self._addresses: Counter[str] = Counter()
        self._changed: set[str] = set()
        """Identities about which Redis does not know yet."""
        self._moved = True
        """Whether Redis does not know yet which addresses there are."""

    def saw(self, name: str, urls: Iterable[str]) -> None:
        """Take note of an application and the repositories it uses now."""
        with self._lock:
            self._replace(name, frozenset(urls))

    def lost(self, name: str) -> None:
        """Take note that an application is gone."""
        with self._lock:
            self._replace(name, None)

    def only(self, names: frozenset[str], among: Callable[[str], bool]) -> None:
        """Take note that there are no others of those that are `among` what was listed."""
        with self._lock:
            for name in self._urls.keys() - names:
                if among(name):
                    self._replace(name, None)

    @property
    def names(self) -> frozenset[str]:
        """Every application that is known."""
        with self._lock:
            return frozenset(self._urls)

    def write(self, *, strangers: int) -> None:
        """Bring Redis up to date and have the index live on; all of it is written where there is none.

        `strangers`: Applications that are nobody's here and lie among those that are asked for when all are counted.
        """
        if self._send(strangers, whole=False) is Keeping.NOBODYS:
            self._send(strangers, whole=True)

    def _send(self, strangers: int, *, whole: bool) -> Keeping:
        with self._lock:
            identities = tuple(self._names) if whole else tuple(self._changed)
            words = Words(
                applications={identity: tuple(self._names[identity]) for identity in identities},
                total=len(self._urls) + strangers,
                addresses=tuple(self._addresses) if whole or self._moved else None,
            )
            self._changed.clear()
            self._moved = False
        try:
            return self._index.keep(self._me, words, whole=whole)
        except Temporary:
            with self._lock:
                self._changed.update(identities)
                self._moved = True
            raise

    def _replace(self, name: str, urls: frozenset[str] | None) -> None:
        before, now = self._urls.get(name, frozenset()), urls or frozenset()
        for url in before - now:
            self._names[repository_identity(url)].discard(name)
            self._count(url, -1)
        for url in now:
            self._names[repository_identity(url)].add(name)
        for url in now - before:
            self._count(url, 1)
        self._changed.update(repository_identity(url) for url in before ^ now)
        if urls is None:
            self._urls.pop(name, None)
        else:
            self._urls[name] = urls

    def _count(self, url: str, more: int) -> None:
        address = repository_address(url)
        before = self._addresses[address]
        self._addresses[address] += more
        if not self._addresses[address]:
            del self._addresses[address]
        self._moved = self._moved or not before or before + more == 0
