"""An operator's own template of what a comment says around the differences; whatever it does, a comment is one.

Marker, headline, differences and the last line are Foresail's. What the template writes of a report goes through
`inert`, unless it is one of the parts that Foresail has written as Markdown itself; so a word from a file, forge or
server is never markup, and of secrets a report has none. A template that fails is not used, and says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateError, Undefined, pass_context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.engine.diff.lines import visible
from bot.errors import Rejected
from bot.preview import words
from bot.preview.inert import cell, clipped, code, inert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Template
    from jinja2.runtime import Context

    from bot.model.reports import ApplicationReport, Report

LONGEST: Final = 65_536
"""Bytes of a template."""
_SIGN: Final = "\0"
"""Stands around the number of a value; no template, and no part of a comment, has that character."""
_HERE: Final = f"{_SIGN}differences{_SIGN}"
"""Where the differences go."""
_VALUE: Final = re.compile(f"{_SIGN}([0-9]{{1,9}}){_SIGN}")
_KEPT: Final = f"{_SIGN}kept"
"""The values of a rendering, under a name that no template can write."""
_WORD: Final = 1000
"""Characters shown of one value."""
_FENCE: Final = re.compile(r"^ {0,3}(?:`{3,}|~{3,})", re.MULTILINE)
_FOLD: Final = re.compile(r"<(/?)(?:details|pre|script|style|textarea)\b", re.IGNORECASE)
"""Whatever stands within, blank lines and fences with it: https://spec.commonmark.org/0.31.2/#html-blocks"""
_HIDDEN: Final = re.compile(r"<!|-->|<\?")
_STUMBLES: Final = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, RuntimeError, TypeError),
    ValueError,
)
"""What Python itself says of a template. Not every Exception: that the time of a job is over is one as well."""
NAMES: Final = (
    *("opening", "table", "reviewers", "violations", "failures", "cautions", "warnings", "policy_warnings"),
    *("neighbours", "notes", "images"),
)
"""The parts of a comment, in the order in which it has them without a template."""


class Markdown(str):
    """Markdown that Foresail has written itself."""

    __slots__ = ()


@dataclass(frozen=True)
class Own:
    """A template, and whom to tell when it cannot be used."""

    text: str
    tell: Callable[[str], None]

    def around(self, parts: Mapping[str, str], report: Report, *, link: str) -> tuple[str, str]:
        """Return what stands before and after the differences; Rejected when the template fails."""
        kept: list[str] = []
        differences, more = _Differences(), {"full_report": Markdown(link), _KEPT: kept}
        values = {name: Markdown(text) for name, text in parts.items()} | _facts(report) | more
        try:
            written = self._compiled.render(values, differences=differences)
        except TemplateError as error:
            raise Rejected(_said(error)) from error
        except Rejected:
            raise
        except _STUMBLES as error:  # whatever somebody's template stumbles over, a comment is written all the same
            raise Rejected(f"{type(error).__name__}: {error}") from error
        before, *after = written.split(_HERE)
        if len(after) > 1:
            raise Rejected("it has the differences more than once")
        return _text(before, kept), _text("".join(after), kept)

    @cached_property
    def _compiled(self) -> Template:
        if len(self.text.encode()) > LONGEST:
            raise Rejected(f"it has more than {LONGEST} bytes")
        if _SIGN in self.text:
            raise Rejected("it has a character that is none of a text")
        return _ENVIRONMENT.from_string(self.text)


class _Differences:
    """Stands in a template for what is put there later."""


def _text(skeleton: str, kept: list[str]) -> str:
    """Put the values into what a template has around them; Rejected for what would swallow what stands behind it."""
    folds = 0
    for found in _FOLD.finditer(skeleton):
        folds += -1 if found[1] else 1
        if folds < 0:
            break
    if folds or len(_FENCE.findall(skeleton)) % 2:
        raise Rejected("it leaves a fold or a fence open above or below the differences")
    if _HIDDEN.search(skeleton):
        raise Rejected("it has a hidden comment, which only our own marker may be")
    places = _VALUE.findall(skeleton)
    if _SIGN in _VALUE.sub("", skeleton) or any(int(one) >= len(kept) for one in places):
        raise Rejected("a filter block has altered where a value goes")
    text = _VALUE.sub(lambda found: kept[int(found[1])], skeleton).strip()
    return f"\n{text}\n" if text else ""


def _facts(report: Report) -> dict[str, Any]:
    """Return plain values alone, without a character that shows nothing: a template finds nothing behind them."""
    facts: dict[str, Any] = {
        "headline": report.headline,
        "change": report.change,
        "base_branch": report.base_branch,
        "base_sha": report.base_sha,
        "head_sha": report.head_sha,
        "plan": report.plan,
        "clusters": list(report.clusters),
        "failed": report.failed,
        "touched": report.touched,
        "drifted": report.drifted,
        "applications": [_application(one) for one in report.applications if one.affected or one.drifted],
    }
    return {name: _shown(value) for name, value in facts.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    return visible(value) if isinstance(value, str) else value


def _application(one: ApplicationReport) -> dict[str, Any]:
    return {
        "name": one.name,
        "where": one.where,
        "cluster": one.cluster,
        "namespace": one.target_namespace,
        "creates": one.creates,
        "changes": one.changes,
        "replaces": one.replaces,
        "deletes": one.deletes,
        "orphans": one.orphans,
        "drifted": one.drifted,
        "failures": one.failures,
        "automated": one.automated,
        "routine": one.routine,
        "remarks": "; ".join(words.remarks(one)),
    }


@pass_context
def _written(context: Context, value: Any) -> str:
    """Keep a value of a template's until it is known whether the template holds together; write where it goes."""
    if isinstance(value, _Differences):
        return _HERE
    if isinstance(value, Undefined):
        return str(value)  # which is an error
    text = value if isinstance(value, Markdown) else str(value)
    if _SIGN in text:
        raise Rejected("what a macro or a set block has caught cannot be written")
    kept: list[str] = context[_KEPT]
    kept.append(text if isinstance(value, Markdown) else inert(clipped(text, _WORD)))
    return f"{_SIGN}{len(kept) - 1}{_SIGN}"


def _code(value: Any) -> Markdown:
    return Markdown(code(clipped(str(value), _WORD)))


def _cell(value: Any) -> Markdown:
    return Markdown(cell(value if isinstance(value, Markdown) else inert(clipped(str(value), _WORD))))


def _said(error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error.message}" if line else str(error.message)


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    finalize=_written,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # HTML's escaping means nothing in Markdown: `finalize` makes every value inert
)
_ENVIRONMENT.globals = {"range": _ENVIRONMENT.globals["range"]}
_ENVIRONMENT.filters |= {"code": _code, "cell": _cell}
