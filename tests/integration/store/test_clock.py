"""The clock that processes share is Redis's, whatever their own says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.sandbox.installation import ROOT
from bot.store.clock import Clock
from bot.store.connection import connect
from tests.chaos.clocks import CAN_JUMP
from tests.chaos.clocks import Clock as Wrong

_ASK = """\
import sys
from bot.store.clock import Clock
from bot.store.connection import connect
print(Clock(connect(sys.argv[1])).now())
"""
_DAY = 86_400


@pytest.mark.skipif(not CAN_JUMP, reason="no clock can be shifted on this kind of machine")
def test_a_process_whose_own_clock_is_wrong_is_told_the_same_time(redis_url: str, tmp_path: Path) -> None:
    wrong = Wrong(tmp_path / "now")
    wrong.shift(_DAY)
    environment = {**os.environ, **wrong.environment}
    told = subprocess.run(
        [sys.executable, "-c", _ASK, redis_url], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    assert abs(float(told.stdout) - Clock(connect(redis_url)).now()) < _DAY / 2


def test_while_redis_is_away_it_goes_on() -> None:
    clock = Clock(connect("redis://127.0.0.1:1/0"))
    first = clock.now()
    assert abs(first - time.time()) < _DAY / 2
    assert clock.now() >= first
