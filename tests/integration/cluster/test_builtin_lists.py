"""The table of lists is what the API server says of its own kinds."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from bot.engine.diff.builtin_lists import LISTS
from bot.sandbox.control_plane.cluster import ControlPlane

SCRIPT = Path(__file__).resolve().parents[3] / ".ci" / "builtin_lists.py"


def test_the_table_is_the_servers(control_plane: ControlPlane) -> None:
    definitions = json.loads(control_plane.kubectl("get", "--raw", "/openapi/v2"))["definitions"]
    described = runpy.run_path(str(SCRIPT))["described"](definitions)
    assert " ".join(described).split() == LISTS.split(), "run `python .ci/builtin_lists.py`"
