"""A file's lock as a proof that its process is dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from bot.sandbox.installation import ROOT
from workers.watching.vital import Vital

_HOLD = "import sys, pathlib; from workers.watching.vital import Vital; Vital.sign(pathlib.Path(sys.argv[1]), 'other'); print('held', flush=True); sys.stdin.read()"  # noqa: E501 - a program


def test_a_process_is_proven_dead_once_it_is_killed_and_not_while_it_is_only_paused(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", _HOLD, tmp_path], cwd=ROOT, stdin=-1, stdout=-1)
    assert other.stdout is not None
    assert other.stdin is not None
    with other.stdin, other.stdout:
        other.stdout.readline()
        vital = Vital.sign(tmp_path, "me")
        assert not vital.is_proof_against("other")
        os.kill(other.pid, signal.SIGSTOP)
        assert not vital.is_proof_against("other")
        other.kill()
        other.wait()
        assert vital.is_proof_against("other")
        assert not vital.is_proof_against("other")  # its file is gone
    vital.end()
    assert list((tmp_path / "controllers").iterdir()) == []


def test_of_who_signed_elsewhere_nothing_is_proven(tmp_path: Path) -> None:
    vital = Vital.sign(tmp_path, "me")
    assert not vital.is_proof_against("somebody-elsewhere")
    vital.end()


def test_where_no_file_can_be_made_there_is_no_proof_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "controllers").write_text("in the way")
    vital = Vital.sign(tmp_path, "me")
    assert not vital.is_proof_against("me")
    vital.end()
