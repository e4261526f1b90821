"""The environment of a checkout is made from its lock, made anew when that changes, and never counts when half made."""

from __future__ import annotations

import ensurepip
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from bot.errors import Rejected
from bot.sandbox.bootstrap import LOCK, STAMP, main, set_up

PROJECT = """\
[project]
name = "foresail"
version = "0.0.1"
[project.scripts]
foresail = "tiny:main"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = dedent('''\
    """The least that pip installs from: one module and its command, without downloading a build backend."""

    import zipfile
    from pathlib import Path

    INFO = "foresail-0.0.1.dist-info"

    def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
        name = "foresail-0.0.1-py3-none-any.whl"
        with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
            wheel.writestr("foresail.pth", str(Path.cwd()))
            wheel.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\\nName: foresail\\nVersion: 0.0.1\\n")
            wheel.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            wheel.writestr(f"{INFO}/entry_points.txt", "[console_scripts]\\nforesail = tiny:main\\n")
            wheel.writestr(f"{INFO}/RECORD", "")
        return name
    ''')
BUNDLED = (Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels"))
"""Where Python, and Debian's Python, keeps the wheel of pip that ensurepip installs."""


@dataclass(frozen=True)
class Checkout:
    """A checkout small enough to be set up in a few seconds, without any network."""

    root: Path

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / STAMP

    @property
    def command(self) -> Path:
        return self.root / ".venv" / "bin" / "foresail"

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def leave_mark(self) -> Path:
        """Leave a file in the environment that only making it anew removes."""
        mark = self.root / ".venv" / "mark"
        mark.touch()
        return mark


@pytest.fixture(autouse=True)
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a machine that reaches no package index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout that was never set up."""
    return new_checkout(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout that is set up; each test leaves it so."""
    one = new_checkout(tmp_path_factory.mktemp("checkout"))
    set_up(one.root)
    return one


def new_checkout(root: Path) -> Checkout:
    one = Checkout(root)
    one.write("pyproject.toml", PROJECT)
    one.write("backend.py", BACKEND)
    one.write("tiny.py", "def main():\n    print('tiny')\n")
    one.write(LOCK, "# nothing\n")
    return one


def test_a_checkout_gets_an_environment_with_the_command(done: Checkout) -> None:
    assert subprocess.run([done.command], capture_output=True, text=True, check=True).stdout == "tiny\n"


def test_an_environment_that_is_done_is_left_alone_without_a_word(
    done: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    mark = done.leave_mark()
    assert not set_up(done.root)
    assert mark.exists()
    assert capfd.readouterr().err == ""


def test_settings_of_linters_make_nothing_anew(done: Checkout) -> None:
    done.write("pyproject.toml", f"{PROJECT}[tool.ruff]\nline-length = 100\n")
    assert not set_up(done.root)


def test_an_environment_of_another_lock_is_made_anew(done: Checkout) -> None:
    mark = done.leave_mark()
    done.write(LOCK, "# still nothing\n")
    assert set_up(done.root)
    assert not mark.exists()


def test_an_environment_whose_python_is_gone_is_made_anew(done: Checkout) -> None:
    python = done.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(done.root / "removed")
    assert set_up(done.root)


def test_a_set_up_that_is_killed_does_not_count(checkout: Checkout) -> None:
    block = checkout.root / "block"
    os.mkfifo(block)
    checkout.write("tiny.py", f"def main():\n    open({str(block)!r}).read()\n")
    code = f"from pathlib import Path; from bot.sandbox.bootstrap import set_up; set_up(Path({str(checkout.root)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process, block.open("w"):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert checkout.command.exists()
    assert not checkout.stamp.exists()
    checkout.write("tiny.py", "def main():\n    print('tiny')\n")
    assert set_up(checkout.root)


def test_a_package_that_cannot_be_had_is_named_without_a_traceback(
    checkout: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    checkout.write(LOCK, f"no-such-thing==1.0 --hash=sha256:{'0' * 64}\n")
    assert main(checkout.root) == 1
    told = capfd.readouterr().err
    assert "No matching distribution found for no-such-thing==1.0" in told
    assert "pip config list" in told
    assert "Traceback" not in told
    assert not checkout.stamp.exists()


def test_a_machine_without_git_is_told_to_get_it(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout.root))
    with pytest.raises(Rejected, match="git is missing") as caught:
        set_up(checkout.root)
    assert "apt-get install git" in caught.value.remedy


def test_a_python_with_neither_ensurepip_nor_pip_is_told_what_to_install(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ensurepip", "pip"):
        monkeypatch.setitem(sys.modules, name, None)  # Python's own sign for what cannot be imported
    with pytest.raises(Rejected, match="no ensurepip and no pip") as caught:
        set_up(checkout.root)
    assert "apt-get install python3-venv" in caught.value.remedy


def test_a_python_without_ensurepip_uses_its_pip(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", " ".join(map(str, BUNDLED)))
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert set_up(checkout.root)
    assert checkout.command.exists()
