"""Threads for several callers: each caller's work in turn, and more threads while all are held by what is slow."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

from bot.errors import Temporary

Result = TypeVar("Result")
_Task: TypeAlias = tuple["Future[Any]", Callable[[], Any]]


class Turns:
    """A few threads that live until they are closed. A later one works only while all before it do.

    The regular ones are enough as long as nothing is slow. One of the reserve helps once each before it has been at the
    same work for a while: what takes a minute does not hold up what takes a moment, until it is had by every thread.
    """

    def __init__(self, *, regular: int, reserve: int, slow: float) -> None:
        """Start the threads; `slow` in seconds."""
        self._regular = regular
        self._slow = slow
        self._changed = threading.Condition()
        self._waiting: OrderedDict[int, deque[_Task]] = OrderedDict()
        """What is to be done of each caller; at the end who had the last turn."""
        self._since: list[float | None] = [None] * (regular + reserve)
        """When each thread began what it does; None while it does nothing."""
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(index,), name=f"render-{index}", daemon=True)
            for index in range(regular + reserve)
        ]
        for thread in self._threads:
            thread.start()

    def do(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return what each call returns, or raise what the first raises. Raises Temporary once this is closed."""
        results: list[Future[Result]] = [Future() for _ in calls]
        caller = id(results)
        with self._changed:
            if self._closed:
                raise _closed()
            self._waiting[caller] = deque(zip(results, calls, strict=True))
            self._changed.notify_all()
        try:
            return [result.result() for result in results]
        finally:
            with self._changed:
                self._waiting.pop(caller, None)

    def close(self) -> None:
        """Begin nothing more; what is under way goes on."""
        with self._changed:
            self._closed = True
            for tasks in self._waiting.values():
                for result, _ in tasks:
                    result.set_exception(_closed())
            self._waiting.clear()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until nothing is under way any more."""
        for thread in self._threads:
            thread.join()

    def _work(self, index: int) -> None:
        while (task := self._next(index)) is not None:
            _do(*task)
            del task  # while nothing is to be done, nothing is held

    def _next(self, index: int) -> _Task | None:
        """Wait for a thread's next task; None when there will be none."""
        with self._changed:
            self._since[index] = None
            while not self._closed:
                pause = self._pause(index)
                if pause == 0.0:
                    self._since[index] = time.monotonic()
                    self._changed.notify_all()  # those behind it begin to count
                    return self._take()
                self._changed.wait(pause)
        return None

    def _pause(self, index: int) -> float | None:
        """Return after how many seconds a thread may have something to do; None: not before something changes."""
        before = self._since[:index]
        busy = [since for since in before if since is not None]
        if not self._waiting or len(busy) < len(before):
            return None
        if index < self._regular:
            return 0.0
        return max(0.0, max(busy) + self._slow - time.monotonic())

    def _take(self) -> _Task:
        caller, tasks = self._waiting.popitem(last=False)
        task = tasks.popleft()
        if tasks:
            self._waiting[caller] = tasks
        return task


def _do(result: Future[Any], call: Callable[[], Any]) -> None:
    try:
        answer = call()
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
        result.set_exception(error)
    else:
        result.set_result(answer)


def _closed() -> Temporary:
    return Temporary("the renderer is closed")
