"""What may befall the process that begins the others: real forks, and work that only waits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bot.sandbox.installation import ROOT

_PROGRAM: Final = """
import os, signal, sys, time
from pathlib import Path
from workers import together

ready, befalls = Path(sys.argv[1]), sys.argv[2]
rounds = 0

def work(role, *, burst):
    (ready / ("helps" if burst else "lasts")).touch()
    if not burst:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        (ready / "heeds").touch()
        while True:
            signal.pause()
    return 0

def waiting(roles):
    global rounds
    rounds += 1
    while not (ready / "heeds").exists():
        time.sleep(0.01)
    if befalls == "an orphan" and rounds == 1:
        if os.fork() == 0:
            os._exit(0)
        return {}
    if befalls == "an orphan" and rounds == 2:
        return {}
    if rounds == 1:
        return {"one": 1000}
    os.kill(os.getpid(), signal.SIGTERM)
    return {"one": 1000}

sys.exit(together.run(["one"], work, burst=False, more=together.Help(waiting, most=1)))
"""


def _befalls(tmp_path: Path, what: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path), what],
        env={"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nobody_begins_to_help_once_all_are_asked_to_end(tmp_path: Path) -> None:
    ended = _befalls(tmp_path, "the end while it asks how many wait")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (tmp_path / "helps").exists()


def test_the_end_of_a_process_that_is_nobodys_takes_nobody_along(tmp_path: Path) -> None:
    ended = _befalls(tmp_path, "an orphan")
    assert (ended.returncode, ended.stderr) == (0, "")
