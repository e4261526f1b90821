"""What a confined process can no longer do, tried in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAD = """
import os, socket, sys
from pathlib import Path
from bot.repository import confinement
def tried(what):
    try:
        return what()
    except (OSError, MemoryError) as error:
        return type(error).__name__
home = Path(sys.argv[1])
"""


def run(script: str, home: Path, *, user: int | None = None) -> list[str]:
    command = [sys.executable, "-c", HEAD + script, str(home)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=user,
        env={"PYTHONPATH": str(ROOT)},
    )
    return done.stdout.split() or [str(done.returncode), done.stderr]


def test_there_is_no_network(tmp_path: Path) -> None:
    connect = "print(tried(lambda: socket.create_connection(('127.0.0.1', 1), 1)), socket.if_nameindex()[0][1])"
    left, error, interface = run(f"print(confinement.leave_network()); {connect}", tmp_path)
    assert (left, error, interface) == ("True", "OSError", "lo")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_there_is_no_network_for_an_ordinary_user_either(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    read = "print(os.geteuid(), tried(lambda: socket.create_connection(('127.0.0.1', 1), 1)))"
    script = (
        HEAD.replace("from bot.repository import confinement", SOURCE) + f"print(confinement.leave_network()); {read}"
    )
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", script, str(tmp_path)],
        input=(ROOT / "bot" / "repository" / "confinement.py").read_text(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=65534,
        cwd="/",
    )
    assert done.stdout.split() == ["True", "65534", "OSError"], done.stderr


SOURCE = "import types; confinement = types.ModuleType('c'); exec(sys.stdin.read(), confinement.__dict__)"


def test_memory_and_files_are_limited(tmp_path: Path) -> None:
    allocate = "tried(lambda: len(bytearray(confinement.MEMORY + 1)))"
    write = "tried(lambda: (home / 'a').write_bytes(bytes(confinement.FILE_SIZE + 1)))"
    assert run(f"confinement.limit_resources(); print({allocate}, {write})", tmp_path) == ["MemoryError", "OSError"]


def test_processor_time_is_limited(tmp_path: Path) -> None:
    code, _ = run("confinement.limit_processor(0)\nwhile True: pass", tmp_path)
    assert code == "-24"


def test_only_its_home_can_be_written_to(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.write_text("kept")
    tries = "[tried(lambda: path.write_text('x')) for path in (home / 'a', home / '../other', home / '../new')]"
    read = "tried((home / '../other').read_text)"
    found = run(f"print(confinement.write_only_below(home), *{tries}, {read})", home)
    assert found == ["True", "1", "PermissionError", "PermissionError", "kept"]


def test_only_its_home_and_the_program_can_be_read(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    (home / "a").write_text("mine")
    other.write_text("secret")
    (home / "link").symlink_to(other)
    files = "(home / 'a', home / 'link', other, Path('/etc/passwd'), Path('/proc/1/environ'))"
    reads = f"[tried(path.read_text) for path in {files}]"
    found = run(f"other = home / '../other'; print(confinement.touch_only(home, Path('/bin/true')), *{reads})", home)
    assert found == ["True", "mine", *["PermissionError"] * 4]


def test_a_process_whose_parent_is_gone_already_ends(tmp_path: Path) -> None:
    assert run("confinement.die_with_parent(1); print('alive')", tmp_path)[0] == "1"
