"""What a change for newer images says is ours, whatever stands in files and at publishers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from bot.model.updates import Bump, Change, Edit, Group
from bot.preview import updating
from tests.unit.preview.samples import HOSTILE

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
EDIT = Edit("deploy/web.yaml", 0, ("images", 0, "newTag"), "1.0.0", "1.1.0")
BUMP = Bump("ghcr.io/acme/web", "1.0.0", "1.1.0", "https://example.com/a.git", "main", (EDIT,))
CHANGE = Change(BUMP.url, "main", (BUMP,))
GROUP = Group(
    "shop", named=False, applications=("shop",), project="default", changes=(CHANGE,), problems=(), certain=True
)


def with_bump(**fields: object) -> Change:
    return replace(CHANGE, bumps=(replace(BUMP, **fields),))  # type: ignore[arg-type]


def test_title_commit_and_table() -> None:
    assert updating.title(GROUP, CHANGE) == "Update ghcr.io/acme/web to 1.1.0 in shop"
    assert updating.commit_message(GROUP, CHANGE).splitlines()[2] == "ghcr.io/acme/web: 1.0.0 -> 1.1.0"
    row = "| `ghcr.io/acme/web` | `1.0.0` | `1.1.0` | `deploy/web.yaml: images[0].newTag` |"
    assert row in updating.body(GROUP, CHANGE, {})


def test_the_branch_is_named_by_the_versions_and_not_by_what_they_replace() -> None:
    branch = updating.branch("foresail", GROUP, CHANGE)
    assert branch == updating.branch("foresail", GROUP, with_bump(old="0.9.0"))
    assert branch.startswith(updating.prefix("foresail", GROUP))
    others = [with_bump(new="1.2.0"), with_bump(thing="x/y"), replace(CHANGE, branch="release")]
    assert len({branch, *(updating.branch("foresail", GROUP, one) for one in others)}) == 4
    assert updating.prefix("foresail", replace(GROUP, named=True)) != updating.prefix("foresail", GROUP)
    assert updating.prefix("a", GROUP) != updating.prefix("b", GROUP)
    named = replace(GROUP, named=True)
    assert updating.prefix("a", named) != updating.prefix("a", replace(named, project="another"))
    assert updating.prefix("a", GROUP) == updating.prefix("a", replace(GROUP, project="another"))


def test_a_digest_names_nobody() -> None:
    change = with_bump(old=f"main@sha256:{'a' * 64}", new=f"main@sha256:{'b' * 64}")
    for text in (updating.title(GROUP, change), updating.commit_message(GROUP, change)):
        assert "@" not in text
    assert "main (sha256:bbbbbbbbbbbb)" in updating.title(GROUP, change)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_markup_and_no_line_of_its_own(text: str) -> None:
    edit = replace(EDIT, path=text, way=("images", text), old=text)
    change = with_bump(old=text, edits=(edit,))
    body = updating.body(GROUP, change, {"ghcr.io/acme/web": text})
    rendered = GITHUB.render(body)
    for bad in ("<img", "<a ", "<h1", "<hr", "<em", "<script"):
        assert bad not in rendered
    assert rendered.count("<td>") == 4
    assert not any(line.startswith("/") for line in body.splitlines())  # GitLab would do what it says
    assert updating.commit_message(GROUP, change).splitlines()[2:] == ["ghcr.io/acme/web: 1.1.0"]


@pytest.mark.parametrize(
    ("link", "alive"),
    [
        ("https://github.com/acme/web.git", True),
        ("https://github.com/acme/web/../../evil", False),
        ("https://github.com.evil.example/acme/web", False),
        ("http://github.com/acme/web", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_a_repository_of_a_known_forge_is_a_link(link: str, alive: bool) -> None:  # noqa: FBT001 - a table
    assert ("<a " in GITHUB.render(updating.body(GROUP, CHANGE, {"web": link}))) is alive


def test_hundreds_of_places_and_applications_are_counted() -> None:
    change = with_bump(edits=tuple(replace(EDIT, path=f"{number}.yaml") for number in range(300)))
    group = replace(GROUP, applications=tuple(f"shop-{number}" for number in range(300)))
    body = updating.body(group, change, {})
    assert "and 280 more" in body
    assert len(body) < 5_000


@pytest.mark.parametrize("text", ["x", "a|`" * 700, "\\" * 2_000, "ä" * 3_000])
def test_a_change_of_any_size_says_no_more_than_a_forge_takes(text: str) -> None:
    edits = tuple(replace(EDIT, path=f"{number}{text}", way=(text,), old=text) for number in range(30))
    bumps = tuple(replace(BUMP, old=text, edits=edits) for _ in range(2_000))
    group = replace(GROUP, applications=tuple(f"{number}-{'x' * 250}" for number in range(2_000)))
    links = {f"ghcr.io/acme/{number}": "https://example.com/" + text for number in range(400)}
    body = updating.body(group, replace(CHANGE, bumps=bumps), links)
    assert len(body.encode()) < 65_536
    listed = body.count("\n| ") - 1  # but for the line that counts the others
    assert f"| and {2_000 - listed} more | | | |" in body
    assert GITHUB.render(body).count("<tr>") == listed + 2
