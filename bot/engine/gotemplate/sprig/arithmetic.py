"""Numbers (sprig `numeric.go`)."""

from __future__ import annotations

import math
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.formatting import sprint_value
from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.literals import GREATEST, LEAST, parsed_integer
from bot.engine.gotemplate.sprig.conversion import float_of, integer_of, wrapped
from bot.engine.gotemplate.values import Budget, Int64, Ints, TemplateError, Value

if TYPE_CHECKING:
    from collections.abc import Callable

_QUOTIENT_DIGITS: Final = 16
"""Digits behind the point that `decimal.Div` keeps (`DivisionPrecision`)."""


def _sum(*values: Value) -> Int64:
    return Int64(wrapped(sum(map(integer_of, values))))


def _product(*values: Value) -> Int64:
    found = 1
    for value in values:
        found = wrapped(found * integer_of(value))
    return Int64(found)


def _quotient(one: Value, other: Value) -> Int64:
    """Divide towards zero."""
    dividend, divisor = integer_of(one), _divisor(other)
    return Int64(wrapped(abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)))


def _remainder(one: Value, other: Value) -> Int64:
    """Return what division leaves; its sign is the dividend's."""
    dividend, divisor = integer_of(one), _divisor(other)
    return Int64(abs(dividend) % abs(divisor) * (-1 if dividend < 0 else 1))


def _divisor(value: Value) -> int:
    divisor = integer_of(value)
    if divisor == 0:
        raise TemplateError("division by zero")
    return divisor


def _decimal(calculate: Callable[[Decimal, Decimal], Decimal], first: Value, *others: Value) -> float:
    found = _exact(first)
    with localcontext(prec=400):
        for one in others:
            try:
                found = calculate(found, _exact(one))
            except (DivisionByZero, InvalidOperation) as error:
                raise TemplateError("division by zero") from error
    return float(found) + 0.0  # a decimal knows no negative zero


def _exact(value: Value) -> Decimal:
    number = float_of(value)
    if not math.isfinite(number):
        raise TemplateError("a number is not finite")
    return Decimal(repr(number))


def _divided(one: Decimal, other: Decimal) -> Decimal:
    return round(one / other, _QUOTIENT_DIGITS)


def _until(budget: Budget, count: int) -> Ints:
    return _until_step(budget, 0, count, 1 if count >= 0 else -1)


def _until_step(budget: Budget, start: int, stop: int, step: int) -> Ints:
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return Ints()
    numbers = range(start, stop, step)
    budget.spend(len(numbers) if start != stop else 0)
    return Ints(numbers)


def _sequence(budget: Budget, *parameters: int) -> str:
    match parameters:
        case (end,):
            first, step, last = 1, 1 if end >= 1 else -1, end
        case (start, end):
            first, step, last = start, 1 if end >= start else -1, end
        case (start, by, end):
            if end < start and by > 0:
                return ""
            first, step, last = start, by, end
        case _:
            return ""
    last += 1 if last >= first else -1
    return " ".join(map(str, _until_step(budget, first, last, step)))


def _rounded(value: Value, places: int, *threshold: float) -> float:
    edge = threshold[0] if threshold else 0.5
    try:
        power = math.pow(10, places)
        shifted = power * float_of(value)
        fraction = math.modf(shifted)[0]
        return (math.ceil(shifted) if fraction >= edge else math.floor(shifted)) / power
    except (OverflowError, ValueError, ZeroDivisionError) as error:
        raise TemplateError("the number cannot be rounded so") from error


def _whole(convert: Callable[[float], int], value: Value) -> float:
    number = float_of(value)
    return float(convert(number)) if math.isfinite(number) else number


def _from_octal(budget: Budget, value: Value) -> Int64:
    number = parsed_integer(sprint_value(value, budget), 8)
    return Int64(number if number is not None and LEAST <= number <= GREATEST else 0)


def _number(text: str) -> int:
    number = parsed_integer(text, 10)
    return 0 if number is None else max(LEAST, min(GREATEST, number))


NUMBERS: Final[Table] = {
    "add": takes("any*", _sum),
    "add1": takes("any", lambda value: _sum(value, 1)),
    "add1f": takes("any", lambda value: _decimal(Decimal.__add__, value, 1.0)),
    "addf": takes("any*", lambda *values: _decimal(Decimal.__add__, 0.0, *values)),
    "atoi": takes("string", _number),
    "biggest": takes("any any*", lambda *values: Int64(max(map(integer_of, values)))),
    "ceil": takes("any", lambda value: _whole(math.ceil, value)),
    "div": takes("any any", _quotient),
    "divf": takes("any any*", lambda *values: _decimal(_divided, *values)),
    "float64": takes("any", float_of),
    "floor": takes("any", lambda value: _whole(math.floor, value)),
    "int": takes("any", lambda value: int(integer_of(value))),
    "int64": takes("any", lambda value: Int64(integer_of(value))),
    "max": takes("any any*", lambda *values: Int64(max(map(integer_of, values)))),
    "maxf": takes("any any*", lambda *values: max(map(float_of, values))),
    "min": takes("any any*", lambda *values: Int64(min(map(integer_of, values)))),
    "minf": takes("any any*", lambda *values: min(map(float_of, values))),
    "mod": takes("any any", _remainder),
    "mul": takes("any any*", _product),
    "mulf": takes("any any*", lambda *values: _decimal(Decimal.__mul__, *values)),
    "round": takes("any int float*", _rounded),
    "seq": takes("$ int*", _sequence),
    "sub": takes("any any", lambda one, other: Int64(wrapped(integer_of(one) - integer_of(other)))),
    "subf": takes("any any*", lambda *values: _decimal(Decimal.__sub__, *values)),
    "toDecimal": takes("$ any", _from_octal),
    "until": takes("$ int", _until),
    "untilStep": takes("$ int int int", _until_step),
}
