"""A report as a page: all of it, ours alone, and nothing from elsewhere, whatever the words in it are."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import orjson
import pytest

from bot.model.dangers import ImageChange, Severity
from bot.model.reports import Action, ApplicationReport, Report
from bot.preview.files import Kept, file_name, written
from bot.preview.forms import Form
from bot.preview.page.page import POLICY, About, gone, page
from tests.unit.preview.corpus import LARGE, SMALL
from tests.unit.preview.samples import Enemy, application, danger, report, resource

URL = "https://github.example/acme/shop/pull/12"
VOID = {"meta", "input", "br"}
OPTIONAL = {"td", "th", "tr"}
"""Elements whose ends may be left out."""
ADDRESSES = {"href", "src", "action", "formaction", "srcset", "data", "poster", "ping", "background"}


class Seen(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.addresses: set[str] = set()
        self.handlers: set[str] = set()
        self.open: list[str] = []
        self.unclosed = 0
        self.prose: list[str] = []
        self.within: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.addresses |= {value or "" for name, value in attrs if name in ADDRESSES}
        self.handlers |= {name for name, _ in attrs if name.startswith("on") or name == "style"}
        if tag not in VOID | OPTIONAL:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in OPTIONAL:
            self.unclosed += not self.open or self.open.pop() != tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.within:
            self.within[self.open[-1]].append(data)
        else:
            self.prose.append(data)

    @property
    def text(self) -> str:
        return "".join(self.prose)


def seen(subject: Report, *, url: str = URL) -> Seen:
    return Seen("".join(page(subject, About(url=url, made=0.0, offers=True))))


def filled(text: str) -> Report:
    """Return a report in which every word from outside is this one."""
    one = resource(
        text, failure=text, estimated=text, note=text, hook=text, effect_diff=f"+{text}", drift=Action.CHANGE,
        drift_diff=f"-{text}", result_diff=f" {text}", dangers=(danger(text),),
    )  # fmt: skip
    around = application(one, name=text, failure=text, notes=(text,), images=(ImageChange(text, text, 1),))
    more: dict[str, Any] = {"change": text, "base_branch": text, "clusters": (text,), "conflict": (text,), "plan": text}
    return replace(report(replace(around, cluster=text)), notes=(text,), skipped=text, **more)


def test_all_of_it_is_there() -> None:
    drifted = resource("api", drift=Action.CHANGE, drift_diff="-a: 1\n+a: 2", result_diff="-a: 1\n+a: 3")
    lost = resource("db", Action.REPLACE, dangers=(danger("loses its data", Severity.CAUTION, "volume-deleted"),))
    images = (ImageChange("nginx:1.27", "nginx:1.28", 2),)
    html = seen(report(application(drifted, lost, resource("rest", Action.NOTHING), images=images)))
    for words in (
        *("Effect: what this change does", "Drift: changed by a sync even without this change", "+a: 2"),
        *("Result: both together", "+a: 3", "loses its data", "nginx:1.28", "1 more object of it stays as it is."),
        *("prod (v1.37.2)", "1970-01-01 00:00 UTC"),
    ):
        assert words in html.text
    assert html.elements["details"] == 2
    assert html.addresses == {URL, "#a1", "?format=html", "?format=markdown", "?format=json"}


FRIENDLY = seen(filled("word"))


@pytest.mark.parametrize("text", [*SMALL, LARGE[0][:100_000]])
def test_hostile_words_are_words(text: str) -> None:
    friendly, hostile = FRIENDLY, seen(filled(text))
    counted = {"del", "ins", "b", "span"}  # the lines of a difference, of which a text has as many as it likes
    assert {name: count for name, count in hostile.elements.items() if name not in counted} == {
        name: count for name, count in friendly.elements.items() if name not in counted
    }
    assert hostile.unclosed == 0
    assert hostile.handlers == set()
    assert hostile.addresses == friendly.addresses
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u061c\x00\x1b\ud800]", hostile.text)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_an_enemy_says_the_page_holds(seed: int) -> None:
    html = seen(Enemy(seed).report())
    assert html.unclosed == 0
    assert html.handlers == set()
    assert {one for one in html.addresses if not one.startswith(("#a", "?format="))} <= {URL}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "//evil.example"])
def test_a_change_without_an_address_is_no_link(url: str) -> None:
    assert "?format=json" in (html := seen(report(application(resource())), url=url)).addresses
    assert url not in html.addresses


def test_the_policy_allows_what_is_ours_and_nothing_else() -> None:
    html = seen(report(application(resource())))
    assert (html.elements["script"], html.elements["style"]) == (1, 1)
    for name, texts in html.within.items():
        digest = base64.b64encode(hashlib.sha256("".join(texts).encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in POLICY
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert "url(" not in html.within["style"][0]
    for way in ("innerHTML", "fetch(", "XMLHttpRequest", "eval(", "insertAdjacentHTML", "document.write"):
        assert way not in html.within["script"][0]


def test_what_is_gone_is_said() -> None:
    html = Seen(gone("There is none & never was", "Do <this>."))
    assert "There is none & never was" in html.text
    assert "Do <this>." in html.text


@pytest.mark.parametrize("seed", range(10))
def test_what_is_kept_is_read_back(seed: int) -> None:
    kept = Kept(Enemy(seed).report(), About(URL, 12.0))
    again = Kept.from_json(kept.to_json())
    assert again == Kept.from_json(again.to_json())
    assert [len(one.resources) for one in again.report.applications] == [
        len(one.resources) for one in kept.report.applications
    ]
    for form in Form:
        assert "".join(written(again, form))


def test_a_friendly_report_is_read_back_as_it_was() -> None:
    kept = Kept(report(application(resource(), dangers=(danger(),))), About(URL, 12.0))
    assert Kept.from_json(kept.to_json()) == kept


def test_what_is_kept_of_many_objects_is_read_back_a_few_at_a_time() -> None:
    many = [application(*(resource(f"{name}-{number}") for number in range(230)), name=name) for name in ("web", "db")]
    kept = Kept(report(*many), About())
    first, *lines = kept.to_json().split(b"\n")
    assert Kept.from_json(first).report.applications == tuple(replace(one, resources=()) for one in many)
    assert len(lines) == 10
    assert Kept.from_json(b"\n".join([first, *lines])) == kept


def test_what_an_earlier_version_kept_in_one_line_is_read() -> None:
    kept = Kept(report(application(resource("one"), resource("two"))), About())
    assert Kept.from_json(orjson.dumps(kept)) == kept


@pytest.mark.parametrize("line", [b"", b"[1, []]", b"[-1, []]", b'[0, [{"of": "another shape"}]]', b"[0]"])
def test_what_was_kept_otherwise_is_not_read(line: bytes) -> None:
    first, _ = Kept(report(application(resource())), About()).to_json().split(b"\n")
    with pytest.raises(ValueError, match=r"application|valid"):
        Kept.from_json(first + b"\n" + line)


def test_what_is_too_large_is_shortened_and_says_so() -> None:
    diff = "\n".join(f"+line {number}" for number in range(100_000))
    kept = Kept(report(application(resource(effect_diff=diff), resource("other"))), About())
    sizes, notes = [], []
    for one in kept.shorter():
        (application_report,) = one.report.applications
        large, small = (one.effect_diff for one in application_report.resources)
        sizes.append(len(large))
        notes.append(large.rpartition("\n")[2])
        assert small == "@@ spec @@\n-  replicas: 1\n+  replicas: 3" or not sizes[-1] > 400
    assert sizes == sorted(sizes, reverse=True)
    assert notes[-1] == "# … and 100000 more lines: the report is too large to keep them"


@pytest.mark.parametrize("change", ["acme/shop#12", "../../etc/passwd\r\nX: y", "é\ud800"])
def test_a_file_has_a_name_that_is_one_everywhere(change: str) -> None:
    name = file_name(replace(report(), change=change), Form.MARKDOWN)
    assert re.fullmatch(r"[A-Za-z0-9-]+\.md", name)


def test_thousands_of_objects_come_in_pieces() -> None:
    many = tuple(resource(f"web-{number}") for number in range(5_000))
    subject = report(ApplicationReport("big", "argocd", "prod", "shop", many))
    pieces = list(page(subject, About()))
    assert len(pieces) > 100
    assert max(map(len, pieces)) < 100_000
    assert seen(subject).elements["details"] == 5_000
