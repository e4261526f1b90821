"""The web process stays small: it loads nothing that only jobs need."""

from __future__ import annotations

import subprocess
import sys

from bot.sandbox.installation import ROOT

HEAVY = {
    "github",
    "kubernetes",
    "pygit2",
    "requests",
    "jinja2.ext",
    "typer",
    "workers",
    "bot.cluster",
    "bot.repository",
}


def test_the_web_process_loads_nothing_that_only_jobs_need() -> None:
    code = "import sys, app; app.create_app(app.Settings(redis_url='redis://127.0.0.1:1/0')); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(loaded.split())
