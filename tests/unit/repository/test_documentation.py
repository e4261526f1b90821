"""docs/sources.md goes through Argo CD's features one by one, and names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([AB]\d+) \| (.*) \|$", PAGE, re.MULTILINE))
TEST = re.compile(r"`(tests/[\w/]+\.py)`")


def test_no_feature_is_left_out() -> None:
    assert list(ROWS) == [f"{group}{number}" for group in "AB" for number in range(1, 15)]


def test_what_is_supported_is_seen_in_a_test_and_what_is_not_has_a_reason() -> None:
    for feature, row in ROWS.items():
        supported, seen = row.split(" | ")[-2:]
        assert TEST.search(seen) or supported.startswith("no: "), feature


def test_every_test_that_is_named_is_there() -> None:
    named = TEST.findall(PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
