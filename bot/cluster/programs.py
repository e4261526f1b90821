"""Tokens from the programs of clouds, as kubectl's exec plug-ins return them: asked for once until they expire.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.cluster.errors import ClusterAway
from bot.errors import ForesailError, Rejected
from bot.preview.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.engine.clusters import Program

_LIMIT: Final = 20.0
"""Seconds a program may take; those of clouds ask over the network, and take one to three."""
_EARLY: Final = 60.0
"""Seconds before its end in which a token is not begun with."""
_UNDATED: Final = 600.0
"""Seconds for which a token holds that does not say until when."""
_SHORTEST: Final = 1.0
_REST: Final = 4.0
"""A program that failed rests so many times as long as that took."""
_LARGEST: Final = 1 << 20
_LONG_WORD: Final = re.compile(r"\S{31,}")
"""May be a token, in what a program says about its failure."""
_MOST_WORDS: Final = 200


class ProgramToken:
    """A token of one program; safe to use from threads."""

    def __init__(self, program: Program, *, cluster: str, allowed: Collection[str]) -> None:
        self._program = program
        self._cluster = cluster
        self._allowed = frozenset(allowed)
        self._lock = threading.Lock()
        self._header = ""
        self._until = 0.0
        self._failure: ForesailError | None = None

    def header(self) -> str:
        """Return what stands in `Authorization`.

        Raises Rejected for a program that may not be run or is not there, ClusterAway for one that fails.
        """
        with self._lock:
            if time.time() >= self._until:
                self._renew()
            if self._failure is not None:
                raise self._failure
            return self._header

    def _renew(self) -> None:
        began = time.monotonic()
        try:
            token, until = _read(self._run(), self._cluster, self._program)
        except ForesailError as error:
            pause = max(_SHORTEST, _REST * (time.monotonic() - began))
            self._failure, self._until = error, time.time() + pause
            return
        self._failure, self._header, self._until = None, f"Bearer {token}", until

    def _run(self) -> bytes:
        command = self._program.command
        if command not in self._allowed:
            raise Rejected(
                f"the Secret of the cluster {self._cluster} names the program {command}, which may not be run",
                remedy=f"FORESAIL_CLUSTER_PROGRAMS lists those that may: {', '.join(sorted(self._allowed))}.",
            )
        path = shutil.which(command)
        if path is None:
            words = f"the program {command}, which gives credentials for the cluster {self._cluster}, is not installed"
            raise Rejected(words, remedy=self._program.hint)
        try:
            process = subprocess.Popen(
                [path, *self._program.args],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError):
            words = f"the program {command}, which gives credentials for the cluster {self._cluster}, cannot be run"
            raise Rejected(words, remedy="Look at its args and env in the Secret, and at its file.") from None
        try:
            told, complaint = process.communicate(timeout=_LIMIT)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise ClusterAway(self._cluster, f"{command} gives no credential within {_LIMIT:.0f} s") from None
        if process.returncode:
            why = f"{command} gives no credential: {self._scrubbed(complaint) or f'exit code {process.returncode}'}"
            raise ClusterAway(self._cluster, why)
        return told

    def _environment(self) -> dict[str, str]:
        """Return what it is told: what this process is, less our own settings, which hold secrets."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FORESAIL_")}
        asked = {"apiVersion": self._program.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
        return inherited | dict(self._program.env) | {"KUBERNETES_EXEC_INFO": orjson.dumps(asked).decode()}

    def _scrubbed(self, complaint: bytes) -> str:
        """Return the last line of what it says, without what may be secret in it."""
        lines = [line for line in complaint.decode(errors="replace").splitlines() if line.strip()]
        said = scrub(lines[-1], frozenset(value for _, value in self._program.env if value)) if lines else ""
        return _LONG_WORD.sub("…", "".join(filter(str.isprintable, said)))[:_MOST_WORDS]


def _read(told: bytes, cluster: str, program: Program) -> tuple[str, float]:
    """Return token and until when it is used, Unix seconds; ClusterAway for something else than a credential."""
    try:
        document = orjson.loads(told[:_LARGEST])
    except orjson.JSONDecodeError:
        document = None
    status: Any = document.get("status") if isinstance(document, dict) else None
    token = status.get("token") if isinstance(status, dict) else None
    if not isinstance(token, str) or not token.isprintable() or not token.isascii() or not token:
        raise ClusterAway(cluster, f"what {program.command} returns is no ExecCredential with a token")
    expires = status.get("expirationTimestamp")
    if expires is None:
        return token, time.time() + _UNDATED
    try:
        until = datetime.fromisoformat(expires).timestamp()
    except (TypeError, ValueError):
        return token, time.time() + _UNDATED
    return token, until - _EARLY
