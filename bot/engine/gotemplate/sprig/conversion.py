"""Values as text and as numbers (sprig `strval`, `strslice`; `github.com/spf13/cast`)."""

from __future__ import annotations

import math
from typing import Final

from bot.engine.gotemplate.formatting import sprint_value
from bot.engine.gotemplate.literals import GREATEST, LEAST, parsed_float, parsed_integer
from bot.engine.gotemplate.values import Budget, Strings, Value

_WORD: Final = 2**64


def text_of(budget: Budget, value: Value) -> str:
    """Write a value as `strval`."""
    return value if isinstance(value, str) else sprint_value(value, budget)


def texts_of(budget: Budget, value: Value) -> Strings:
    """Write each element, nothing left out but nil; a single value is a list of one."""
    if value is None:
        return Strings()
    elements = value if isinstance(value, list) else [value]
    return Strings(text_of(budget, one) for one in elements if one is not None)


def wrapped(value: int) -> int:
    """Let an integer overflow as an int64 does."""
    value %= _WORD
    return value - _WORD if value > GREATEST else value


def integer_of(value: Value) -> int:
    """Return a value as an int64, 0 for what is none (`cast.ToInt64`)."""
    match value:
        case bool() | int():
            return int(value)
        case float():
            return LEAST if math.isnan(value) or not LEAST <= value <= GREATEST else int(value)
        case str():
            number = parsed_integer(_without_zero_decimals(value))
            return number if number is not None and LEAST <= number <= GREATEST else 0
        case _:
            return 0


def float_of(value: Value) -> float:
    """Return a value as a float64, 0 for what is none (`cast.ToFloat64`)."""
    match value:
        case bool() | int() | float():
            return float(value)
        case str():
            return parsed_float(value) or 0.0
        case _:
            return 0.0


def _without_zero_decimals(text: str) -> str:
    stripped = text.rstrip("0")
    return stripped[:-1] if stripped != text and stripped.endswith(".") else text
