"""Write the table of settings into README.md, between its markers."""  # noqa: INP001 - a script, in no package

from __future__ import annotations

import re
from pathlib import Path

from bot.settings import settings_table

README = Path(__file__).resolve().parents[1] / "README.md"
SECTION = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)

if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(SECTION.sub(lambda _: f"{settings_table()}\n", text), encoding="utf-8")
