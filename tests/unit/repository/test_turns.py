"""Callers have turns, and what is slow does not hold up what is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.errors import Temporary
from bot.repository.turns import Turns

PATIENCE = 30.0


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns(regular=2, reserve=2, slow=0.05)
    yield made
    made.close()
    made.join()


class Gate:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self._open.wait(PATIENCE)
        return "slow"

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self.begun.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self._open.set()


def thread_of() -> str:
    return threading.current_thread().name


def test_results_stand_in_the_order_of_the_calls(turns: Turns) -> None:
    calls: list[Callable[[], int]] = [lambda number=number: number for number in range(50)]  # type: ignore[misc]
    assert turns.do(calls) == list(range(50))
    assert turns.do([]) == []


def test_what_a_call_raises_is_raised_and_others_go_on(turns: Turns) -> None:
    with pytest.raises(ZeroDivisionError):
        turns.do([lambda: 1 // 1, lambda: 1 // 0, lambda: 2 // 1])
    assert turns.do([lambda: 1]) == [1]


def test_one_thing_after_another_is_done_by_one_thread() -> None:
    turns = Turns(regular=2, reserve=2, slow=PATIENCE)
    assert {name for _ in range(20) for name in turns.do([thread_of])} == {"render-0"}
    turns.close()
    turns.join()


def test_many_things_are_done_by_the_regular_threads() -> None:
    turns = Turns(regular=2, reserve=2, slow=PATIENCE)
    assert set(turns.do([thread_of] * 200)) <= {"render-0", "render-1"}
    turns.close()
    turns.join()


def test_what_is_slow_does_not_hold_up_the_rest(turns: Turns, callers: ThreadPoolExecutor) -> None:
    gate = Gate()
    slow = callers.submit(turns.do, [gate] * 3)
    gate.wait(3)
    assert turns.do([thread_of] * 5) == ["render-3"] * 5
    gate.open()
    assert slow.result(PATIENCE) == ["slow"] * 3


def test_no_more_threads_work_than_there_are(turns: Turns, callers: ThreadPoolExecutor) -> None:
    gate = Gate()
    slow = callers.submit(turns.do, [gate] * 6)
    gate.wait(4)
    assert not gate.begun.acquire(timeout=0.3)
    gate.open()
    assert slow.result(PATIENCE) == ["slow"] * 6


def test_a_caller_with_little_does_not_wait_for_one_with_much(callers: ThreadPoolExecutor) -> None:
    turns, gate, done = Turns(regular=1, reserve=0, slow=PATIENCE), Gate(), list[str]()
    first = callers.submit(turns.do, [gate])
    gate.wait(1)
    much = callers.submit(turns.do, [lambda: done.append("much")] * 50)
    while len(turns._waiting) < 1:  # noqa: SLF001 - the order of callers is the point
        threading.Event().wait(0.001)
    little = callers.submit(turns.do, [lambda: done.append("little")] * 3)
    while len(turns._waiting) < 2:  # noqa: SLF001 - as above
        threading.Event().wait(0.001)
    gate.open()
    for one in (first, much, little):
        one.result(PATIENCE)
    assert done[:6] == ["much", "little"] * 3
    turns.close()
    turns.join()


def test_what_waits_when_it_is_closed_is_told_so(callers: ThreadPoolExecutor) -> None:
    turns, gate = Turns(regular=1, reserve=0, slow=PATIENCE), Gate()
    first = callers.submit(turns.do, [gate])
    gate.wait(1)
    second = callers.submit(turns.do, [gate])
    while not turns._waiting:  # noqa: SLF001 - it has to wait before it can be told
        threading.Event().wait(0.001)
    turns.close()
    with pytest.raises(Temporary, match="closed"):
        second.result(PATIENCE)
    gate.open()
    assert first.result(PATIENCE) == ["slow"]
    turns.join()
    with pytest.raises(Temporary, match="closed"):
        turns.do([thread_of])
