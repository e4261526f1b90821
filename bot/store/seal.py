"""What is kept in Redis so that nobody else can read it, and nobody else can have written it."""

from __future__ import annotations

import hashlib
import os
import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12
"""Bytes that are new for each message, as AES-GCM wants them (NIST SP 800-38D, 8.2.2)."""
_LEVEL: Final = 1
"""Of zlib: three times smaller in a third of the default's time; manifests repeat themselves."""


class Seal:
    """Compresses and encrypts with keys that are made from one secret text; pure, and safe to use from threads."""

    def __init__(self, secret: str) -> None:
        """Take a text that cannot be guessed: it is not stretched."""
        self._naming = _key(secret, "name")
        self._cipher = AESGCM(_key(secret, "content"))

    def name(self, content: bytes) -> str:
        """Return a digest of content that only holders of the secret can compute: what it is of cannot be guessed."""
        return hashlib.blake2b(content, key=self._naming, digest_size=32).hexdigest()

    def closed(self, name: str, content: bytes) -> bytes:
        """Return content so that it can be opened under this name alone."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, zlib.compress(content, _LEVEL), name.encode())

    def opened(self, name: str, sealed: bytes, *, most: int) -> bytes | None:
        """Return what was closed; None for what was changed since, is another name's, or has more than `most` bytes."""
        try:
            packed = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError):
            return None
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(packed, most)
        return content if unpacking.eof else None


def _key(secret: str, purpose: str) -> bytes:
    return hashlib.blake2b(purpose.encode(), key=hashlib.sha512(secret.encode()).digest(), digest_size=32).digest()
