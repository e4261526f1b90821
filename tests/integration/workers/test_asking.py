"""What a controller asks for waits while it may not be asked for, and is forgotten only where it is another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

import pytest

from bot.model.jobs import compare, refresh
from bot.model.shards import owner
from bot.store.connection import connect
from bot.store.queue import Queue
from workers.watching.asking import Asking
from workers.watching.sharing import Alone


@dataclass(frozen=True)
class Torn(Alone):
    """A share of which some is not ours to act for, for the moment."""

    awaited: set[str] = field(default_factory=set)

    def may(self, key: str) -> bool:
        return key not in self.awaited


@pytest.fixture
def queue(redis_url: str) -> Queue:
    return Queue(connect(redis_url))


def asking(queue: Queue, awaited: Iterable[str] = ()) -> tuple[Asking, set[str]]:
    share = Torn(awaited=set(awaited))
    found = Asking(queue, share, lambda _key: "")
    found.view = share.view
    return found, share.awaited


def waiting(queue: Queue) -> int:
    return queue.waiting(["sync"])["sync"]


def test_what_we_may_not_act_for_is_asked_for_once_we_may(queue: Queue) -> None:
    asks, awaited = asking(queue, {"b"})
    asks.look_again_at(["a", "b", "c"])
    assert waiting(queue) == 3, "a refresh of two, and two comparisons"
    asks.send_left_over()
    assert waiting(queue) == 3
    awaited.clear()
    asks.send_left_over()
    assert waiting(queue) == 5
    queue.enqueue(refresh("b"), compare("b"), refresh("a", "c"), compare("a"), compare("c"))
    assert waiting(queue) == 5, "these are the same"


def test_what_is_anothers_by_now_is_forgotten_by_itself(queue: Queue) -> None:
    asks, awaited = asking(queue, {"a", "b"})
    asks.look_again_at(["a", "b"])
    views = (asks.view | {f"other-{number}"} for number in count())
    asks.view = next(view for view in views if owner(view, "a") != asks.share.me == owner(view, "b"))
    awaited.clear()
    asks.send_left_over()
    queue.enqueue(refresh("b"), compare("b"))
    assert waiting(queue) == 2
