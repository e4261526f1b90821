"""Label selectors, over labels and over generated parameters (`applicationset/utils/selector.go`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LONGEST_PREFIX: Final = 253

_OPERATORS: Final[dict[str, Callable[[str | None, list[str]], bool]]] = {
    "In": lambda value, wanted: value is not None and value in wanted,
    "NotIn": lambda value, wanted: value is None or value not in wanted,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}
_WITH_VALUES: Final = frozenset({"In", "NotIn"})


def is_empty(selector: Any) -> bool:
    """Whether a selector asks for nothing."""
    return not isinstance(selector, dict) or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether labels fit; Rejected says what is wrong with a selector."""
    wanted, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not isinstance(wanted, dict) or not isinstance(expressions, list):
        raise Rejected("a selector has matchLabels, a mapping, and matchExpressions, a list")
    for key in wanted:
        _check_key(key)
    fits = [_fits(one, labels) for one in expressions]
    return all(fits) and all(labels.get(key) == value for key, value in wanted.items())


def _fits(expression: Any, labels: Mapping[str, str]) -> bool:
    if not isinstance(expression, dict):
        raise Rejected("an entry of matchExpressions is no mapping")
    key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values") or []
    _check_key(key)
    if not isinstance(operator, str) or operator not in _OPERATORS:
        raise Rejected(f"{operator!r} is not an operator of a selector")
    if not isinstance(values, list) or (operator in _WITH_VALUES) != bool(values):
        raise Rejected(f"the operator {operator} needs {'values' if operator in _WITH_VALUES else 'no values'}")
    return _OPERATORS[operator](labels.get(str(key)), [str(one) for one in values])


def _check_key(key: Any) -> None:
    prefix, slash, name = key.rpartition("/") if isinstance(key, str) else ("", "", "")
    fits = _NAME.fullmatch(name) and (not slash or (len(prefix) <= _LONGEST_PREFIX and _PREFIX.fullmatch(prefix)))
    if not fits:
        raise Rejected(f"{key!r} cannot be the key of a label")
