"""What is struck, as small named values: each does something to the world, and leaves it able to come right again."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from tests.chaos.proxy import Losses, Refusals
from tests.chaos.world import CLAIM, LEASE, World

_PAUSE: Final = 20.0
"""Seconds for which etcd is stopped."""
_JUMP: Final = 45.0
"""Seconds by which a clock is wrong: many times what a claim lasts, and less than a forge takes of a signed token."""
_WRONG: Final = 6.0
"""Seconds for which it is."""
_MANY: Final = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can happen."""

    name: str
    strike: Callable[[World], None]

    def __str__(self) -> str:
        return self.name


def _killing(*names: str, twice: bool = False) -> Callable[[World], None]:
    """Kill processes; those of the second Foresail too where `twice` says so."""

    def strike(world: World) -> None:
        for foresail, name in world.processes:
            if name in names and (twice or foresail is world.first):
                foresail.kill(name)

    return strike


def _kill_second_worker(world: World) -> None:
    world.second.kill("sync")


def _stop_worker(world: World) -> None:
    """Stop a worker where it is, for longer than what it claims is its own."""
    world.first.keep_running()  # it may have been killed just now
    os.kill(world.first.pid("sync"), signal.SIGSTOP)
    time.sleep(CLAIM * 2)
    os.kill(world.first.pid("sync"), signal.SIGCONT)


def _stop_controller(world: World) -> None:
    """Stop a controller where it is, until the other has taken over, and go on while that works."""
    world.first.keep_running()  # as above
    os.kill(world.first.pid("controller"), signal.SIGSTOP)
    time.sleep(LEASE * 2)
    os.kill(world.first.pid("controller"), signal.SIGCONT)


def _empty_redis(world: World) -> None:
    world.stage.redis.kill()
    world.stage.redis.restart()
    world.stage.redis.keep()


def _restart_redis(world: World) -> None:
    world.stage.redis.kill()
    world.stage.redis.resume()


def _restart_api_server(world: World) -> None:
    world.stage.plane.kill_server()
    world.stage.plane.restart_server()


def _pause_etcd(world: World) -> None:
    with world.stage.plane.paused_storage():
        time.sleep(_PAUSE)


def _jumping(seconds: float, *which: int) -> Callable[[World], None]:
    def strike(world: World) -> None:
        for one in which:
            world.clocks[one].shift(seconds)
        time.sleep(_WRONG)
        for one in which:
            world.clocks[one].shift(0)

    return strike


def _cut_watches(world: World) -> None:
    world.proxy.cut_watches()


def _is_write(method: str, target: str) -> bool:
    return method != "GET" and "dryRun" not in target


def _is_of_an_application(method: str, target: str) -> bool:
    return method == "PATCH" and re.search(r"/applications/", target) is not None


def _refuse_updates(world: World) -> None:
    """Have every other word about an Application come too late, for a while."""
    world.proxy.refuse(Refusals(_is_of_an_application, HTTPStatus.CONFLICT, left=_MANY))


def _refuse_everything(world: World) -> None:
    world.proxy.refuse(Refusals(lambda _method, _target: True, HTTPStatus.TOO_MANY_REQUESTS, _MANY, retry_after="2"))


def _lose_answers(world: World) -> None:
    world.proxy.lose(Losses(_is_write, left=8))


def _edit(world: World) -> None:
    """Change by hand what Foresail is to put back."""
    for one in (one for one in world.chosen if one.sort == "heals"):
        where = ("configmap", "edited", "--namespace", one.namespace, "--type=merge")
        world.stage.plane.kubectl("patch", *where, '--patch={"data": {"push": "by hand"}}')


FAULTS: Final = (
    Fault("the controllers are killed", _killing("controller", twice=True)),
    Fault("a worker is killed", _killing("sync")),
    Fault("the other worker is killed", _kill_second_worker),
    Fault("a worker is stopped for a while", _stop_worker),
    Fault("a controller is stopped for a while", _stop_controller),
    Fault("all workers are killed", _killing("preview", "sync", "notify", twice=True)),
    Fault("everything is killed", _killing("web", "preview", "sync", "notify", "controller", twice=True)),
    Fault("Redis is killed and starts empty", _empty_redis),
    Fault("Redis is killed and starts with its data", _restart_redis),
    Fault("the API server is killed", _restart_api_server),
    Fault("etcd is stopped for 20 s", _pause_etcd),
    Fault("a clock is ahead", _jumping(_JUMP, 0)),
    Fault("the other clock is behind", _jumping(-_JUMP, 1)),
    Fault("every clock is ahead", _jumping(_JUMP, 0, 1)),
    Fault("watches are cut", _cut_watches),
    Fault("Applications change under every update", _refuse_updates),
    Fault("the API server is too busy", _refuse_everything),
    Fault("answers are lost", _lose_answers),
    Fault("somebody edits what is healed", _edit),
)
