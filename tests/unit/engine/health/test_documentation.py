"""docs/health.md lists every kind that has a rule."""

from __future__ import annotations

import re
from pathlib import Path

from bot.engine.health.table import kinds_table

PAGE = Path(__file__).parents[4] / "docs" / "health.md"


def test_the_page_has_the_table_of_the_code() -> None:
    held = re.search(r"<!-- kinds -->\n(.*)\n<!-- /kinds -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert held is not None
    assert held[1] == kinds_table(), "run `make format`"
