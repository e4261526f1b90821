"""Which of several renders a child takes next: what shares files with one that it has done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Final, Generic, TypeVar

Request = TypeVar("Request")


class Batch(Generic[Request]):
    """Requests that wait, for several takers; those of one kind go to one taker as long as there is work for all.

    Each taker keeps the files that it has read, and the two sides of an application share nearly all of theirs. Kinds
    stand in the order of their first request. When none is untouched, what is left of the others' is taken: the two
    sides of a single application are rendered at the same time.
    """

    def __init__(self, requests: Sequence[tuple[Hashable, Request]]) -> None:
        kinds: dict[Hashable, deque[tuple[int, Request]]] = {}
        for index, (kind, request) in enumerate(requests):
            kinds.setdefault(kind, deque()).append((index, request))
        self._untouched = deque(kinds.values())
        self._taken: dict[Hashable, deque[tuple[int, Request]]] = {}
        self._lock: Final = threading.Lock()

    def take(self, taker: Hashable) -> tuple[int, Request]:
        """Return the next request for a taker, with its place among all; LookupError when there are no more."""
        with self._lock:
            own = self._taken.get(taker)
            if not own:
                own = self._untouched.popleft() if self._untouched else self._left_over()
                self._taken[taker] = own
            return own.popleft()

    def _left_over(self) -> deque[tuple[int, Request]]:
        return max(self._taken.values(), key=len, default=deque())
