"""Sets of parameters: flat texts for `{{name}}`, structured for Go templates; combined as matrix and merge do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from bot.engine.gotemplate.formatting import sprint_value
from bot.engine.gotemplate.sprig.documents import to_json
from bot.engine.gotemplate.sprig.mappings import merge_into
from bot.engine.gotemplate.values import DEEPEST, Budget, TooMuchError, Value, deep_copy
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

Parameters: TypeAlias = dict[str, Value]


def flattened(value: Parameters, budget: Budget) -> dict[str, str]:
    """Write every leaf as text under its dotted way, `a.b.0`: what selectors see."""
    found: dict[str, str] = {}
    _flatten(value, "", found, budget)
    return found


def _flatten(value: Value, prefix: str, found: dict[str, str], budget: Budget, depth: int = 0) -> None:
    budget.spend()
    if depth > DEEPEST:
        raise TooMuchError(f"parameters are nested deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, one in value.items():
            _flatten(one, f"{prefix}.{key}" if prefix else key, found, budget, depth + 1)
    elif type(value) is list:
        for place, one in enumerate(value):
            _flatten(one, f"{prefix}.{place}" if prefix else str(place), found, budget, depth + 1)
    else:
        found[prefix] = sprint_value(value, budget)


def combined(first: Parameters, second: Parameters, budget: Budget, *, go_template: bool) -> Parameters:
    """Combine what the two generators of a matrix give: the first's values stand over the second's."""
    if go_template:
        both = deep_copy(second, budget)
        merge_into(both, first, budget, overwrite=True)
        return dict(both)
    texts = {key: sprint_value(value, budget) for key, value in first.items()}
    for key, value in second.items():
        text = sprint_value(value, budget)
        if texts.setdefault(key, text) != text:
            raise Rejected(f"both generators give the parameter {key!r}, with different values")
    return dict(texts)


def merged(
    parts: Sequence[Sequence[Parameters]], keys: Sequence[str], budget: Budget, *, go_template: bool
) -> list[Parameters]:
    """Merge later sets over those of the first that have the same values under `keys`; others are left out."""
    base = _by_keys(parts[0], keys, budget)
    for part in parts[1:]:
        for key, later in _by_keys(part, keys, budget).items():
            if key not in base:
                continue
            if go_template:
                base[key] = deep_copy(base[key], budget)
                merge_into(base[key], later, budget, overwrite=True)
            else:
                base[key] = {**base[key], **later}
    return list(base.values())


def _by_keys(sets: Sequence[Parameters], keys: Sequence[str], budget: Budget) -> dict[str, Parameters]:
    found: dict[str, Parameters] = {}
    for one in sets:
        key = to_json(budget, {name: one.get(name) for name in keys})
        if key in found:
            raise Rejected(f"a generator gives two sets of parameters with the same mergeKeys: {key[:200]}")
        found[key] = one
    return found
