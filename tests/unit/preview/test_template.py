"""An operator's own template: it says what it likes around the differences, and breaks nothing that is ours."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from bot.model.dangers import Severity
from bot.model.reports import Report
from bot.preview.budget import size
from bot.preview.markdown import comments, read_marker
from bot.preview.template import LONGEST, NAMES, Own
from tests.unit.preview.corpus import SMALL
from tests.unit.preview.samples import DIFF, Enemy, application, danger, report, resource
from tests.unit.preview.test_hostile import ALIVE, OURS, _Page

URL = "https://foresail.example/reports/1"
BUILT_IN = "".join(f"{{{{ {name} }}}}" for name in NAMES)
BY_HAND = """\
{% for one in applications %}
- {{ one.name }} in {{ one.cluster | code }}: {{ one.creates + one.changes }} of them, {{ one.remarks }}
{% endfor %}
{{ differences }}
| who | where |
|---|---|
{% for one in applications %}
| {{ one.name | code | cell }} | {{ one.where | cell }} |
{% endfor %}

Ask @acme/platform. {{ full_report }}
"""


def written(template: str, subject: Report, *, told: list[str] | None = None, budget: int = 65_536) -> Sequence[str]:
    own = Own(template, (told if told is not None else []).append)
    return comments(subject, instance="prod", budget=budget, report_url=URL, own=own)


def test_it_says_what_it_likes_around_the_differences() -> None:
    (body,) = written(BY_HAND, report(application(resource())))
    lines = body.split("\n")
    assert read_marker(body) is not None
    assert lines[1] == "### Merging changes 1 resource in 1 application"
    assert lines[3] == "- shop-web in `prod`: 1 of them,"
    assert body.index("- shop-web in") < body.index(f"```diff\n{DIFF}") < body.index("| `shop-web` |")
    assert f"Ask @acme/platform. [full report](<{URL}>)\n\n<sub>predicted by prod" in body


def test_the_built_in_parts_are_what_comments_have_without_it() -> None:
    dangers = tuple(danger(severity=one) for one in Severity)
    subject = report(application(resource(dangers=dangers, failure="denied"), notes=("a note",)))
    (ours,) = comments(subject, instance="prod", report_url=URL)
    (own,) = written(BUILT_IN, subject)
    assert "".join(own.split("\n")[1:]) == "".join(ours.split("\n")[1:])


def test_that_the_time_of_a_job_is_over_is_not_the_templates_to_keep() -> None:
    nested = "{% for one in range(99999) %}" * 3 + "{% endfor %}" * 3
    alarm = UnixSignalDeathPenalty(1, JobTimeoutException)  # type: ignore[no-untyped-call] # rq's
    with pytest.raises(JobTimeoutException), alarm:
        written(f"{nested}{{{{ differences }}}}", report(application(resource())))


def test_without_a_place_for_them_differences_stand_at_the_end() -> None:
    (body,) = written("{{ table }}", report(application(resource())))
    assert body.index("| application |") < body.index("```diff") < body.index("<sub>")


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("one\n{{ table", "line 2: unexpected end of template"),
        ("{{ tabel }}", "'tabel' is undefined"),
        ("{{ applications[0].secret }}", "has no attribute 'secret'"),
        ("{% include '/etc/passwd' %}", "no loader for this environment specified"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute"),
        ("{{ applications.append(1) }}", "is unsafe"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% for one in range(1000000) %}x{% endfor %}", "Range too big"),
        ("{{ differences }}{{ differences }}", "the differences more than once"),
        ("<details>\n{{ differences }}\n</details>", "leaves a fold or a fence open"),
        ("</details><details>", "leaves a fold or a fence open"),
        ("```\n{{ differences }}\n```", "leaves a fold or a fence open"),
        ("<!-- foresail:prod:1 of=1 head= plan= -->", "a hidden comment"),
        ("<!--", "a hidden comment"),
        ("<?", "a hidden comment"),
        ("<![CDATA[", "a hidden comment"),
        ("<pre>\n{{ differences }}", "leaves a fold or a fence open"),
        ("{% macro it() %}{{ table }}{% endmacro %}{{ it() }}", "macro or a set block"),
        ("{% set it %}{{ table }}{% endset %}{{ it ~ change }}", "macro or a set block"),
        ("{% filter replace('0', '9') %}{{ headline }}{% endfilter %}", "a filter block has altered"),
        ("{% filter upper %}{{ differences }}{% endfilter %}", "a filter block has altered"),
        ("{% filter wordwrap(1) %}{{ table }}{% endfilter %}", "a filter block has altered"),
        ("\0", "a character that is none of a text"),
        ("x" * (LONGEST + 1), "more than 65536 bytes"),
        ("{% for one in range(65000) %}x{% endfor %}", "longer than the"),
    ],
)
def test_one_that_fails_is_not_used_and_says_so(template: str, reason: str) -> None:
    told: list[str] = []
    subject = report(application(resource()))
    (body,) = written(template, subject, told=told)
    assert len(told) == 1
    assert reason in told[0]
    assert "The template of these comments was not used" in body
    for words in ("| application |", "```diff", "<sub>predicted by"):
        assert words in body


@pytest.mark.parametrize("text", SMALL)
def test_hostile_words_are_words_in_it_too(text: str) -> None:
    one = resource(text, note=text, effect_diff=f"+{text}")
    subject = report(application(one, name=text))
    told: list[str] = []
    (body,) = written(BY_HAND.replace("@acme/platform", "nobody"), subject, told=told)
    page = _Page(body.partition("\n")[2].replace(f"[full report](<{URL}>)", "full report"))
    assert told == []
    assert page.unclosed == 0
    assert set(page.elements) <= OURS
    assert not [prose for prose in page.prose if ALIVE.search(prose)]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("template", [BY_HAND, BUILT_IN, "", "{{ differences }}\n{{ table }}"])
def test_no_comment_outgrows_its_budget(seed: int, template: str) -> None:
    for body in written(template, Enemy(seed).report(), budget=12_000):
        assert size(body.encode(errors="replace").decode()) <= 12_000
        assert read_marker(body) is not None
        page = _Page(body.partition("\n")[2])
        assert page.unclosed == 0
        assert set(page.elements) - {"a"} <= OURS  # the report's link


def test_what_is_told_is_told_anew_when_the_template_says_something_else() -> None:
    subject = report(application(resource()))
    one, other = (read_marker(written(text, subject)[0]) for text in ("one", "other"))
    assert one is not None
    assert other is not None
    assert one.said != other.said
