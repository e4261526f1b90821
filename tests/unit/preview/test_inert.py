"""Words from outside stay words."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from bot.preview.inert import cell, clipped, code, fence, fenced, inert, tag
from tests.unit.preview.samples import HOSTILE

GITHUB = MarkdownIt("commonmark").enable("table")


@pytest.mark.parametrize(
    "prose",
    [
        "the namespace is created in the same change",
        "exists already (and is adopted), doesn't it?",
        "2 of 3 pods after 1.5 s",
        "queued → syncing → healthy",
    ],
)
def test_plain_prose_stays_as_it_is(prose: str) -> None:
    assert inert(prose) == prose


@pytest.mark.parametrize(
    ("prose", "markdown"),
    [
        ("ask @acme/ops about #12", "ask `@acme/ops` about `#12`"),
        ("Deployment shop/web is replaced", "Deployment `shop/web` is replaced"),
        ("spec.selector: field is immutable", "`spec.selector`: field is immutable"),
        ("(see https://evil.example).", "(see `https://evil.example`)."),
        ("a b@c.d <e> f", "a `b@c.d <e>` f"),
        ("it`s", "``it`s``"),
        ("commit deadbeef", "commit `deadbeef`"),
        ("two\nlines", "two lines"),
        ("a\u202eb", r"`a\u202eb`"),
        ("", ""),
    ],
)
def test_everything_else_is_code(prose: str, markdown: str) -> None:
    assert inert(prose) == markdown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_holds_anything(text: str) -> None:
    rendered = GITHUB.renderInline(code(text))

    assert rendered.startswith("<code>")
    assert rendered.endswith("</code>")
    assert rendered.count("<") == 2


@pytest.mark.parametrize("text", [*HOSTILE, "a|b", r"a\|b", r"a\\|b\\", "`|`"])
def test_a_cell_of_a_table_stays_one_cell(text: str) -> None:
    rendered = GITHUB.render(f"| a | b |\n|---|---|\n| {cell(code(text))} | {cell(inert(text))} |\n")

    assert rendered.count("<td>") == 2
    assert rendered.count("<tr>") == 2


def test_a_bar_in_a_cell_shows_as_a_bar() -> None:
    assert "<code>a|b</code>" in GITHUB.render(f"| a |\n|---|\n| {cell(code('a|b'))} |\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_closes_a_fence(text: str) -> None:
    body = fenced(f"+a\n{text}\n {text}\n{text * 3}")
    rendered = GITHUB.render(f"{fence(body)}diff\n{body}\n{fence(body)}\n\nafter\n")

    assert rendered.count("<pre>") == 1
    assert rendered.endswith("</code></pre>\n<p>after</p>\n")


def test_a_tag_is_escaped_html() -> None:
    assert tag('<b>"x" & @y\nz') == "<code>&lt;b&gt;&quot;x&quot; &amp; @y z</code>"


def test_a_redacted_value_reads_the_same_everywhere() -> None:
    token = "<redacted 3f9a1c2e>"

    assert token in fenced(f"+  password: {token}")
    assert "&lt;redacted 3f9a1c2e&gt;" in GITHUB.renderInline(inert(f"got {token}"))
    assert tag(token) == "<code>&lt;redacted 3f9a1c2e&gt;</code>"


def test_a_clipped_text_says_that_there_is_more() -> None:
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"
