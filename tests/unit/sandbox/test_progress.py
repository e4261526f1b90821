"""Whoever waits sees what is done, how long it has taken and how long it usually takes; a silent log looks dead."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from bot.errors import Rejected
from bot.sandbox.progress import Display, Step, carry_out, clock, last_line

STEP = Step("building etcd", usually=30, limit=60, remedy="Try again.")


def told(*ticks: float, terminal: bool = False, detail: str = "") -> str:
    stream = StringIO()
    display = Display(STEP, stream, terminal=terminal)
    display.begin()
    for elapsed in ticks:
        display.tick(elapsed, detail)
    display.end(ticks[-1], done=True)
    return stream.getvalue()


def test_a_log_gets_a_line_every_twenty_seconds() -> None:
    assert told(0, 5, 19, 21, 30, 42) == (
        "building etcd; usually 0:30\n"
        "  building etcd: 0:21, usually 0:30\n"
        "  building etcd: 0:42, usually 0:30\n"
        "building etcd: done after 0:42\n"
    )


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    lines = told(1, 2, terminal=True).split("\r\x1b[K")
    assert [line.strip("|/-\\ \n") for line in lines] == [
        "",
        "building etcd: 0:01, usually 0:30",
        "building etcd: 0:02, usually 0:30",
        "building etcd: done after 0:02",
    ]


def test_a_programs_own_words_cannot_steer_the_terminal() -> None:
    assert "\x1b]0;" not in told(21, detail="\x1b]0;owned\x07 go/types")
    assert "go/types" in told(21, detail="\x1b]0;owned\x07 go/types")


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34")])
def test_times_are_minutes_and_seconds(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_the_last_line_that_says_something_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first\nsecond \xff\n\n")
    assert last_line(log) == "second \ufffd"


def test_a_program_that_fails_is_quoted_and_the_remedy_is_there(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="building etcd failed:\n  no room") as caught:
        carry_out(STEP, [sys.executable, "-c", "import sys; sys.exit('no room')"], log=tmp_path / "log")
    assert caught.value.remedy == "Try again."


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    step = Step("sleeping", usually=1, limit=0, remedy="Wake it.")
    with pytest.raises(Rejected, match="sleeping took more than 0:00"):
        carry_out(step, [sys.executable, "-c", "import time; time.sleep(600)"], log=tmp_path / "log")
