"""Previews, cold and warm, in turns with what they are held against."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import mean, median
from typing import IO, TYPE_CHECKING, Any, Final, Self

import orjson

from benchmarks.rivals import Floor, Kubectl
from benchmarks.scene import Scene
from bot.sandbox.installation import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from benchmarks.scene import Change
    from benchmarks.workload import Workload
    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.toolchain import Programs

_WARM_UP: Final = 3
"""Previews before a worker counts as warm."""


@dataclass
class Times:
    """Seconds of each round, by what was timed."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, seconds: float) -> None:
        """Note one time."""
        self.seconds[name].append(seconds)

    def figures(self) -> dict[str, float]:
        """Return the mean of each, and their ratios.

        Not the median: every second batch of dry runs meets the API server's garbage collection, so that times have two
        humps (97 and 143 ms of a floor of 100 objects), and a median falls on one or the other by chance. The means of
        what took turns hold as many collections of the one as of the other.
        """
        times = {name: mean(seconds) for name, seconds in self.seconds.items()}
        ratios = {
            "ratio_to_floor": times["warm"] / times["floor"],
            "cold_ratio_to_floor": times["cold"] / times["floor"],
            "ratio_to_kubectl_diff": times["kubectl_diff"] / times["warm"],
            "ratio_to_kubectl_server_side_diff": times["kubectl_server_side_diff"] / times["warm"],
        }
        named = {f"{name}_seconds": seconds for name, seconds in times.items()}
        return {name: round(value, 3) for name, value in (named | ratios).items()}


class Worker:
    """A process of `benchmarks.job`; a context manager."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.job"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | scene.settings,
        )

    def seconds(self, change: Change) -> float:
        """Preview a change and return how long that takes; every object must be found changed."""
        written, read = _pipes(self._process)
        written.write(orjson.dumps(self._scene.request(change)) + b"\n")
        written.flush()
        line = read.readline()
        if not line:
            raise AssertionError("the worker ended")
        answer: dict[str, Any] = orjson.loads(line)
        if answer["changed"] != self._scene.workload.objects or answer["drifted"]:
            raise AssertionError(f"not what was to be predicted: {answer}")
        return float(answer["seconds"])

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        _pipes(self._process)[0].close()
        self._process.wait(30)


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise TypeError("the worker has no pipes")
    return process.stdin, process.stdout


def second(
    workload: Workload, programs: Programs, plane: ControlPlane, directory: Path, rounds: int
) -> dict[str, float]:
    """Time the preview of a change to every application, and the next, after a push that touches one of them.

    All objects differ from the base in both. Each round begins with another base, of which the worker knows nothing.
    """
    first, again = list[float](), list[float]()
    with Scene(workload, programs=programs, plane=plane, directory=directory) as scene:
        scene.set_up()
        with Worker(scene) as worker:
            for round_ in range(-_WARM_UP, rounds):
                number = round_ + _WARM_UP + 1
                change = scene.change(number)
                taken = worker.seconds(change), worker.seconds(scene.push(change, number))
                if round_ >= 0:
                    first.append(taken[0])
                    again.append(taken[1])
    ratio = median(after / before for before, after in zip(first, again, strict=True))
    return {
        "first_seconds": round(median(first), 3),
        "seconds": round(median(again), 3),
        "ratio_to_first": round(ratio, 4),
    }


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often each is timed."""

    warm: int
    """Warm previews, each next to a floor."""
    rest: int
    """Cold previews and kubectl, which take their time, spread over the warm ones."""

    def has_rest(self, round_: int) -> bool:
        """Whether the rest has its turn in a round, counted from 0."""
        return round_ * self.rest // self.warm != (round_ + 1) * self.rest // self.warm


def _in_turn(round_: int, change: Change, floor: Floor, warm: Worker) -> tuple[float, float]:
    """Time both, each first in every other round.

    Whoever comes second meets the API server while it collects what the first has left: on two cores that alone was
    seen to cost 40 ms of 100, and to make the same ratio 1.3 one way round and 2.5 the other.
    """
    if round_ % 2:
        first = warm.seconds(change)
        return floor.seconds(change.manifests), first
    return floor.seconds(change.manifests), warm.seconds(change)


def measure(workload: Workload, programs: Programs, plane: ControlPlane, directory: Path, rounds: Rounds) -> Times:
    """Time previews and their rivals in turns, so that whatever else the machine does meets all of them alike."""
    times = Times()
    with Scene(workload, programs=programs, plane=plane, directory=directory) as scene:
        scene.set_up()
        floor = Floor(plane, concurrency=scene.concurrency)
        kubectl = Kubectl(programs.kubectl, plane, directory)
        kubectl.seconds(scene.change(0).manifests[:1], server_side=True)  # what it discovers, it keeps in a file
        with Worker(scene) as warm:
            for round_ in range(-_WARM_UP, rounds.warm):
                change = scene.change(round_ + _WARM_UP + 1)
                taken = _in_turn(round_, change, floor, warm)
                if round_ < 0:
                    continue
                times.add("floor", taken[0])
                times.add("warm", taken[1])
                if rounds.has_rest(round_):
                    with Worker(scene) as cold:
                        times.add("cold", cold.seconds(change))
                    times.add("kubectl_server_side_diff", kubectl.seconds(change.manifests, server_side=True))
                    times.add("kubectl_diff", kubectl.seconds(change.manifests, server_side=False))
    return times
