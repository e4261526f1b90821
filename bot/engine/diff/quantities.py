"""Quantities and durations as Kubernetes reads them: `1000m` is `1`, `60s` is `1m0s`.

Sources: apimachinery `pkg/api/resource/quantity.go`, Go `time.ParseDuration`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final

_QUANTITY: Final = re.compile(
    r"([+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?", re.ASCII
)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {f"{letter}i": 10 * power for power, letter in enumerate("KMGTPE", start=1)}

_STEP: Final = re.compile(r"(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION: Final = re.compile(rf"[+-]?(?:0|(?:{_STEP.pattern}){{1,8}})", re.ASCII)
_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def quantity(value: Any) -> Fraction | None:
    """Return what a quantity amounts to; None for what is none, or beyond what Kubernetes can hold."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    found = _QUANTITY.fullmatch(str(value))
    if found is None:
        return None
    number, suffix, exponent = found.groups()
    if suffix in _BINARY:
        return Fraction(number) * (1 << _BINARY[suffix])
    power = int(exponent) if exponent else _DECIMAL.get(suffix or "", 0)
    return Fraction(number) * Fraction(f"1e{power}")


def duration(value: Any) -> Fraction | None:
    """Return nanoseconds; None for what is no duration as Go writes one."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    total = sum((Fraction(number) * _NANOSECONDS[unit] for number, unit in _STEP.findall(value)), Fraction())
    return -total if value.startswith("-") else total
