"""Which labels a selector means, as Kubernetes reads it.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.preview.dangers.fields import labels, mapping, mappings, text, texts

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_SHOWN: Final = 4


def contains(given: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Tell whether `given` has every label of `wanted`."""
    return all(given.get(name) == value for name, value in wanted.items())


def selects(selector: Any, given: Mapping[str, str]) -> bool:
    """Tell whether a LabelSelector (`matchLabels`, `matchExpressions`) means these labels; an empty one means all."""
    wanted = mapping(selector)
    expressions = mappings(wanted.get("matchExpressions"))
    return contains(given, labels(wanted.get("matchLabels"))) and all(_holds(each, given) for each in expressions)


def written(wanted: Mapping[str, str]) -> str:
    """Return labels as kubectl takes them, the first few: `app=web,tier=front`."""
    pairs = [f"{name}={value}" for name, value in sorted(wanted.items())]
    return ",".join(pairs[:_SHOWN]) + (",…" if len(pairs) > _SHOWN else "")


def _holds(expression: JsonObject, given: Mapping[str, str]) -> bool:
    operator = _OPERATORS.get(text(expression.get("operator")))
    value = given.get(text(expression.get("key")))
    return operator is not None and operator(value, texts(expression.get("values")))


_OPERATORS: Final[Mapping[str, Callable[[str | None, list[str]], bool]]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}
