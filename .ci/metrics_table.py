"""Write the table of metrics into docs/metrics.md, between its markers."""  # noqa: INP001 - a script, in no package

from __future__ import annotations

import re
from pathlib import Path

from bot.model.metrics import metrics_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"
SECTION = re.compile(r"(?<=<!-- metrics -->\n).*?(?=<!-- /metrics -->)", re.DOTALL)

if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(SECTION.sub(lambda _: f"{metrics_table()}\n", text), encoding="utf-8")
