"""Commands of tools, run in a folder and confined as they start; whoever started us limits how long they take."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bot.errors import Rejected

_READ: Final = 1 << 16
"""Bytes that are read of what a command says of an error."""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    """As `subprocess` says it: negative for a signal."""
    output: bytes
    words: str
    """What it said of errors."""


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, home: Path, confine: Callable[[], None]
) -> Done:
    """Run a command in `folder`; its output lies in files of `home` meanwhile, whose size is limited.

    `confine` is called in the new process before the command is. Rejected when it cannot be started.
    """
    with tempfile.TemporaryFile(dir=home) as output, tempfile.TemporaryFile(dir=home) as errors:
        try:
            done = subprocess.run(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                check=False,
                preexec_fn=confine,
            )
        except OSError as error:
            raise Rejected(f"{command[0]} cannot be run: {error.strerror}") from error
        output.seek(0)
        errors.seek(0)
        words = errors.read(_READ).decode("utf-8", errors="replace")
        return Done(done.returncode, output.read() if done.returncode == 0 else b"", words)
