"""Patterns against Go's answers, and against Git's rules."""

from __future__ import annotations

import pytest

from bot.engine.applicationsets.fasttemplate import replaced
from bot.engine.applicationsets.globs import PathSpec, PatternError, path_matches
from bot.engine.applicationsets.parameters import flattened
from bot.engine.gotemplate.sprig.documents import to_json
from bot.engine.gotemplate.values import Budget, TemplateError
from tests.unit.engine.gotemplate.corpus import Case, answers, as_values, cases

ANSWERED = list(zip(cases(), answers(), strict=True))


def ours(case: Case) -> str | None:
    try:
        match case.engine:
            case "match":
                return str(path_matches(case.template, case.params)).lower()
            case "fast":
                return replaced(case.template, as_values(case.params), Budget())
            case _:
                return to_json(Budget(), flattened(as_values(case.params), Budget()))
    except (PatternError, TemplateError):
        return None


@pytest.mark.parametrize("engine", ["match", "fast", "flatten"])
def test_answers_are_those_of_go(engine: str) -> None:
    asked = [(case, answer) for case, answer in ANSWERED if case.engine == engine]
    assert asked
    wanted = [(case.template, case.params, None if "error" in answer else answer["output"]) for case, answer in asked]
    assert [(case.template, case.params, ours(case)) for case, _ in asked] == wanted


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("apps", "apps/web/x.yaml", True),
        ("apps/", "apps/web/x.yaml", True),
        ("apps/web", "apps/website/x.yaml", False),
        ("", "x", True),
        (".", "a/x", True),
        ("*.yaml", "a/b/x.yaml", True),
        ("apps/*/c.yaml", "apps/a/b/c.yaml", True),
        ("apps/**/c.yaml", "apps/c.yaml", False),
        ("apps/**/c.yaml", "apps/a/c.yaml", True),
        ("a?c", "a/c", True),
        ("[!a]x", "bx", True),
        ("[!a]x", "ax", False),
        ("[[:digit:]]x", "7x", True),
        ("[[:nope:]]x", "nx", False),
        ("[]]x", "]x", True),
        ("[a-c]x", "bx", True),
        ("[a", "a", False),
        ("a\\*", "a*", True),
        ("a\\*", "ab", False),
        ("APPS/x", "apps/x", False),
    ],
)
def test_files_match_as_in_git(pattern: str, path: str, matches: bool) -> None:  # noqa: FBT001 - a table
    assert PathSpec(pattern).matches(path) is matches


def test_stars_take_no_time() -> None:
    assert not path_matches("*a" * 200 + "b", "a" * 5_000)
    assert not PathSpec("*a" * 200 + "b").matches("a" * 5_000)
