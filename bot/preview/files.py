"""A report as a file, and as what is kept of it to write pages and files from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import orjson
from pydantic import NonNegativeInt, TypeAdapter

from bot.engine.diff.lines import visible
from bot.model.reports import ApplicationReport, Report, ResourceReport
from bot.preview.budget import fitting, size
from bot.preview.forms import Form
from bot.preview.markdown import whole
from bot.preview.page.page import About, page

JSON_VERSION: Final = 1
"""Rises when a field changes its meaning or goes; a new field leaves it alone."""
_TOGETHER: Final = 50
"""Objects that are read back in one step, about a millisecond: no other thread of the process does anything then."""
_LIMITS: Final = (256_000, 32_000, 4_000, 400, 0)
"""Bytes left of each difference, one limit after the other, until a report is small enough."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A report, and what is said about it apart from it."""

    report: Report
    about: About

    @classmethod
    def from_json(cls, text: bytes) -> Kept:
        """Read back what `to_json` wrote; ValueError for anything else. No step of that takes long."""
        first, *lines = text.split(b"\n")
        kept = _KEPT.validate_json(first)
        resources = [[*one.resources] for one in kept.report.applications]  # an earlier version kept all in one line
        for line in lines:
            place, some = _SOME.validate_json(line)
            if place >= len(resources):
                raise ValueError(f"there is no application {place}")
            resources[place] += some
        return kept.with_resources(resources)

    def to_json(self) -> bytes:
        """Write it to be kept, a line a few objects; it is as free of secrets as the report is."""
        bare = self.with_resources(() for _ in self.report.applications)
        return b"\n".join([_json(bare), *map(_json, self._parts())])

    def with_resources(self, resources: Iterable[Sequence[ResourceReport]]) -> Kept:
        """Return it with other objects of each application."""
        found = zip(self.report.applications, resources, strict=True)
        applications = tuple(replace(one, resources=tuple(some)) for one, some in found)
        return replace(self, report=replace(self.report, applications=applications))

    def _parts(self) -> Iterator[_Part]:
        for place, application in enumerate(self.report.applications):
            for start in range(0, len(application.resources), _TOGETHER):
                yield place, application.resources[start : start + _TOGETHER]

    def shorter(self) -> Iterator[Kept]:
        """Yield it with less and less of each difference; what is missing is counted where it was."""
        for most in _LIMITS:
            applications = tuple(_shortened(one, most) for one in self.report.applications)
            yield replace(self, report=replace(self.report, applications=applications))


_Part = tuple[NonNegativeInt, tuple[ResourceReport, ...]]
"""Which application, and some objects of it."""
_KEPT: Final = TypeAdapter(Kept)
_SOME: Final = TypeAdapter(_Part)


def written(kept: Kept, form: Form) -> Iterator[str]:
    """Write a report as a file, in pieces."""
    if form is Form.HTML:
        yield from page(kept.report, kept.about)
    elif form is Form.MARKDOWN:
        yield whole(kept.report)
    else:
        yield document(kept.report)


def document(report: Report, **more: Any) -> str:
    """Write a report as JSON, with more fields beside it."""
    return _json({"version": JSON_VERSION, "headline": report.headline, **more, "report": report}, indent=True).decode()


def file_name(report: Report, form: Form) -> str:
    """Return how a file with the report may be called anywhere."""
    words = "-".join(part for part in ("foresail", report.change, report.head_sha[:7]) if part)
    return f"{''.join(one if one.isascii() and one.isalnum() else '-' for one in words)}.{form.ending}"


def _shortened(application: ApplicationReport, most: int) -> ApplicationReport:
    return replace(application, resources=tuple(_less(one, most) for one in application.resources))


def _less(resource: ResourceReport, most: int) -> ResourceReport:
    return replace(
        resource,
        effect_diff=_beginning(resource.effect_diff, most),
        drift_diff=_beginning(resource.drift_diff, most),
        result_diff=_beginning(resource.result_diff, most),
    )


def _beginning(diff: str, most: int) -> str:
    if size(diff) <= most:
        return diff
    left = fitting(diff, most)
    more = diff.count("\n") + 1 - (left.count("\n") + 1 if left else 0)
    note = f"# … and {more} more lines: the report is too large to keep them"
    return f"{left}\n{note}" if left else note


def _json(value: Any, *, indent: bool = False) -> bytes:
    """Write JSON; what is no character at all, in the odd name that no API server takes either, as an escape."""
    option = (orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE) if indent else 0
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_readable(value), option=option)


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {_readable(name): _readable(below) for name, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(one) for one in value]
    return _readable(asdict(value)) if hasattr(value, "__dataclass_fields__") else value
