"""People who sign, with keys of their own and the real programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.model.signatures import Keyring

AUTHOR = ("-c", "user.name=alice", "-c", "user.email=alice@example.com")


@dataclass(frozen=True)
class Signers:
    """Alice, Mallory, and somebody whose key is going to be revoked; their keys lie where Foresail never looks."""

    home: Path
    gnupg: dict[str, str]
    """Fingerprints by name."""
    ssh: str
    """Fingerprint."""

    @classmethod
    @contextmanager
    def hired(cls) -> Iterator[Self]:
        """Make their keys, and let these and the agent of GnuPG go at the end."""
        home = Path(tempfile.mkdtemp(prefix="gnupg-", dir="/tmp"))  # the path of a socket may not be longer
        try:
            made = cls(home, {}, "")
            for name in ("alice", "mallory", "revoked"):
                whom = f"{name} <{name}@example.com>"
                made.run("gpg", "--batch", "--passphrase", "", "--quick-gen-key", whom, "ed25519")
                listed = made.run("gpg", "--with-colons", "--list-keys", f"{name}@example.com")
                fingerprints = (line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
                made.gnupg[name] = next(fingerprints)
            made.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "ssh"))
            yield cls(home, made.gnupg, made.run("ssh-keygen", "-l", "-f", str(home / "ssh.pub")).split()[1])
        finally:
            subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
            shutil.rmtree(home, ignore_errors=True)

    def run(self, *command: str, told: str = "") -> str:
        """Run a program as they do; return what it prints."""
        environment = {**os.environ, "GNUPGHOME": str(self.home), "GIT_CONFIG_GLOBAL": "/dev/null"}
        return subprocess.run(command, env=environment, input=told, capture_output=True, text=True, check=True).stdout

    def exported(self, *names: str) -> Keyring:
        """Return a ring with the public keys of some."""
        return Keyring(tuple(self.run("gpg", "--armor", "--export", self.gnupg[one]) for one in names))

    @property
    def allowed(self) -> str:
        """A line of `allowed_signers` for the key of SSH."""
        return f'alice@example.com namespaces="git" {(self.home / "ssh.pub").read_text()}'
