"""Another time than the real one, for the processes that are told so."""

from __future__ import annotations

import importlib.util
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CAN_JUMP: Final = (platform.system(), platform.machine()) == ("Linux", "x86_64")
"""Whether clocks can be shifted here: the wheel that libfaketime comes in is made for this alone."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What the processes that are started with its environment are told: the real time, and some seconds more or less.

    How long something takes stays true, as after a real jump. libfaketime is loaded into each process: whatever asks
    the C library for the time asks that, and nothing of Foresail is changed.
    """

    path: Path

    def shift(self, seconds: float) -> None:
        """Jump; whoever asks from now on is told so."""
        scratch = self.path.with_suffix(".new")
        scratch.write_text(f"{seconds:+.0f}\n", encoding="ascii")
        scratch.rename(self.path)

    @property
    def environment(self) -> dict[str, str]:
        """What a process has to be started with."""
        if not CAN_JUMP:
            return {}
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def _library() -> Path:
    found = importlib.util.find_spec("libfaketime")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
