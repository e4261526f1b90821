"""Change objects at random, the same way for the same seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

_CHANGED: dict[type, tuple[Any, ...]] = {
    str: ("", "other", "1000m", None, 1),
    int: (0, 1, "1", True, None, 1.0),
    bool: (True, False, None, "true"),
    float: (1.0, 3, "3", None),
    type(None): ("x", {}, []),
}


class Mutator:
    """Make objects that differ from a given one in one place."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same objects in every run

    def mutated(self, obj: dict[str, Any], *roots: str) -> dict[str, Any]:
        """Return a copy of `obj` that differs in one place below one of `roots`."""
        changed = copy.deepcopy(obj)
        places = [place for root in roots if root in changed for place in _places(changed, root)]
        if places:
            holder, key = self._chance.choice(places)
            self._change(holder, key)
        return changed

    def _change(self, holder: Any, key: Any) -> None:
        value = holder[key]
        how = self._chance.randrange(4)
        if isinstance(value, list) and value and how:
            holder[key] = self._list(value)
        elif isinstance(value, dict) and value and how == 1:
            value["added"] = self._chance.choice(["", "x", {}, [], None])
        elif how == 2 or isinstance(value, (dict, list)):
            if isinstance(holder, dict) and self._chance.random() < 0.6:
                del holder[key]
            else:
                holder[key] = self._chance.choice([None, {}, [], ""])
        else:
            holder[key] = self._chance.choice(_CHANGED[type(value)])

    def _list(self, items: list[Any]) -> list[Any]:
        shuffled = self._chance.sample(items, len(items))
        copied = copy.deepcopy(self._chance.choice(items))
        if isinstance(copied, dict) and copied:
            copied[self._chance.choice(list(copied))] = self._chance.choice(["extra", 99, "UDP"])
        elif not isinstance(copied, dict):
            copied = self._chance.choice(["extra", 99])
        at = self._chance.randrange(len(items) + 1)
        return self._chance.choice(
            [items[::-1], shuffled, items[1:], items[:-1], [*items, items[0]], [*items[:at], copied, *items[at:]]]
        )


def _places(holder: Any, key: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place below `holder[key]` together with the mapping or list that holds it."""
    yield holder, key
    value = holder[key]
    if isinstance(value, dict):
        for name in value:
            yield from _places(value, name)
    elif isinstance(value, list):
        for number in range(len(value)):
            yield from _places(value, number)
