"""Whatever a text says, a comment that repeats it shows no element that is not ours, as GitHub's library reads it."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]  # it ships no types
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

from bot.model.dangers import Danger, ImageChange, Severity
from bot.model.deliveries import Delivery, DeliveryState, Epilogue
from bot.model.policies import Finding, PolicySeverity
from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import ResourceKey
from bot.preview.epilogue import with_epilogue
from bot.preview.markdown import comments
from tests.unit.preview.corpus import LARGE, SMALL
from tests.unit.preview.samples import report

OURS = {
    *("h3", "p", "strong", "sub", "blockquote", "ul", "li", "code", "pre", "br"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}
STRUCTURE = OURS - {"code", "p"}
"""What has to be there as often as with harmless words; a word that is not harmless is code."""
ATTRIBUTES = {("details", "open"), ("pre", "lang"), ("th", "align"), ("td", "align")}
ALIVE = re.compile(
    r"(?<![\w`])@\w|(?<!\w)#\d|GH-\d|https?:|www\.|(?<!\w)[0-9a-f]{7,40}(?!\w)|\w@\w+\.\w", re.IGNORECASE
)
"""What GitHub would make a mention, a reference or a link of."""
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u061c\x00\x1b]")


class _Page(HTMLParser):
    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.unclosed = 0
        self.prose: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes |= {(tag, name) for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.unclosed += not self.open or self.open.pop() != tag

    def handle_data(self, data: str) -> None:
        if not {"code", "pre"} & set(self.open):
            self.prose.append(data)


def _everywhere(text: str) -> Report:
    """Return a report in which a text stands wherever something from outside may."""
    diff = f"@@ {text} @@\n" + "\n".join(f"+{line}" for line in text.split("\n"))
    one = ResourceReport(
        *(ResourceKey(text, text, text, text), Action.CHANGE, Action.CHANGE, diff, diff, text, text, text, text),
        dangers=(Danger("deleted", Severity.CAUTION, text, text), Danger(text, Severity.NOTE, text)),
        findings=(Finding(text, PolicySeverity.DENY, text),),
    )
    application = ApplicationReport(
        *(text, text, text, text),
        resources=(one,),
        notes=(text,),
        dangers=(Danger("deleted", Severity.WARNING, text),),
        images=(ImageChange(text, text, 2),),
        findings=(Finding(text, PolicySeverity.WARN, text),),
    )
    failed = ApplicationReport(text, text, text, text, resources=(), failure=text)
    more = {"notes": (text,), "broken_policies": (text,), "reused_from": text}
    return report(application, failed, base_branch=text, clusters=(text,), **more)


def _written(text: str) -> list[str]:
    """Return all that is ever written with a text in it."""
    bodies = [*comments(_everywhere(text), instance="prod")]
    bodies += comments(report(conflict=(text,), base_branch=text), instance="prod")
    bodies += comments(report(skipped=text, notes=(text,)), instance="prod")
    delivery = Delivery(text, text, DeliveryState.FAILED, text, differences=(text,))
    return [*bodies, with_epilogue(bodies[0], Epilogue("ab" * 20, (delivery,)), limit=65_536)]


def _assert_ours(body: str) -> _Page:
    page = _Page(body)
    assert set(page.elements) <= OURS
    assert page.attributes <= ATTRIBUTES
    assert (page.open, page.unclosed) == ([], 0)
    assert ALIVE.search(" ".join(page.prose)) is None
    assert BIDI.search(body) is None
    return page


def _harmless(text: str) -> str:
    """Return a text of as many lines, in which there is nothing but a word."""
    return re.sub(r"[^\n]+", "word", text)


def test_there_are_at_least_two_hundred() -> None:
    assert len({*SMALL, *LARGE}) >= 200


@pytest.mark.parametrize("number", range(len(SMALL)))
def test_a_hostile_text_is_a_text_and_leaves_the_rest_as_it_is(number: int) -> None:
    text = SMALL[number]
    for body, usual in zip(_written(text), _written(_harmless(text)), strict=True):
        page, other = _assert_ours(body), _Page(usual)
        assert {tag: page.elements[tag] for tag in STRUCTURE} == {tag: other.elements[tag] for tag in STRUCTURE}


@pytest.mark.parametrize("number", range(len(LARGE)))
def test_a_hostile_text_may_be_as_long_as_it_likes(number: int) -> None:
    for body in _written(LARGE[number]):
        _assert_ours(body)
        assert len(body.encode()) <= 65_536
