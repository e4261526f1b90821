"""docs/dangers.md lists every danger there is, as the comment tells of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.preview.dangers import judged
from bot.preview.dangers.sorts import SORTS, Sort
from bot.preview.markdown import comments
from tests.unit.preview.dangers.examples import CHANGES, example
from tests.unit.preview.samples import report

PAGE = (Path(__file__).parents[4] / "docs" / "dangers.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z-]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def line_about(sort: Sort) -> str:
    """Return the line of a comment that tells of a danger."""
    (body,) = comments(report(judged(example(sort))), instance="prod")
    return next(line for line in body.split("\n") if line.endswith(f"· `{sort.id}`"))


def test_the_page_has_a_section_for_each_danger_in_their_order() -> None:
    assert list(SECTIONS) == [sort.id for sort in SORTS]
    assert CHANGES.keys() == SECTIONS.keys()


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: str(sort.id))
def test_each_section_says_how_severe_it_is_and_shows_the_comment(sort: Sort) -> None:
    section = SECTIONS[sort.id]

    assert section.startswith(f"\n*{sort.severity.capitalize()}")
    assert f"\n> [!{sort.severity.upper()}]\n{line_about(sort)}\n" in section


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: str(sort.id))
def test_each_example_has_the_severity_of_its_sort(sort: Sort) -> None:
    found = [danger for danger in judged(example(sort)).all_dangers if danger.id == sort.id]

    assert {danger.severity for danger in found} == {sort.severity}
