"""Plain YAML scalars as `sigs.k8s.io/yaml` reads them: YAML 1.1 words and numbers, then what JSON makes of those.

Source: `go.yaml.in/yaml/v2` (`resolve.go`), `sigs.k8s.io/yaml` (`convertToJSONableObject`) and apimachinery's JSON
decoder, which has a whole number that fits 64 bits as an integer and every other as a float.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: Final[dict[str, Scalar]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **{
        spelt: value
        for words, value in ((("y", "yes", "on", "true"), True), (("n", "no", "off", "false"), False))
        for word in words
        for spelt in (word, word.capitalize(), word.upper())
    },
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_MAY_BE_NUMBER: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES: Final = (16, 2, 8, 10)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FIRST: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
"""Here Go's own parser decides where underscores may stand; elsewhere go-yaml drops them all."""
_LEAST: Final = -(2**63)
_GREATEST: Final = 2**63 - 1
_UNSIGNED: Final = 2**64 - 1
_DIGITS: Final = 64
"""More digits than any 64-bit integer has in any base."""
_SHORT: Final = 18
"""Fewer decimal digits than the greatest 64-bit integer has."""
_TAG: Final = "tag:yaml.org,2002:"


def plain(text: str) -> Scalar:
    """Return what an unquoted, untagged scalar means; ValueError for infinities and NaN, which JSON cannot say."""
    if text in _WORDS:
        found = _WORDS[text]
        if isinstance(found, float):
            raise ValueError(f"{text} is not a number that JSON can hold")
        return found
    if text[0] not in _MAY_BE_NUMBER:
        return text
    value = _number(text)
    if isinstance(value, float):
        return json_float(value)
    return value if isinstance(value, str) else json_integer(value)


def plain_key(text: str) -> str:
    """Return what an unquoted scalar means as a mapping's key; ValueError when it cannot be one."""
    number = _number(text) if text[:1] in _MAY_BE_NUMBER and text not in _WORDS else plain(text)
    return key_of(number)


def tagged(tag: str, text: str) -> Scalar:
    """Return a scalar that carries an explicit tag; ValueError when it does not fit the tag."""
    short = tag.removeprefix(_TAG)
    if short == "binary":
        try:
            return base64.b64decode(text, validate=False).decode("utf-8", errors="replace")
        except binascii.Error as error:
            raise ValueError("!!binary is not base64") from error
    if short not in _KINDS:
        return text
    value = plain(text)
    if not isinstance(value, _KINDS[short]) or (short in {"int", "float"} and isinstance(value, bool)):
        raise ValueError(f"the value is not of the type its tag !!{short} says")
    return value


_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "null": (type(None),),
}


def key_of(value: object) -> str:
    """Return a mapping key as JSON has it: a string; ValueError for what cannot be one."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float32(value)
        case _:
            raise ValueError("a mapping's key must be a string, a number or a boolean")


def json_integer(value: int) -> int | float:
    """Return a whole number as Kubernetes keeps it: beyond 64 bits it loses precision."""
    return value if _LEAST <= value <= _GREATEST else float(value)


def json_float(value: float) -> int | float:
    """Return a float as it comes out of JSON: `1.0` is written `1` and read as an integer."""
    return int(value) if value.is_integer() and _LEAST <= value <= _GREATEST else value


def _number(text: str) -> str | int | float:
    if len(text) < _SHORT and text.isascii() and text.isdigit() and text[0] != "0":
        return int(text)
    if text[0] == "." and not _POINT_FIRST.fullmatch(text):
        return text
    bare = text.replace("_", "")
    if (whole := _INTEGER.fullmatch(bare)) and (integer := _integer(whole)) is not None:
        return integer
    if _FLOAT.fullmatch(bare) and not math.isinf(value := float(bare)):
        return value
    return text


def _integer(found: re.Match[str]) -> int | None:
    """Return the integer; None when it does not fit 64 bits, and then it may still be a float."""
    digits, base = next((group, base) for group, base in zip(found.groups()[1:], _BASES, strict=True) if group)
    if len(digits.lstrip("0")) > _DIGITS:
        return None
    value = -int(digits, base) if found[1] == "-" else int(digits, base)
    return value if _LEAST <= value <= _UNSIGNED else None


def _float32(value: float) -> str:
    """Return the shortest text that is the same 32-bit float, as Go's `FormatFloat(value, 'g', -1, 32)`."""
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        raise ValueError(f"{value} is too large for a key") from None
    shortest = next(text for digits in range(9) if _same(text := f"{single:.{digits}e}", single))
    mantissa, _, exponent = shortest.partition("e")
    if -4 <= int(exponent) < 6:  # noqa: PLR2004 - from 1e+06 and below 1e-04 Go writes an exponent (strconv/ftoa.go)
        return f"{float(shortest):.{max(0, len(mantissa.replace('-', '').replace('.', '')) - 1 - int(exponent))}f}"
    return shortest


def _same(text: str, single: float) -> bool:
    return bool(struct.pack("f", float(text)) == struct.pack("f", single))
