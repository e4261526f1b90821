"""Write the table of health rules into docs/health.md, between its markers."""  # noqa: INP001 - a script, in no package

from __future__ import annotations

import re
from pathlib import Path

from bot.engine.health.table import kinds_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "health.md"
SECTION = re.compile(r"(?<=<!-- kinds -->\n).*?(?=<!-- /kinds -->)", re.DOTALL)

if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(SECTION.sub(lambda _: f"{kinds_table()}\n", text), encoding="utf-8")
