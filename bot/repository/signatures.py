"""Signatures of commits and tags, verified by git with GnuPG or ssh-keygen and with no keys but those it is given.

Keys and signatures are written by others. So the programs have nobody's configuration and no agent, fetch no keys, and
are limited in time, memory and the files that they write; which key signed is read from what they say in their own
formats, and never where git itself is not content.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import pygit2

from bot.engine.signatures import of_gnupg, of_ssh, ssh_fingerprint
from bot.errors import Rejected, Temporary
from bot.model.signatures import Keyring, Signature, Verdict
from bot.repository.confinement import FILE_SIZE, MEMORY
from bot.repository.locks import locked
from bot.repository.mirrors import Mirror
from bot.repository.revisions import SHA

_CONFIGURATION: Final = """\
batch
no-tty
no-autostart
no-auto-key-retrieve
no-auto-key-locate
disable-dirmngr
trust-model always
no-greeting
"""
"""Whose key is known is trusted, as with Argo CD; which of them may sign is for the project to say."""
_SSH_SIGNATURE: Final = b"-----BEGIN SSH SIGNATURE-----"
_SOME_SIGNATURE: Final = b"-----BEGIN "
_NONE: Final = "no signature found"
"""What git says of a tag without; of a commit without it says nothing."""
_COMPLETE: Final = "complete"
"""Name of a file whose time is when a ring was last asked for."""
_LEFT_ALONE: Final = 3600.0
"""Seconds after which a ring that nobody has asked for is removed."""
_KEPT_SECONDS: Final = 60.0
"""A key expires, and then what it signed is not good any more."""
_KEPT: Final = 4_000
_REFRESHED: Final = 600.0
_PROCESSOR_SECONDS: Final = 10


class _Said(NamedTuple):
    well: bool
    words: str
    """What was said of errors, where git shows the raw words of others too."""
    output: str


@dataclass
class Signatures:
    """Verifies signatures; safe to use from threads and processes that share `directory`."""

    directory: Path
    """Where rings of keys are built, each once."""
    timeout: float = 20.0
    """Seconds one program may take."""
    _told: dict[tuple[str, str, str], tuple[float, Signature]] = field(default_factory=dict)
    _known: tuple[str, frozenset[str]] = ("", frozenset())
    """The ring that was asked about last, by name, and what is in it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, mirror: Mirror, name: str, keyring: Keyring) -> Signature:
        """Return what a commit or an annotated tag, by its id, is signed with; each is looked at once a minute.

        Raises Temporary when the programs take too long, Rejected when one is not there.
        """
        key = (str(mirror.path), name, keyring.name)
        with self._lock:
            until, told = self._told.get(key, (0.0, Signature(Verdict.UNCLEAR)))
        if time.monotonic() < until:
            return told
        found = self._look(mirror, name, keyring)
        with self._lock:
            self._told[key] = (time.monotonic() + _KEPT_SECONDS, found)
            while len(self._told) > _KEPT:
                del self._told[next(iter(self._told))]
        return found

    def known(self, keyring: Keyring) -> frozenset[str]:
        """Return the fingerprints of all keys of a ring, of those that belong to another key too; asked once a ring."""
        name, found = self._known
        if name != keyring.name:
            found = frozenset(filter(None, map(ssh_fingerprint, keyring.ssh.splitlines())))
            if keyring.gnupg:
                listed = self._run(["gpg", "--with-colons", "--list-keys"], _environment(self._ring(keyring))).output
                found |= {line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")}
            self._known = (keyring.name, found)
        return found

    def _look(self, mirror: Mirror, name: str, keyring: Keyring) -> Signature:
        if not SHA.fullmatch(name):
            raise Rejected(f"{name!r} is not the id of a commit")
        content = _content(mirror, name)
        if _SOME_SIGNATURE not in content:
            return Signature(Verdict.UNSIGNED)
        verify = "verify-tag" if mirror.is_tag(name) else "verify-commit"
        environment = _environment(self._ring(keyring))
        said = self._run(["git", "--git-dir", str(mirror.path), verify, "--raw", name], environment)
        if said.words.startswith("[GNUPG:] "):
            return of_gnupg(said.words, ended_well=said.well)
        if _SSH_SIGNATURE in content:
            return of_ssh(said.words, ended_well=said.well)
        return Signature(Verdict.UNCLEAR if said.words and _NONE not in said.words else Verdict.UNSIGNED)

    def _ring(self, keyring: Keyring) -> Path:
        """Return the folder of a ring, built when it is not there yet."""
        path = self.directory / keyring.name
        stamp = path / _COMPLETE
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            if time.time() - stamp.stat().st_mtime > _REFRESHED:
                os.utime(stamp)
            return path
        with locked(self.directory / ".lock", timeout=self.timeout * 2, doing="reading the keys of signatures"):
            if not stamp.exists():
                self._sweep()
                self._build(path, keyring)
                stamp.touch()
        return path

    def _build(self, path: Path, keyring: Keyring) -> None:
        shutil.rmtree(path, ignore_errors=True)  # left over from a process that was killed
        path.mkdir(mode=0o700)
        (path / "gpg.conf").write_text(_CONFIGURATION, "ascii")
        (path / "allowed_signers").write_text(keyring.ssh, "utf-8", errors="replace")
        files = []
        for number, armoured in enumerate(keyring.gnupg):
            files.append(path / f"{number}.asc")
            files[-1].write_text(armoured, "utf-8", errors="replace")
        if files:
            # Of signatures that others have put on a key there may be any number, and none of them counts.
            self._run(["gpg", "--import-options", "import-minimal", "--import", *map(str, files)], _environment(path))

    def _sweep(self) -> None:
        """Remove rings that nobody has asked for lately, and what a process that was killed left."""
        for path in self.directory.iterdir():
            if path.is_dir():
                with suppress(FileNotFoundError):
                    stamp = path / _COMPLETE if (path / _COMPLETE).exists() else path
                    if time.time() - stamp.stat().st_mtime > _LEFT_ALONE:
                        shutil.rmtree(path, ignore_errors=True)

    def _run(self, command: list[str], environment: dict[str, str]) -> _Said:
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise Rejected(
                f"{command[0]} is needed to verify signatures, and cannot be run: {error.strerror}"
            ) from error
        with suppress(ProcessLookupError):
            _limit(process.pid)
        try:
            output, errors = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise Temporary(f"verifying a signature took longer than {self.timeout:.0f} s", retry_after=10.0) from error
        except BaseException:
            _end(process)
            raise
        return _Said(process.returncode == 0, errors, output)


def _end(process: subprocess.Popen[str]) -> None:
    """End a program and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _limit(process: int) -> None:
    """Limit a program before it has read anything, and so all that it starts: a key may be a bomb of zipped zeros."""
    limits = {
        resource.RLIMIT_DATA: MEMORY,
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_CPU: _PROCESSOR_SECONDS,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _, most = resource.getrlimit(kind)
        least = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.prlimit(process, kind, (least, least))


def _content(mirror: Mirror, name: str) -> bytes:
    try:
        return pygit2.Repository(str(mirror.path)).read(name)[1]
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Rejected(f"the repository has no object {name}") from error


def _environment(ring: Path) -> dict[str, str]:
    """Return a whole environment: nobody's configuration, and no other object than the one that is named."""
    configured = {
        "gpg.openpgp.program": "gpg",
        "gpg.x509.program": "false",
        "gpg.ssh.program": "ssh-keygen",
        "gpg.ssh.allowedSignersFile": str(ring / "allowed_signers"),
        "gpg.minTrustLevel": "undefined",
    }
    numbered = {
        name: word
        for n, (key, value) in enumerate(configured.items())
        for name, word in ((f"GIT_CONFIG_KEY_{n}", key), (f"GIT_CONFIG_VALUE_{n}", value))
    }
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "GNUPGHOME": str(ring),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        # Whoever writes to a repository may have put another object in the place of any (git-replace(1)).
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **numbered,
        "GIT_CONFIG_COUNT": str(len(configured)),
    }
