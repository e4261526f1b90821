"""Numbers and quoted texts as Go writes them (`text/template/parse/node.go`, `strconv`)."""

from __future__ import annotations

import math
import re
from typing import Final

from bot.engine.gotemplate.nodes import Number
from bot.engine.gotemplate.values import TemplateError, as_bytes, as_text

_ESCAPE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_SIMPLE: Final = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
    b"\\": b"\\",
}
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX](_?[0-9a-fA-F]+)|0[bB](_?[01]+)|0[oO]?(_?[0-7]+)|(0|[1-9][0-9]*))")
_BASES: Final = (16, 2, 8, 10)
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_MOST_DIGITS: Final = 64
LEAST: Final = -(2**63)
GREATEST: Final = 2**63 - 1
_UNICODE: Final = 0x110000
_SURROGATES: Final = range(0xD800, 0xE000)


def unquoted(text: str) -> str:
    """Return what a quoted text says: between `"`, with escapes; or between backquotes, as it stands."""
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")
    return _unescaped(text[1:-1], quote=b'"')


def character(text: str) -> Number:
    """Return the number that a character between `'` stands for."""
    inner = _unescaped(text[1:-1], quote=b"'")
    if len(inner) != 1:
        raise TemplateError(f"{text} is not one character")
    code = ord(inner)
    return Number(text, code, float(code), is_float=False)


def number(text: str) -> Number:
    """Return what a number can stand for."""
    whole = parsed_integer(text)
    if whole is not None:
        if whole > GREATEST or whole < LEAST:
            raise TemplateError(f"{text} overflows int")
        floating = set(text) & set(".eEpP") and not _is_hexadecimal(text)
        return Number(text, whole, float(whole), is_float=bool(floating))
    found = parsed_float(text)
    if found is None or not set(text) & set(".eEpP"):
        raise TemplateError(f"{text} is not a number, or overflows")
    exact = found.is_integer() and LEAST <= found <= GREATEST
    return Number(text, int(found) if exact else None, found, is_float=True)


def parsed_integer(text: str, base: int = 0) -> int | None:
    """Read an integer as `strconv.ParseInt`; base 0 goes by the prefix. None when it is none; sizes do not matter."""
    if base:
        digits = text[1:] if text[:1] in ("+", "-") else text
        return int(text, base) if digits.isascii() and digits.isalnum() and _fits(digits, base) else None
    bare = text
    if "_" in text:
        if "__" in text or text.endswith("_") or not text.lstrip("+-")[0].isdigit():
            return None
        bare = text.replace("_", "")
    found = _INTEGER.fullmatch(bare)
    if found is None:
        return None
    digits, radix = next((group, one) for group, one in zip(found.groups()[1:], _BASES, strict=True) if group)
    if len(digits) > _MOST_DIGITS:
        return None
    return -int(digits, radix) if found[1] == "-" else int(digits, radix)


def parsed_float(text: str) -> float | None:
    """Read a decimal float as `strconv.ParseFloat`; None when it is none or too large."""
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    return None if math.isinf(value) else value


def _fits(digits: str, base: int) -> bool:
    if not digits or len(digits) > _MOST_DIGITS:
        return False
    try:
        int(digits, base)
    except ValueError:
        return False
    return True


def _is_hexadecimal(text: str) -> bool:
    return text.lstrip("+-")[:2].lower() == "0x" and not set(text) & set("pP")


def _unescaped(inner: str, *, quote: bytes) -> str:
    def one(found: re.Match[bytes]) -> bytes:
        byte, short, long, octal, simple = found.groups()
        if byte or octal:
            code = int(byte, 16) if byte else int(octal, 8)
            if code > 0xFF:  # noqa: PLR2004 - a byte
                raise TemplateError("an octal escape is larger than a byte")
            return bytes([code])
        if simple:
            return _simple(simple, quote)
        code = int(short or long, 16)
        if code >= _UNICODE or code in _SURROGATES:
            raise TemplateError("an escape names no character")
        return chr(code).encode()

    return as_text(_ESCAPE.sub(one, as_bytes(inner)))


def _simple(letter: bytes, quote: bytes) -> bytes:
    if letter == quote:
        return quote
    if letter not in _SIMPLE:
        raise TemplateError(f"unknown escape \\{letter.decode('utf-8', errors='replace')} in a quoted text")
    return _SIMPLE[letter]
