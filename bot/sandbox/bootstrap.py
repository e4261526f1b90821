"""The virtual environment of a checkout: `python3 -m bot.sandbox.bootstrap`, with nothing but Python itself.

It says nothing, and returns within a moment, when the environment is as the lock says already.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from bot.errors import ForesailError, Rejected
from bot.sandbox.progress import Step, carry_out, locked

_Command: TypeAlias = list[str | Path]

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = "requirements-dev.lock"
STAMP: Final = "foresail-set-up"
"""File in the environment, written last: an environment without it is nobody's and is made anew."""

_LIMIT: Final = 1800.0
_REMEDY: Final = "Can pip reach its index (`pip config list`)? Then run the same command again."
_NO_PIP: Final = "On Debian and Ubuntu: apt-get install python3-venv. Elsewhere: install a Python that comes with pip."


def set_up(root: Path) -> bool:
    """Bring `.venv` of a checkout to what its lock says; return whether there was anything to do.

    Safe to run several times at once, and after one that was killed. Raises Rejected with what to do.
    """
    if shutil.which("git") is None:
        raise Rejected("git is missing", remedy="On Debian and Ubuntu: apt-get install git.")
    wanted = _fingerprint(root)
    if _is_done(root, wanted):
        return False
    waiting = Step("waiting for another set-up of this checkout", 60, _LIMIT, "End that process, then try again.")
    with locked(root, step=waiting):
        if _is_done(root, wanted):
            return False
        (root / ".venv" / STAMP).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="foresail-set-up-") as scratch:
            _Maker(root, Path(scratch) / "log").make()
        unfinished = root / ".venv" / f"{STAMP}.new"
        unfinished.write_text(wanted, encoding="ascii")
        unfinished.replace(root / ".venv" / STAMP)
    return True


def _fingerprint(root: Path) -> str:
    """Return a digest of everything the environment depends on; linters' settings are not among it."""
    try:
        lock = (root / LOCK).read_bytes()
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise Rejected(f"{root} is no whole checkout: {error}", remedy="Clone the repository again.") from error
    settled = {name: project.get(name) for name in ("project", "build-system")}
    python = [sys.version, sys.base_prefix, platform.machine(), str(root)]
    return hashlib.sha256(lock + json.dumps([settled, python], sort_keys=True).encode()).hexdigest()


def _is_done(root: Path, wanted: str) -> bool:
    environment = root / ".venv"
    try:
        stamp = (environment / STAMP).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False
    # The link leads nowhere once the Python below was removed.
    return stamp == wanted and (environment / "bin" / "python").exists()


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes one environment."""

    root: Path
    log: Path

    @property
    def environment(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    def make(self) -> None:
        """Make it from nothing: packages exactly as the lock has them, then the checkout itself."""
        self._create()
        pip: _Command = [self.python, "-m", "pip", "install", "--progress-bar", "off", "--no-input", "--no-deps"]
        # The lock is complete, so nothing is resolved; wheels only, because there may be no compiler.
        hashed: _Command = ["--only-binary", ":all:", "--require-hashes", "-r", LOCK]
        self._do("installing the packages of the lock", 40, [*pip, *hashed])
        self._do("checking that the packages fit", 2, [self.python, "-m", "pip", "check"])
        self._do("installing foresail", 5, [*pip, "--no-build-isolation", "--editable", "."])
        self._do("trying foresail", 1, [self.environment / "bin" / "foresail", "version"])

    def _create(self) -> None:
        """Make an empty environment with pip in it, from whatever this Python brings."""
        command: _Command = [sys.executable, "-m", "venv", "--clear", self.environment]
        if importlib.util.find_spec("ensurepip") is not None:
            self._do("making .venv", 5, command)
            return
        if importlib.util.find_spec("pip") is None:
            raise Rejected(f"{sys.executable} can make no environment: it has no ensurepip and no pip", remedy=_NO_PIP)
        self._do("making .venv", 1, [*command, "--without-pip"])
        self._do("installing pip", 5, [sys.executable, "-m", "pip", "--python", self.python, "install", "pip"])

    def _do(self, words: str, usually: float, command: _Command) -> None:
        carry_out(Step(words, usually, _LIMIT, _REMEDY), command, log=self.log, cwd=self.root)


def main(root: Path = ROOT) -> int:
    """Set up and return the exit code; what is wrong is said without a traceback."""
    try:
        set_up(root)
    except ForesailError as error:
        sys.stderr.write(f"foresail: {error}\n  {getattr(error, 'remedy', '')}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
