"""What a controller asks workers for: only what is its own to ask for, and nothing of that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.errors import ForesailError
from bot.model.jobs import compare
from bot.model.shards import owner
from workers.changes.payloads import refreshes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.model.jobs import JobRequest
    from bot.store.queue import Queue
    from workers.watching.sharing import Sharing

_log = structlog.get_logger()


class Asking:
    """Queues requests, each in the name of a key that is shared; safe to use from threads."""

    def __init__(self, queue: Queue, share: Sharing, lane_of: Callable[[str], str]) -> None:
        self._queue = queue
        self.share = share
        self._lane_of = lane_of
        """Says of a key in which lane its requests wait; asked without any lock of ours."""
        self.view = frozenset[str]()
        """The replicas by whose share it is known what is ours."""
        self._left_over: dict[str, tuple[str, JobRequest]] = {}
        """By job id: what an event called for while Redis was away, or while nobody may act for its key."""

    def holds(self, key: str) -> bool:
        """Whether a key is ours to keep track of."""
        return owner(self.view, key) == self.share.me

    def may(self, key: str) -> bool:
        """Whether a key is ours to act for, now."""
        return self.holds(key) and self.share.may(key)

    def ask(self, key: str, request: JobRequest) -> None:
        """Queue a request, or keep it until that can be done."""
        if not self.may(key):
            self._left_over[request.job_id] = (key, request)
            return
        try:
            self._send(key, request)
        except ForesailError as error:
            _log.warning("event kept for later", job=request.identity, reason=str(error))

    def look_again_at(self, names: Iterable[str]) -> None:
        """Ask for applications to be refreshed and compared: together where we may act for them now, else one by one.

        What waits together would be forgotten together, once one of them is another's.
        """
        now, later = list[str](), list[str]()
        for name in names:
            (now if self.may(name) else later).append(name)
        for some in (now, *([name] for name in later)):
            for request in (*refreshes_of(some), *map(compare, some)):
                self.ask(some[0], request)

    def send_left_over(self) -> None:
        """Queue what could not be queued before, and forget what is another's by now: who looks at all of it anew."""
        for key, request in list(self._left_over.values()):
            if self.holds(key) and not self.share.may(key):
                continue
            # First, as the same may be asked for again as soon as it is queued, and have to wait.
            self._left_over.pop(request.job_id, None)
            if self.holds(key):
                self._send(key, request)

    def _send(self, key: str, request: JobRequest) -> None:
        try:
            self._queue.enqueue(request.in_lane(self._lane_of(key)))
        except ForesailError:
            self._left_over[request.job_id] = (key, request)
            raise
