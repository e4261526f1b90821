"""The renderer's own child that has Helm as a library: it reads the charts that the renderer exports, and nothing else.

Go keeps threads and may end its whole process, so it has one of its own; what happens to it is no failure of a render.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from bot.repository import confinement, frames
from bot.repository.channel import receive, send

PROBE: Final = "probe.foresail.dev/v1"
"""An API that no cluster serves: what looks different with it has looked at the whole list."""


def main(arguments: str) -> None:
    """Load the library, confine this process to its parent's home and answer until the parent hangs up."""
    setup = orjson.loads(arguments)
    confinement.die_with_parent(setup["parent"])
    helm = _Helm()
    files = confinement.touch_only(Path.cwd().parent, Path(sys.executable))
    send(frames.encode({"files": files}))
    while (request := frames.receive(receive)) is not None:
        confinement.limit_processor(setup["timeout"])
        send(frames.encode(helm.answer(request)))


class _Helm:
    """The library; ImportError where it is not installed."""

    def __init__(self) -> None:
        import helm_python

        self._helm = helm_python

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a chart's files render to, by their path, and its definitions; nothing where that is in doubt."""
        try:
            values = self._with(request["values"], request["parameters"], self._helm.parse_set_string)
            values = self._with(values, request["text_parameters"], self._helm.parse_set_string_values)
            rendered = [self._rendered(request, values, more) for more in ([], [PROBE])]
        except (self._helm.HelmError, ValueError):
            return {}  # the program says it in its own words
        return rendered[0] if rendered[0] == rendered[1] else {}

    def _with(self, values: dict[str, Any], expressions: Iterable[str], parse: Any) -> dict[str, Any]:
        for one in expressions:
            parsed = parse(one)
            if _has_number(parsed) or _leads_through(values, parsed):
                raise ValueError(one)
            values = merged(values, parsed)
        return values

    def _rendered(self, request: Mapping[str, Any], values: dict[str, Any], more: list[str]) -> dict[str, Any]:
        options = {**request["options"], "api_versions": [*request["options"]["api_versions"], *more]}
        told = json.dumps(values), json.dumps(options)
        with self._helm.Chart.load(request["chart"]) as chart:
            # The C library takes a Kubernetes version and APIs, its binding does not pass them on.
            text = self._helm._native.call_string("helm_render", chart._raw(), *told)  # noqa: SLF001
            # A render changes the chart that was loaded: what is switched off has gone, and so have its definitions.
            definitions = [one["data"] for one in chart.crds]
        return {"definitions": definitions, "files": json.loads(text)}


def merged(values: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with others over them, as Helm does: mappings merge, anything else is replaced."""
    found = dict(values)
    for name, value in over.items():
        below = found.get(name)
        found[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return found


def _leads_through(values: Mapping[str, Any], parsed: Mapping[str, Any]) -> bool:
    """Whether a parameter has a name below something that is no mapping, which the program refuses."""
    inner = [(values[name], one) for name, one in parsed.items() if name in values and isinstance(one, dict)]
    return any(not isinstance(below, dict) or _leads_through(below, one) for below, one in inner)


def _has_number(value: Any) -> bool:
    """Whether there is a number, which would arrive as another kind of number than `--set` gives."""
    if isinstance(value, dict):
        return any(_has_number(one) for one in value.values())
    if isinstance(value, list):
        return any(_has_number(one) for one in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
