"""Checksums and encodings (sprig `crypto.go`, `strings.go`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.values import TemplateError, as_bytes, as_text

if TYPE_CHECKING:
    from collections.abc import Callable

_NEW_LINES: Final = str.maketrans("", "", "\r\n")


def _decoded(decode: Callable[[bytes], bytes], name: str, text: str) -> str:
    # Where this is wrong, sprig returns the error's words as if they were the content; nobody wants to generate that.
    try:
        return as_text(decode(as_bytes(text.translate(_NEW_LINES))))
    except (binascii.Error, ValueError) as error:
        raise TemplateError(f"this is not {name}: {error}") from error


def _base64(data: bytes) -> bytes:
    return base64.b64decode(data, validate=True)


ENCODING: Final[Table] = {
    "adler32sum": takes("string", lambda text: str(zlib.adler32(as_bytes(text)))),
    "b32dec": takes("string", lambda text: _decoded(base64.b32decode, "base32", text)),
    "b32enc": takes("string", lambda text: base64.b32encode(as_bytes(text)).decode()),
    "b64dec": takes("string", lambda text: _decoded(_base64, "base64", text)),
    "b64enc": takes("string", lambda text: base64.b64encode(as_bytes(text)).decode()),
    # A name for what a template asks for, not a protection.
    "sha1sum": takes("string", lambda text: hashlib.sha1(as_bytes(text), usedforsecurity=False).hexdigest()),
    "sha256sum": takes("string", lambda text: hashlib.sha256(as_bytes(text)).hexdigest()),
    "sha512sum": takes("string", lambda text: hashlib.sha512(as_bytes(text)).hexdigest()),
}
