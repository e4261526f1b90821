"""What a process keeps in memory although it has no use for it: nothing, or many megabytes on each machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.sandbox.installation import ROOT


@pytest.mark.parametrize(
    ("what", "useless"),
    [
        ("import app", {"bot.engine", "github", "kubernetes", "pygit2", "rich"}),
        (
            "from workers import __main__, together; together.import_all()",
            {"bot.cli", "bot.sandbox", "bot.web", "flask", "lupa", "rich"},
        ),
        ("import bot.repository.child", {"cryptography", "kubernetes", "pydantic", "redis", "rich", "structlog"}),
        ("import bot.repository.helm.child", {"pydantic", "pygit2"}),
        ("import bot.repository.policies.child", {"pydantic", "pygit2"}),
    ],
)
def test_a_process_imports_nothing_that_it_has_no_use_for(what: str, useless: set[str]) -> None:
    program = f"{what}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert len(imported) > 100
    assert not imported & useless
