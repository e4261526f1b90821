"""Previews, cold and warm, in turns with what they are held against."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
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
        """Return the median of each, and the medians of the ratios within the rounds."""
        found = {f"{name}_seconds": median(times) for name, times in self.seconds.items()}
        warm = self.seconds["warm"]
        found["ratio_to_floor"] = _ratio(warm, self.seconds["floor"])
        found["cold_ratio_to_floor"] = _ratio(self.seconds["cold"], self.seconds["floor"])
        for rival in ("kubectl_diff", "kubectl_server_side_diff"):
            found[f"ratio_to_{rival}"] = _ratio(self.seconds[rival], warm)
        return {name: round(value, 3) for name, value in found.items()}


def _ratio(these: list[float], those: list[float]) -> float:
    return median(one / other for one, other in zip(these, those, strict=False))


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


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often each is timed; kubectl takes its time, so it gets fewer."""

    ours: int
    kubectl: int


def measure(workload: Workload, programs: Programs, plane: ControlPlane, directory: Path, rounds: Rounds) -> Times:
    """Time previews and their rivals in turns, so that whatever else the machine does meets all of them alike."""
    times = Times()
    with Scene(workload, programs=programs, plane=plane, directory=directory) as scene:
        scene.set_up()
        floor = Floor(plane, concurrency=scene.concurrency)
        kubectl = Kubectl(programs.kubectl, plane, directory)
        with Worker(scene) as warm:
            for round_ in range(1, _WARM_UP + 1):
                change = scene.change(round_)
                warm.seconds(change)
                floor.seconds(change.manifests)
            kubectl.seconds(change.manifests, server_side=True)
            for round_ in range(_WARM_UP + 1, _WARM_UP + rounds.ours + 1):
                change = scene.change(round_)
                times.add("floor", floor.seconds(change.manifests))
                times.add("warm", warm.seconds(change))
                with Worker(scene) as cold:
                    times.add("cold", cold.seconds(change))
                if round_ <= _WARM_UP + rounds.kubectl:
                    times.add("kubectl_server_side_diff", kubectl.seconds(change.manifests, server_side=True))
                    times.add("kubectl_diff", kubectl.seconds(change.manifests, server_side=False))
    return times
