"""Write the JSON Schema of `.foresail/config.yaml` into docs/configuration.schema.json."""  # noqa: INP001 - a script, in no package

from __future__ import annotations

from pathlib import Path

from bot.preview.configuration import json_schema

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "configuration.schema.json"

if __name__ == "__main__":
    SCHEMA.write_text(json_schema(), encoding="utf-8")
