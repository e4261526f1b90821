"""Commands: what of a comment is one, and above all what is none."""

from __future__ import annotations

import pytest

from bot.model.changes import Permission
from bot.model.commands import LEAST, MOST, Verb, commands_in
from tests.unit.preview.samples import HOSTILE


def verbs(body: str) -> list[str]:
    return [str(one.verb) for one in commands_in(body)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/foresail preview", ["preview"]),
        ("  /foresail\tpreview  \n", ["preview"]),
        ("/Foresail Preview", ["preview"]),
        ("/foresail", ["help"]),
        ("looks good to me\n\n/foresail sync\n", ["sync"]),
        ("/foresail hold\r\n/foresail explain\r\nthanks!", ["hold", "explain"]),
        ("/foresail hold\n\nand then\n\n/foresail explain", ["hold", "explain"]),
        ("/foresail frobnicate", ["None"]),
        ("```\nsome code\n```\n\n/foresail diff shop", ["diff"]),
        ("<!-- a template's hint -->\n\n/foresail diff shop", ["diff"]),
        ("`~~~\n\n/foresail help", ["help"]),
        ("``` not a `fence\n\n/foresail help", ["help"]),
    ],
)
def test_a_line_of_its_own_is_a_command(body: str, expected: list[str]) -> None:
    assert verbs(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "looks good",
        "please /foresail sync",
        "looks good\n/foresail sync",
        "> /foresail sync",
        "> somebody wrote\n/foresail sync",
        "- an item\n/foresail sync",
        "`\n/foresail sync\n`",
        "`/foresail sync`",
        "**/foresail sync**",
        "    /foresail sync",
        "\t/foresail sync",
        "  \t/foresail sync",
        "```\n/foresail sync\n```",
        "```\n\n/foresail sync\n\n```",
        "~~~sh\n\n/foresail sync\n",
        "````\n```\n\n/foresail sync\n````",
        "```\n~~~\n\n/foresail sync",
        "```\n    ```\n\n/foresail sync",
        "``` \n``` no end\n\n/foresail sync",
        "<!--\n\n/foresail sync\n\n-->",
        "<!-- never ended\n\n/foresail sync",
        "<pre>\n\n/foresail sync\n\n</pre>",
        "<PRE class=x>\n\n/foresail sync",
        "<textarea\n\n/foresail sync",
        "<?php\n\n/foresail sync",
        "<![CDATA[\n\n/foresail sync",
        "<!DOCTYPE\n\n/foresail sync",
        "/foresailsync",
        "/foresail-sync",
        "/foresail\u200bsync",
        "\u202e/foresail sync",
        "\uff0fforesail sync",
        "x\u2028/foresail sync",
        "x\x0b\x0b/foresail sync",
        "x\x85\x85/foresail sync",
        f"/foresail sync {'x' * 2000}",
        "@foresail sync",
        "<!-- foresail:foresail:1 of=1 head= plan= -->\n\n/foresail sync",
    ],
)
def test_what_is_quoted_code_hidden_or_in_a_sentence_is_no_command(body: str) -> None:
    assert verbs(body) == []


@pytest.mark.parametrize("text", [*HOSTILE, "\0", "\ud800", "/foresail", "a" * 5000])
def test_hostile_words_stay_words_of_one_command(text: str) -> None:
    found = commands_in(f"/foresail diff {text} end")
    assert len(found) <= 1
    assert "\n" not in "".join(one.text for one in found)


def test_a_comment_of_a_megabyte_is_read_at_once_and_no_more_than_one_command_too_many() -> None:
    assert verbs("/foresail help\n" * 100_000) == ["help"] * (MOST + 1)
    assert verbs("`" * 1_000_000) == []
    assert verbs("> " * 500_000) == []
    assert verbs(("<!--\n" + "`" * 50 + "\n") * 20_000) == []


def test_the_prefix_is_the_operators() -> None:
    assert commands_in("/foresail sync", prefix="/gitops") == ()
    assert [one.words for one in commands_in("/gitops diff shop-web now", prefix="/gitops")] == [("shop-web", "now")]


def test_every_command_asks_for_more_than_everybody_has_on_a_public_repository() -> None:
    assert set(LEAST) == set(Verb)
    assert not any(Permission.READ.includes(least) for least in LEAST.values())
