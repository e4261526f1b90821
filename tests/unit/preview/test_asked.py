"""The comment that answers commands: what it keeps, how much room it takes, and that words in it stay words."""

from __future__ import annotations

import base64
import json
import random
import zlib

import pytest
from markdown_it import MarkdownIt

from bot.model.answers import Answer, Record
from bot.preview.asked import USAGE, answers, asked_marker, help_table, recorded, records_in
from bot.preview.budget import size
from tests.unit.preview.samples import HOSTILE

GITHUB = MarkdownIt("commonmark").enable("table")
HEAD = "a" * 40


def record(number: int = 1, line: int = 0, **more: object) -> Record:
    fields: dict[str, object] = {
        "comment_id": number,
        "line": line,
        "at": "2026-11-30T17:42:05Z",
        "author": "ann",
        "text": "/foresail hold shop",
        "head": HEAD,
        "done": True,
        "words": "shop is held",
    }
    return Record.from_json({"approves": "", **fields, **more})


def written(now: Record, *before: Record, budget: int = 65_536) -> str:
    return answers("foresail", [(now, Answer(now.done, now.words))], before, budget=budget)


def test_what_was_asked_is_read_back_from_the_comment() -> None:
    first, second = record(1), record(2, done=False, approves=HEAD)
    body = written(second, first)
    assert body.startswith(asked_marker("foresail"))
    assert records_in(body) == (first, second)


def test_the_newest_answer_stands_open_and_the_others_are_folded() -> None:
    opened, fold, folded = written(record(2, words="shop is released"), record(1)).partition("<details>")
    assert "> `/foresail hold shop` · `ann`\n\nshop is released" in opened
    assert fold
    assert "| `2026-11-30 17:42 UTC` | `ann` | `/foresail hold shop` | `aaaaaaa` | ✅ shop is held |" in folded


def test_a_refusal_is_marked() -> None:
    assert "❌ shop is held" in written(record(done=False))


def test_an_approval_is_kept_longer_than_what_is_newer() -> None:
    rng = random.Random(1)  # noqa: S311 - words that cannot be packed, always the same
    long = [record(number, text=rng.randbytes(60).hex(), words=rng.randbytes(100).hex()) for number in range(2, 400)]
    approval = record(1, approves=HEAD)
    body = written(long[-1], approval, *long[:-1], budget=16_384)
    kept = records_in(body)
    assert approval in kept
    assert long[-1] in kept
    assert 5 < len(kept) < 100
    assert size(body) <= 16_384


def test_an_answer_that_finds_no_room_says_so() -> None:
    now = record()
    body = answers("foresail", [(now, Answer(done=True, details="x" * 70_000))], [], budget=65_536)
    assert "larger than a comment may be" in body
    assert size(body) < 65_536


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 5000])
def test_hostile_words_make_no_markup(text: str) -> None:
    one = recorded(record(2, author=text, text=f"/foresail {text}", words=text))
    html = GITHUB.render(written(one, one))
    for bad in ("<img", "<a ", "<h1", "<hr", "<em", "<script"):
        assert bad not in html.replace(asked_marker("foresail"), "")
    assert records_in(written(one)) == (one,)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no zlib",
        zlib.compress(b"no json"),
        zlib.compress(b"{}"),
        zlib.compress(b"[1]"),
        zlib.compress(json.dumps([{"comment_id": 1}]).encode()),
        zlib.compress(b"[" * (2 << 20)),
        zlib.compress(b"[" * 500_000),
    ],
)
def test_what_somebody_else_made_of_the_comment_records_nothing(packed: bytes) -> None:
    assert records_in(f"{asked_marker('foresail')} {base64.urlsafe_b64encode(packed).decode()} -->\n") == ()


def test_a_quoted_answer_is_none() -> None:
    assert records_in("> " + written(record())) == ()


def test_the_help_has_every_command_in_a_row_with_the_operators_prefix() -> None:
    table = help_table("/gitops")
    assert GITHUB.render(table).count("<tr>") == 1 + len(USAGE)
    assert "| `/gitops hold [APP…] [for 2h] [because …]` |" in table
