"""docs/commands.md has the table that `help` shows."""

from __future__ import annotations

from pathlib import Path

from bot.model.commands import PREFIX
from bot.preview.asked import help_table

PAGE = Path(__file__).resolve().parents[3] / "docs/commands.md"


def test_the_page_has_the_table_that_help_shows() -> None:
    assert help_table(PREFIX) in PAGE.read_text(encoding="utf-8")
