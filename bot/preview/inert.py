"""Write words from files, forges and servers into Markdown so that they stay words.

A code span is the one place where nothing is markup: no mention, no reference to an issue or commit, no link, emoji or
formula, on GitHub as on GitLab. Escaping characters is not enough: both look for `@team` and `#1` in the finished page.
"""

from __future__ import annotations

import html
import re
from typing import Final

from bot.engine.diff.lines import visible

_LONGEST: Final = 40
"""Backticks in a row that are kept; cmark knows no delimiter of more than 80, and counts a fence to 255."""

_RUNS: Final = re.compile("`+")
_TAME: Final = re.compile(
    r"""["'(]*(?!PART)LETTERS(?:[-'](?!PART)LETTERS)*["').,;:!?]*|\d{1,6}(?:\.\d{1,3})?[,;:%]?|[·→…]""".replace(
        "PART", r"[0-9a-f]{7,}(?![A-Za-z])"
    ).replace("LETTERS", "[A-Za-zÀ-ɏ]+")
)
"""A word that neither Markdown nor a forge reads anything into."""
_ENDS: Final = re.compile(r"([(\"']*)(.*?)([)\"'.,;:!?]*)", re.DOTALL)


def code(text: str) -> str:
    """Return `text` on one line as a code span."""
    text = _one_line(text) or " "
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " " and text.strip()) else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def inert(text: str) -> str:
    """Return prose on one line with everything in it that is not a plain word as code."""
    written: list[str] = []
    odd: list[str] = []
    for word in _one_line(text).split(" "):
        if word and not _TAME.fullmatch(word):
            odd.append(word)
            continue
        if odd:
            written.append(_odd(odd))
            odd = []
        if word:
            written.append(word)
    if odd:
        written.append(_odd(odd))
    return " ".join(written)


def cell(markdown: str) -> str:
    """Return Markdown made by `code` or `inert` fit for a cell of a table, where a bar ends even a code span."""
    return re.sub(r"\\+(?=\|)", lambda match: match[0] + " ", markdown).replace("|", r"\|")


def tag(text: str) -> str:
    """Return `text` as HTML code, for places where Markdown is not read."""
    return f"<code>{html.escape(_one_line(text))}</code>"


def fence(text: str) -> str:
    """Return a fence that nothing in `text` can close; `text` must have gone through `fenced`."""
    return "`" * max(3, _longest_run(text) + 1)


def fenced(text: str) -> str:
    """Return lines of text fit for a fenced block: what shows nothing is made to show."""
    return _shortened(visible(text))


def clipped(text: str, length: int) -> str:
    """Return `text`, or as much of it as fits into `length` characters with a mark that there is more."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _odd(words: list[str]) -> str:
    """Write words as one code span, with the punctuation of the sentence around them outside."""
    match = _ENDS.fullmatch(" ".join(words))
    before, text, after = match.groups() if match else ("", " ".join(words), "")
    if not text or before.count('"') != after.count('"') or before.count("'") != after.count("'"):
        return code(before + text + after)
    return f"{before}{code(text)}{after}"


def _one_line(text: str) -> str:
    return _shortened(visible(" ".join(text.split())))


def _shortened(text: str) -> str:
    return _RUNS.sub(lambda run: run[0] if len(run[0]) <= _LONGEST else f"{run[0][:_LONGEST]}…", text)


def _longest_run(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0)
