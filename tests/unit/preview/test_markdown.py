"""A report as the comments of a change."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from bot.model.dangers import Danger, ImageChange, Severity
from bot.model.deliveries import Delivery, DeliveryState, Epilogue
from bot.model.policies import Finding, PolicySeverity
from bot.model.reports import Action
from bot.preview.epilogue import with_epilogue
from bot.preview.markdown import MOST_PARTS, Marker, comments, marker, read_marker
from tests.unit.preview.samples import DIFF, Enemy, application, danger, report, resource

GITHUB = MarkdownIt("commonmark").enable("table")
URL = "https://foresail.example/changes/12"


def only(*parts: str) -> str:
    (body,) = parts
    return body


def test_the_whole_comment() -> None:
    drifted = resource("api", Action.NOTHING, kind="Service", drift=Action.CHANGE, drift_diff="-a\n+b")
    body = only(*comments(report(application(resource(), drifted)), instance="prod", report_url=URL))

    mark = read_marker(body)
    assert mark is not None
    assert body == (
        f"<!-- foresail:prod:1 of=1 head=abc1234fff plan=9f3c21aa77 base=def56780aa said={mark.said} -->\n"
        "### Merging changes 1 resource in 1 application\n"
        "\n"
        "| application | where | + | ~ | − | drift | |\n"  # noqa: RUF001 - a minus
        "|---|---|--:|--:|--:|--:|---|\n"
        "| `shop-web` | `prod · shop` | 0 | 1 | 0 | 1 |  |\n"
        "\n"
        "<details open><summary><code>shop-web</code> · <code>~ Deployment shop/web</code> · +1 −1</summary>\n"  # noqa: RUF001 - a minus
        "\n"
        f"```diff\n{DIFF}\n```\n"
        "\n"
        "</details>\n"
        "\n"
        "<details><summary>Drift that was there before (1)</summary>\n"
        "\n"
        "A sync would do this even without the change.\n"
        "\n"
        "`~ Service shop/api` (shop-web)\n"
        "\n"
        "```diff\n-a\n+b\n```\n"
        "\n"
        "</details>\n"
        "\n"
        "<sub>predicted by prod (`v1.37.2`) · `abc1234` into `main@def5678` · plan `9f3c21aa` · 0.8 s"
        f" · [full report](<{URL}>) · `/foresail help`</sub>\n"
    )


def test_the_marker_is_found_and_read_again() -> None:
    body = only(*comments(report(), instance="prod.eu-1"))

    assert body.startswith(marker("prod.eu-1"))
    mark = read_marker(body)
    assert mark is not None
    assert re.fullmatch("[0-9a-f]{16}", mark.said)
    assert replace(mark, said="") == Marker("prod.eu-1", 1, 1, "abc1234fff", "9f3c21aa77", "def56780aa")
    assert read_marker(body.replace("\n", "\r\n")) == read_marker(body)


@pytest.mark.parametrize("body", ["", "LGTM", "> <!-- foresail:prod:1 of=1 head= plan= -->", "<!-- foresail:prod -->"])
def test_other_comments_have_no_marker(body: str) -> None:
    assert read_marker(body) is None


def test_one_instance_is_not_mistaken_for_another() -> None:
    assert not only(*comments(report(), instance="prod-eu")).startswith(marker("prod"))
    assert not only(*comments(report(), instance="prod:1")).startswith(marker("prod"))


def test_predicted_failures_are_told_in_the_words_of_the_server() -> None:
    refused = resource(failure='admission webhook "quota.example.com" denied the request')
    body = only(*comments(report(application(refused)), instance="prod"))

    assert "### Merging changes nothing, 1 resource predicted to fail\n" in body
    assert (
        "\n> [!CAUTION]\n> - Deployment `shop/web` (shop-web) is predicted to fail: "
        'admission webhook "`quota.example.com`" denied the request\n'
    ) in body


def test_a_failed_render_shows_the_lines_of_the_tool() -> None:
    body = only(*comments(report(application(failure="Error: line 3\n  ```\nnot found")), instance="prod"))

    assert "| `shop-web` | `prod · shop` | ? | ? | ? | ? | cannot be rendered |" in body
    assert "cannot be rendered:\n>   ````\n>   Error: line 3\n>     ```\n>   not found\n>   ````\n" in body


def test_dangers_stand_in_the_colour_of_their_severity_with_their_id() -> None:
    found = [
        resource("a", dangers=(danger("is deleted, and 3 pods with it", Severity.CAUTION, "stateful-set-deleted"),)),
        resource("b", dangers=(danger("is orphaned", Severity.WARNING, "orphaned"),)),
        resource("c", dangers=(danger("is deleted", Severity.NOTE, "deleted"),), estimated="no permission"),
    ]
    body = only(*comments(report(application(*found)), instance="prod"))

    assert "### Merging changes 3 resources in 1 application, 1 caution\n" in body
    assert (
        "\n> [!CAUTION]\n> - Deployment `shop/a` (shop-web) is deleted, and 3 pods with it · `stateful-set-deleted`\n"
        "\n> [!WARNING]\n> - Deployment `shop/b` (shop-web) is orphaned · `orphaned`\n"
        "\n> [!NOTE]\n> - Deployment `shop/c` (shop-web) is deleted · `deleted`\n"
        "> - Deployment `shop/c` (shop-web) is estimated, not a dry run's answer: no permission\n"
    ) in body


def test_many_dangers_do_not_crowd_out_the_rest() -> None:
    found = [
        resource(f"r-{number}", dangers=(Danger(f"sort-{number}", Severity.CAUTION, "is lost " + "x" * 100),))
        for number in range(500)
    ]
    body = comments(report(application(*found)), instance="prod")[0]

    assert re.search(r"> - … and \d+ more lines\n", body)
    assert "```diff" in body


def test_what_rules_say_is_told_denials_first_and_inert() -> None:
    denied = Finding("main.deny", PolicySeverity.DENY, "see https://example.com @acme/ops")
    warned = Finding("few", PolicySeverity.WARN, "one pod")
    subject = report(
        application(resource(findings=(warned, denied)), findings=(denied,)), broken_policies=("a.rego: line 3: no",)
    )
    (body,) = comments(subject, instance="foresail")
    assert (
        "> [!CAUTION]\n> - Policies cannot be evaluated: `a.rego`: line 3: no\n"
        "> - Application shop-web violates policy `main.deny`: see `https://example.com @acme/ops`\n"
        "> - Deployment `shop/web` (shop-web) violates policy `main.deny`: see `https://example.com @acme/ops`\n"
        "\n> [!WARNING]\n> - Deployment `shop/web` (shop-web) is warned of by policy few: one pod\n"
    ) in body


def test_images_are_told_with_what_they_become() -> None:
    images = (ImageChange("shop/web:1.0", "shop/web:1.1", 3), ImageChange("a|b:1", "a:2", 1))
    body = only(*comments(report(application(resource(), images=images, routine=True)), instance="prod"))

    assert (
        "\n| application | image | becomes | objects |\n|---|---|---|--:|\n"
        "| `shop-web` | `shop/web:1.0` | `shop/web:1.1` | 3 |\n"
        "| `shop-web` | `a\\|b:1` | `a:2` | 1 |\n"
    ) in body
    assert "| routine: only versions move |" in body


def test_an_estimate_says_why_it_is_one() -> None:
    body = only(*comments(report(application(resource(estimated="no permission"))), instance="prod"))

    assert (
        "> [!NOTE]\n> - Deployment `shop/web` (shop-web) is estimated, not a dry run's answer: no permission\n" in body
    )


def test_a_hook_is_listed_with_its_phase() -> None:
    assert "· <code>PreSync</code> hook" in only(
        *comments(report(application(resource(hook="PreSync"))), instance="prod")
    )


def test_nothing_affected_is_said_where_an_earlier_comment_said_otherwise() -> None:
    body = only(*comments(report(), instance="prod"))

    assert "### Merging changes nothing in any cluster\n\n12 applications were looked at; none is affected.\n" in body
    assert "|" not in body


def test_a_conflict_is_no_prediction() -> None:
    body = only(*comments(report(conflict=("apps/a b.yaml",)), instance="prod"))

    assert "### Nothing predicted: 1 file in merge conflict\n" in body
    assert "\n- `apps/a b.yaml`\n" in body


def test_after_the_merge_it_tells_how_it_went() -> None:
    healthy = Delivery("shop-web", "prod", DeliveryState.HEALTHY, seconds=14, as_predicted=True)
    differences = ("Service shop/api has another clusterIP than predicted",)
    failed = Delivery(
        "db", "prod", DeliveryState.FAILED, "Job shop/a: exit 1", as_predicted=False, differences=differences
    )
    body = only(*comments(report(), instance="prod"))
    body = with_epilogue(body, Epilogue("0123456789", (healthy, failed)), limit=65536)

    assert (
        "**Merged: 1 of 2 applications healthy, 1 failed** · `0123456`\n\n"
        "- ✅ `shop-web` (`prod`): queued → syncing → healthy in 14 s, as predicted\n"
        "- ❌ `db` (`prod`): queued → syncing → failed, not as predicted: Job `shop/a`: exit 1\n"
        "  - Service `shop/api` has another clusterIP than predicted\n"
    ) in body


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "/changes/12", "https://x.example/" + "a" * 2000])
def test_a_report_without_a_page_has_no_link(url: str) -> None:
    assert "full report" not in only(*comments(report(), instance="prod", report_url=url))


def test_a_small_change_is_unfolded_and_a_large_one_is_not() -> None:
    assert "<details open>" in only(*comments(report(application(resource())), instance="prod"))
    many = [resource(f"web-{number}") for number in range(20)]
    assert "<details open>" not in only(*comments(report(application(*many)), instance="prod"))


def test_a_large_report_becomes_several_comments_and_says_what_is_missing() -> None:
    diff = "\n".join(f"+line {number}" for number in range(200))
    many = [resource(f"web-{number}", effect_diff=diff) for number in range(100)]
    bodies = comments(report(application(*many)), instance="prod", budget=20_000, report_url=URL)
    shown = sum(body.count("<details>") for body in bodies)

    assert len(bodies) == MOST_PARTS
    marks = [mark for body in bodies if (mark := read_marker(body)) is not None]
    assert [(mark.part, mark.of, mark.said) for mark in marks] == [(n, 4, marks[0].said) for n in (1, 2, 3, 4)]
    assert "Continued in the next comment." in bodies[0]
    assert re.search(rf"\*\*{100 - shown} differences are not shown.*\*\*: see the \[full report\]", bodies[-1])


def test_a_table_too_long_for_a_comment_keeps_what_fails() -> None:
    fine = [application(resource(), name=f"app-{number}") for number in range(2000)]
    body = comments(report(*fine, application(name="broken", failure="x")), instance="prod")[0]

    assert "| `broken` |" in body
    assert f"| … and {2001 - body.count('| `prod · shop` |')} more applications | | | | | | |\n" in body


class Page(HTMLParser):
    """What a forge would show: every tag and every text outside of code."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(GITHUB.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"code", "pre"} & set(self.open):
            self.text += data


OURS = {"h3", "p", "code", "pre", "details", "summary", "blockquote", "ul", "li", "strong", "sub", "a"} | {
    *("table", "thead", "tbody", "tr", "th", "td"),
}
LIVE = re.compile(r"@\w|#\d|[&!%]\d|~\w|GH-\d|\b[0-9a-f]{7,40}\b|://|www\.|\w@\w|\$|:\w+:|^/", re.MULTILINE)
"""What forges make links, mentions, emoji, formulas and commands of."""


@pytest.mark.parametrize("budget", [8192, 20_000, 65_536])
def test_hostile_words_are_never_markup_and_never_break_the_budget(budget: int) -> None:
    for seed in range(50):
        enemy = Enemy(seed)
        subject, instance, epilogue = enemy.report(), enemy.text(), enemy.epilogue()
        bodies = comments(subject, instance=instance, budget=budget, report_url=URL)
        for body in (with_epilogue(bodies[0], epilogue, limit=budget), *bodies):
            page = Page(body)

            assert len(body.encode()) <= budget, seed
            assert page.open == [], seed
            assert set(page.tags) <= OURS, seed
            assert set(page.links) <= {URL}, seed
            assert page.tags.count("h3") == body.count("\n### Merging") + body.count("\n### Nothing predicted"), seed
            assert not LIVE.search(page.text), (seed, LIVE.search(page.text))
            assert not any(line.startswith("/") for line in body.split("\n")), seed
