"""What README.md and docs/github.md promise is there: settings, permissions, files and make targets."""

from __future__ import annotations

import re
from pathlib import Path

from bot.forges.github import EVENTS, PERMISSIONS
from bot.settings import settings_table

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_codes() -> None:
    written = README.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert written == settings_table(), "run `make format`"


def test_every_permission_and_event_of_the_app_is_listed() -> None:
    page = (ROOT / "docs" / "github.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (read|write) \|", page, re.MULTILINE))
    assert listed == dict(PERMISSIONS)
    assert f"Events: {', '.join(f'`{name}`' for name in EVENTS)}." in page


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z-]+)", README))
    assert {"demo", "test", "check", "bench"} <= named
    assert [name for name in sorted(named) if f"\n{name}:" not in makefile] == []


def test_the_decisions_and_sources_that_the_architecture_names_exist() -> None:
    pages = [ROOT / "docs" / "architecture.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    named = {
        name for page in pages for name in re.findall(r"`((?:bot|workers|docs)/[\w/.-]+)`", page.read_text("utf-8"))
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_pages_that_the_code_refers_to_exist() -> None:
    sources = [ROOT / "app.py", *ROOT.glob("bot/**/*.py"), *ROOT.glob("workers/**/*.py")]
    ours = re.compile(r"docs/(?:decisions/[\w-]+|architecture|critiques)\.md")
    named = {name for one in sources for name in ours.findall(one.read_text("utf-8"))}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
