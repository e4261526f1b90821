"""Plain YAML scalars as `sigs.k8s.io/yaml` reads them: YAML 1.1 words and numbers, then what JSON makes of those.

Source: `go.yaml.in/yaml/v2` (`resolve.go`), `sigs.k8s.io/yaml` (`convertToJSONableObject`) and apimachinery's JSON
decoder, which has a whole number that fits 64 bits as an integer and every other as a float.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
import struct
from decimal import Decimal
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

NO_KEY: Final = "a mapping's key must be a string, a number or a boolean"

WORDS: Final[dict[str, Scalar]] = {
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
NUMBER_STARTS: Final = frozenset("0123456789+-.")
"""An unquoted scalar that is none of WORDS and does not begin so is text: most are, and no more need be asked."""
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES: Final = (16, 2, 8, 10)
_SIGN_INSIDE: Final = re.compile(r"0b([-+][01]+)")
"""go-yaml cuts `0b` off and leaves the rest to Go, which takes a sign there."""
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FIRST: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
"""Here Go's own parser decides where underscores may stand; elsewhere go-yaml drops them all."""
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]{time}(?:Z|[-+](?:[01][0-9]|2[0-4]):(?:[0-5][0-9]|60))| +{time}))?".replace(
        "{time}", r"(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](?:[.,][0-9]+)?"
    )
)
_LEAST: Final = -(2**63)
_GREATEST: Final = 2**63 - 1
_UNSIGNED: Final = 2**64 - 1
_EXACT: Final = 2**53
"""Up to here the shortest digits of a whole float are all of its digits."""
_DIGITS: Final = 64
"""More digits than any 64-bit integer has in any base."""
_SHORT: Final = 18
"""Fewer decimal digits than the greatest 64-bit integer has."""
_TAG: Final = "tag:yaml.org,2002:"
_RESOLVED: Final = frozenset({"bool", "int", "float", "null", "timestamp"})
"""Tags that the value has to fit; any other leaves it text (go-yaml `resolvableTag`)."""


def plain(text: str) -> Scalar:
    """Return what an unquoted, untagged scalar means; ValueError for infinities and NaN, which JSON cannot say."""
    value = _resolved(text)
    return value if type(value) is str else _as_json(value)


def plain_key(text: str) -> str:
    """Return what an unquoted scalar means as a mapping's key; ValueError when it cannot be one."""
    return _key(_resolved(text))


def tagged(tag: str, text: str) -> Scalar:
    """Return a scalar that carries an explicit tag; ValueError when it does not fit the tag."""
    return _as_json(_tagged(tag, text))


def tagged_key(tag: str, text: str) -> str:
    """Return a mapping's key that carries an explicit tag; ValueError when it cannot be one."""
    return _key(_tagged(tag, text))


def json_integer(value: int) -> int | float:
    """Return a whole number as Kubernetes keeps it: beyond 64 bits it loses precision."""
    return value if _LEAST <= value <= _GREATEST else float(value)


def json_float(value: float) -> int | float:
    """Return a float as it comes out of JSON: `1.0` is written `1` and read as an integer."""
    if not value.is_integer():
        return value
    # Go writes the fewest digits that mean this float, then zeros.
    whole = int(value) if abs(value) < _EXACT else int(Decimal(repr(value)))
    return whole if _LEAST <= whole <= _GREATEST else value


def _as_json(value: Scalar) -> Scalar:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that JSON can hold")
        return json_float(value)
    if type(value) is int:
        return json_integer(value)
    return value


def _key(value: Scalar) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if value <= _GREATEST:
            return str(value)
        case float():
            return _float32(value)
        case _:
            raise ValueError(NO_KEY)


def _tagged(tag: str, text: str) -> Scalar:
    short = tag.removeprefix(_TAG)
    if short == "binary":
        return _binary(text)
    if short not in _RESOLVED:
        return text
    value = _resolved(text)
    kind = "timestamp" if short == "timestamp" and _is_timestamp(text) else _KINDS[type(value)]
    if kind == "int" and short == "float" and isinstance(value, int) and value <= _GREATEST:
        return float(value)
    if kind != short:
        raise ValueError(f"the value is not of the type its tag !!{short} says")
    return text if kind == "timestamp" else value


_KINDS: Final[dict[type, str]] = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}


def _binary(text: str) -> str:
    try:
        content = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("!!binary is not base64") from error
    # Go puts a replacement character for every byte that is no text, Python for every run of them.
    return _ESCAPED.sub("\ufffd", content.decode(errors="surrogateescape"))


_ESCAPED: Final = re.compile("[\udc80-\udcff]")


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return False
    year, month, day = (int(part) for part in found.groups())
    try:
        dt.date(year or 400, month, day)  # Go has a year 0, a leap year
    except ValueError:
        return False
    return True


def _resolved(text: str) -> Scalar:
    if text in WORDS:
        return WORDS[text]
    return _number(text) if text[0] in NUMBER_STARTS else text


def _number(text: str) -> str | int | float:
    """Return the number that a text says, or the text; it begins with a digit, a sign or a point."""
    if len(text) < _SHORT and text.isascii() and text.isdigit() and text[0] != "0":
        return int(text)
    if text[0] == "." and not _POINT_FIRST.fullmatch(text):
        return text
    bare = text.replace("_", "")
    if (whole := _INTEGER.fullmatch(bare)) and (integer := _integer(whole)) is not None:
        return integer
    if _FLOAT.fullmatch(bare) and not math.isinf(value := float(bare)):
        return value
    if (inside := _SIGN_INSIDE.fullmatch(bare)) and len(bare) < _DIGITS:
        return int(inside[1], 2)
    return text


def _integer(found: re.Match[str]) -> int | None:
    """Return the integer; None when it does not fit 64 bits, and then it may still be a float."""
    digits, base = next((group, base) for group, base in zip(found.groups()[1:], _BASES, strict=True) if group)
    if len(digits.lstrip("0")) > _DIGITS:
        return None
    value = -int(digits, base) if found[1] == "-" else int(digits, base)
    return value if _LEAST <= value <= (_GREATEST if found[1] else _UNSIGNED) else None


def _float32(value: float) -> str:
    """Return the shortest text that is the same 32-bit float, as Go's `FormatFloat(value, 'g', -1, 32)`.

    Infinities and NaN are written as YAML has them (`convertToJSONableObject`).
    """
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if not math.isfinite(single):
        return ".nan" if math.isnan(single) else ".inf" if single > 0 else "-.inf"
    shortest = next(text for digits in range(9) if _same(text := f"{single:.{digits}e}", single))
    mantissa, _, exponent = shortest.partition("e")
    if -4 <= int(exponent) < 6:  # noqa: PLR2004 - from 1e+06 and below 1e-04 Go writes an exponent (strconv/ftoa.go)
        return f"{float(shortest):.{max(0, len(mantissa.replace('-', '').replace('.', '')) - 1 - int(exponent))}f}"
    return shortest


def _same(text: str, single: float) -> bool:
    return bool(struct.pack("f", float(text)) == struct.pack("f", single))
