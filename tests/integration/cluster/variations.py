"""Vary objects at random and mostly validly, the same way for the same seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION

_CHOICES: dict[str, list[Any]] = {
    "strategy": [{"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 2}}, {"type": "RollingUpdate"}, None],
    "protocol": ["TCP", "UDP"],
    "emptyDir": [{"medium": "Memory"}, {"sizeLimit": "1Gi"}],
    "tmp": [{"name": "tmp", "configMap": {"name": "c"}}, {"name": "tmp", "secret": {"secretName": "s"}}],
    "resources": [{}, {"limits": {"cpu": "1000m"}}, None],
    "requests": [{"cpu": "1", "memory": "1Gi"}],
    "finalizers": [["example.com/c", "example.com/a"], ["example.com/a"], []],
    "tonnage": [5, "5", 7, None],
    "speed": [1, 2.5, 3.0],
    "free": [{"x": [1, 2], "deep": {"y": None}}, {}, {"x": {"y": [{"z": None}]}}],
    "hostNetwork": [False],
    "maxUnavailable": ["50%", 1],
}
"""Values that mean something, by the name of their field or of the element that holds them."""
_NAMES = (
    "serviceName",
    "fieldPath",
    "resource",
    "name",
    "port",
    "containerPort",
    "ip",
    "mountPath",
    "topologyKey",
    "key",
    "host",
    "hold",
    "path",
)
_WORDS = {
    "restartPolicy",
    "pathType",
    "policyTypes",
    "accessModes",
    "whenUnsatisfiable",
    "operator",
    "type",
    "schedule",
}
_FIXED = (
    _WORDS
    | set(_NAMES)
    | {"matchLabels", "selector", "app", "roleRef", "volumeClaimTemplates", LAST_APPLIED_ANNOTATION}
)
"""Fields that never change, or take few words: varied, they would be refused again and again."""
_HOLDING = {"spec", "template", "metadata", "labels", "jobTemplate", "containers", "image", "rules"}
_HOLDING |= {"scaleTargetRef", "paths", "backend", "storage", "http", "configMap", "valueFrom", "env", "hostPort"}
"""Fields that are varied only below."""


class Variation:
    """Make objects that differ from a given one in a few places."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same objects in every run

    def varied(self, obj: dict[str, Any], *, changes: int) -> dict[str, Any]:
        """Return a copy of `obj` that differs in up to `changes` places; its names and selectors stay."""
        varied = copy.deepcopy(obj)
        for _ in range(changes):
            places = [
                place
                for holder, key in _roots(varied)
                for place in _places(holder, key)
                if self.chance.random() < 0.7 or isinstance(place[0][place[1]], list)
            ]
            if places:
                self._vary(*self.chance.choice(places))
        return varied

    def _vary(self, holder: Any, key: Any) -> None:
        value = holder[key]
        label = value.get("name") if isinstance(value, dict) else key
        if label in _CHOICES and self.chance.random() < 0.7:
            holder[key] = copy.deepcopy(self.chance.choice(_CHOICES[label]))
        elif isinstance(value, list) and value and self.chance.random() < 0.8:
            holder[key] = self._list(value)
        elif isinstance(holder, list):
            holder[:] = self._list(holder)
        elif self.chance.random() < 0.3:
            del holder[key]
        elif isinstance(value, (dict, list)):
            holder[key] = self.chance.choice([None, type(value)(), value])
        else:
            holder[key] = _other(value)

    def _list(self, items: list[Any]) -> list[Any]:
        items = self.chance.sample(items, len(items)) if self.chance.random() < 0.5 else list(items)
        if self.chance.random() < 0.5:
            items.insert(self.chance.randrange(len(items) + 1), _namesake(self.chance.choice(items)))
        if len(items) > 1 and self.chance.random() < 0.5:
            items.pop(self.chance.randrange(len(items)))
        return items


def _roots(obj: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    yield from ((obj, name) for name in obj if name not in {"apiVersion", "kind", "metadata", "status"})
    metadata = obj["metadata"]
    yield from ((metadata, name) for name in ("labels", "annotations", "finalizers") if name in metadata)


def _places(holder: Any, key: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place below `holder[key]` together with the mapping or list that holds it."""
    if key in _FIXED:
        return
    if key not in _HOLDING:
        yield holder, key
    value = holder[key]
    if isinstance(value, (dict, list)):
        for below in list(value) if isinstance(value, dict) else range(len(value)):
            yield from _places(value, below)


def _namesake(item: Any) -> Any:
    """Return an element like `item` under another name."""
    if not isinstance(item, dict):
        return _other(item)
    renamed = copy.deepcopy(item)
    name = next((name for name in _NAMES if name in item), None)
    return renamed | {name: _other(item[name])} if name else renamed


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x" if isinstance(value, str) else value
