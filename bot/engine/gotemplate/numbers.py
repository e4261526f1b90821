"""Floats as Go writes them (`strconv/ftoa.go`)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

_LARGE: Final = 6
_LOWEST: Final = -4


def shortest(value: float, *, large: int = _LARGE, low: int = _LOWEST, pad: int = 2) -> str:
    """Return the fewest digits that are the same float; an exponent from `large` on and below `low`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    if not isinstance(exponent, int):
        raise TypeError("a finite decimal has a numeric exponent")
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    power = len(text) + exponent - 1 if stripped else 0
    minus = "-" if sign else ""
    if not stripped:
        return f"{minus}0"
    if power < low or power >= large:
        mantissa = stripped[0] + (f".{stripped[1:]}" if len(stripped) > 1 else "")
        return f"{minus}{mantissa}e{'-' if power < 0 else '+'}{abs(power):0{pad}d}"
    if power < 0:
        return f"{minus}0.{'0' * (-power - 1)}{stripped}"
    whole = stripped[: power + 1].ljust(power + 1, "0")
    rest = stripped[power + 1 :]
    return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"


def json_number(value: float) -> str:
    """Return a float as `encoding/json` writes it."""
    return shortest(value, large=21, low=-6, pad=1)


def hexadecimal(value: float) -> str:
    """Return a float as `%x` writes it: `0x1.8p+01`."""
    if not math.isfinite(value):
        return shortest(value)
    mantissa, _, exponent = value.hex().partition("p")
    whole, point, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}{point if fraction else ''}{fraction}p{exponent[0]}{int(exponent[1:]):02d}"
