"""Equality as JSON has it."""

from __future__ import annotations

from typing import Any


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal: unlike Python's, `1` is neither `true` nor `1.0`.

    Any depth and any types are compared; what JSON cannot hold (NaN) equals nothing.
    """
    if type(one) is str:
        return bool(one == other)  # by far the most frequent, and nothing else equals a text
    # What Python tells apart, JSON does too, and Python is much faster at it.
    return _may_be_same(one, other) and _walked(one, other)


def _may_be_same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except RecursionError:
        return True


def _walked(one: Any, other: Any) -> bool:
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            waiting.extend((value, right[name]) for name, value in left.items())
        elif isinstance(left, list):
            if len(left) != len(right):
                return False
            waiting.extend(zip(left, right, strict=True))
        elif left != right:
            return False
    return True
