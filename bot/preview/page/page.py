"""Write a report as a page, piece by piece, so that one about thousands of objects is never in memory as a whole.

Every word goes through Jinja's escaping, and through `visible` before: nothing that stands in a file, name or message
is markup here, turns the direction of writing, or hides. The policy allows our one style and our one script, by their
hashes, and nothing else: no address, no image, no form, no other script.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from bot.engine.diff.lines import visible
from bot.model.dangers import Severity
from bot.model.policies import PolicySeverity
from bot.model.reports import Action, counted
from bot.preview import words
from bot.preview.forms import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.reports import ApplicationReport, Report, ResourceReport

_MARKS: Final = {"+": "ins", "-": "del", "@": "b"}
"""By the first character of a line of a difference."""
_SERIOUS: Final = (Action.REPLACE, Action.PRUNE, Action.ORPHAN, Action.CHANGE, Action.CREATE, Action.NOTHING)


@dataclass(frozen=True, slots=True)
class About:
    """What is said about a report apart from it."""

    url: str = ""
    """Where the change is; empty when nobody has opened one."""
    made: float | None = None
    """Unix seconds of the prediction."""
    offers: bool = False
    """Whether the page is served, and then as what else the report can be had there."""


class _Object(NamedTuple):
    """One object on the page."""

    number: int
    resource: ResourceReport
    sorts: str
    """What it can be filtered by."""


class _Section(NamedTuple):
    """One application on the page."""

    number: int
    application: ApplicationReport
    objects: list[_Object]
    resting: int
    """Objects that there is nothing to say of."""


def page(report: Report, about: About) -> Iterator[str]:
    """Write a whole page in pieces of some kilobytes."""
    sections = list(_sections(report))
    stream = _PAGES.get_template("report.html").stream(
        report=report,
        about=about,
        url=about.url if urlsplit(about.url).scheme in {"http", "https"} else "",
        made=_time(about.made) if about.made is not None else "",
        sections=sections,
        objects=sum(len(one.objects) for one in sections),
        remarks={one.application.name: "; ".join(words.remarks(one.application)) for one in sections},
        alerts=list(_alerts(report)),
    )
    stream.enable_buffering(64)
    yield from stream


def gone(why: str, remedy: str) -> str:
    """Write a page that says why there is no report."""
    return _PAGES.get_template("gone.html").render(why=why, remedy=remedy)


def _sections(report: Report) -> Iterator[_Section]:
    number = 0
    for at, application in enumerate(report.applications, 1):
        objects = []
        for resource in sorted(application.resources, key=_seriousness):
            if _tells(resource):
                number += 1
                objects.append(_Object(number, resource, " ".join(_sorts(resource))))
        yield _Section(at, application, objects, len(application.resources) - len(objects))


def _seriousness(resource: ResourceReport) -> tuple[bool, int]:
    return not resource.failure, _SERIOUS.index(resource.action)


def _tells(one: ResourceReport) -> bool:
    return bool(one.affected or one.effect_diff or one.drift is not Action.NOTHING or one.dangers or one.findings)


def _sorts(one: ResourceReport) -> Iterator[str]:
    if one.action is not Action.NOTHING:
        yield one.action
    told = {
        "drift": one.drift is not Action.NOTHING,
        "failure": bool(one.failure),
        "danger": bool(one.dangers or one.findings),
        "estimated": bool(one.estimated),
    }
    yield from (name for name, holds in told.items() if holds)


def _alerts(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what a reviewer must have seen: its severity, a title, the lines."""
    told = words.dangers(report)
    dangers = {
        severity: [f"{one.words} [{one.id}]" for one in told if one.severity is severity] for severity in Severity
    }
    denied, warned = (list(map(_failure, words.policies(report, one))) for one in PolicySeverity)
    found = [
        ("caution", "Policy violations", denied),
        ("caution", "Predicted to fail", list(map(_failure, words.failures(report)))),
        ("caution", "Be sure of this", dangers[Severity.CAUTION]),
        ("warning", "Take care", dangers[Severity.WARNING]),
        ("warning", "Policy warnings", warned),
        ("note", "Other open changes", list(words.neighbours(report))),
        ("note", "Good to know", [*dangers[Severity.NOTE], *words.remarkable(report)]),
    ]
    yield from (one for one in found if one[2])


def _failure(failure: words.Failure) -> str:
    return f"{failure.subject}: {failure.message.strip()}"


def _diff(text: str) -> Markup:
    """Mark the lines of a difference, those with the same sign together."""
    written = []
    for sign, lines in groupby(text.split("\n"), key=lambda line: line[:1]):
        element = _MARKS.get(sign, "span")
        written.append(f"<{element}>{escape(visible(chr(10).join(lines)))}\n</{element}>")
    return Markup("".join(written))  # noqa: S704 - all of it was escaped just now


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _shown(value: Any) -> Any:
    """Make what shows nothing show, in whatever is written."""
    return value if isinstance(value, Markup) else visible(str(value))


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_STYLE: Final = _asset("style.css")
_SCRIPT: Final = _asset("script.js")
POLICY: Final = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy of a page, which it also says of itself."""
_PAGES: Final = Environment(
    loader=DictLoader({name: _asset(name) for name in ("head.html", "report.html", "gone.html")}),
    autoescape=True,
    finalize=_shown,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters |= {"diff": _diff, "counted": counted}
_PAGES.globals |= {
    "policy": POLICY,
    "style": Markup(_STYLE),  # noqa: S704 - our own file
    "script": Markup(_SCRIPT),  # noqa: S704 - our own file
    "words": words,
    "Action": Action,
    "forms": tuple(Form),
}
