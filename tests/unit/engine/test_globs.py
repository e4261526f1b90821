"""Globs as Argo CD reads them."""

from __future__ import annotations

import pytest

from bot.engine.globs import compiled, fits


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*", ""),
        ("*", ".hidden"),
        ("*", "a/b"),
        ("team-*", "team-"),
        ("?", "a"),
        ("[ab]c", "bc"),
        ("[!ab]c", "dc"),
        ("{a,b}-{c,d}", "b-c"),
        ("a.b", "a.b"),
        ("[", "["),
        ("{a}.yaml", "a.yaml"),
        ("{a,{b,c*}}", "cd"),
        ("{1..3}", "1..3"),
        ("[^a]", "^"),
        ("\\*\\{a", "*{a"),
        ("[\\]]", "]"),
        ("a}", "a}"),
        ("a,b", "a,b"),
        ("{,a}b", "b"),
        ("{a,b}" * 30, "ab" * 15),
    ],
)
def test_a_text_matches_as_a_whole(pattern: str, text: str) -> None:
    assert fits(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"), [("a", "ab"), ("?", ""), ("[!ab]c", "ac"), ("a.b", "axb"), ("{a,b", "a"), ("[^a]", "b")]
)
def test_another_text_does_not(pattern: str, text: str) -> None:
    assert not fits(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("https://host/*", "https://host/a", True),
        ("https://host/*", "https://host/a/b", False),
        ("https://host/**", "https://host/a/b", True),
        ("https://host/or**", "https://host/org/b", True),
        ("https://h?st/a", "https://h/st/a", False),
    ],
)
def test_a_star_stops_at_a_separator_and_two_do_not(pattern: str, text: str, *, matches: bool) -> None:
    assert bool(compiled(pattern, separator="/").fullmatch(text)) is matches


@pytest.mark.parametrize("pattern", ["{" * 3, "{a,b", "a" * 300])
def test_a_pattern_that_asks_for_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|braces"):
        compiled(pattern)


def test_many_stars_cost_little() -> None:
    assert not fits("*a" * 100 + "b", "a" * 5_000)
