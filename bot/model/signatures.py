"""Who has signed a commit or a tag, and whose signatures can be told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What became of a look at a signature; the words go on after *commit abc1234 of …*."""

    GOOD = "is signed"
    UNSIGNED = "is not signed"
    BAD = "has a signature that is not of what it says"
    EXPIRED_SIGNATURE = "has a signature that has expired"
    EXPIRED_KEY = "is signed with a key that has expired"
    REVOKED_KEY = "is signed with a key that was revoked"
    UNKNOWN_KEY = "is signed with a key that is not known here"
    UNCLEAR = "has a signature that cannot be verified"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a commit or a tag is signed with."""

    verdict: Verdict
    key: str = ""
    """GnuPG: the fingerprint of the key that signed, 40 digits, or the last 16 of them where no more is known.
    SSH: `SHA256:` and the hash, as `ssh-keygen -l` writes it. Empty: nobody knows."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys whose signatures can be verified."""

    gnupg: tuple[str, ...] = ()
    """Public keys, armoured."""
    ssh: str = ""
    """Lines of `allowed_signers` (ssh-keygen(1))."""

    @property
    def name(self) -> str:
        """Name it by what is in it."""
        digest = hashlib.sha256()
        for part in (*self.gnupg, self.ssh):
            digest.update(hashlib.sha256(part.encode(errors="surrogatepass")).digest())
        return digest.hexdigest()[:32]
