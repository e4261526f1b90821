"""Where Applications may live: which namespaces are ours, and how Applications of them are called."""

from __future__ import annotations

import pytest

from bot.engine.homes import Homes, names_any

HOME = "foresail"


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("team-a", ["team-a"], ["team-ab", "a-team-a", "foresail-x"]),
        ("team-*", ["team-", "team-a", "team-a-b"], ["a-team-a", "team"]),
        ("team-?", ["team-a"], ["team-ab"]),
        ("{red,blue}-apps", ["red-apps", "blue-apps"], ["green-apps"]),
        ("/^team-[ab]$/", ["team-a", "team-b"], ["team-c", "team-ab"]),
        ("/team/", ["team", "my-team-a"], ["tea"]),
        ("/^((?!kube).)*$/", ["team-a"], ["kube-system", "my-kube"]),
    ],
)
def test_a_pattern_is_a_name_a_glob_or_an_expression(pattern: str, fitting: list[str], others: list[str]) -> None:
    homes = Homes(HOME, (pattern,))

    assert all(map(homes.allows, [*fitting, HOME, ""]))
    assert not any(map(homes.allows, others))


@pytest.mark.parametrize("pattern", ["", "/", "//", "/(/", "[", "{a", "/" + "a" * 300 + "/"])
def test_what_is_no_pattern_fits_nothing(pattern: str) -> None:
    assert not names_any([pattern], "team-a")
    assert not names_any([pattern], "a")


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$",
        "(?!x)(a+)+$",
        "(?!x)(a|a)*$",
        "(?!x)(?:a?){1,62}$",
        "(?=(a*)*$)",
        "(?!x)" + "(?:a|a)" * 30 + "$",
        "(?!x)" + "a*" * 20 + "$",
        r"(?!x)(a*)\1*\1*\1*$",
    ],
)
def test_a_long_way_round_ends_soon(pattern: str) -> None:
    assert not names_any([f"/{pattern}/"], "a" * 62 + "b")


@pytest.mark.parametrize(
    "pattern", ["^(?!kube-)(?!.*-prod$)(team|dept)-.*$", "^(?:(?!a|b).)+$", r"(?<!kube)-[)(*]?\w$"]
)
def test_all_but_some_can_be_said(pattern: str) -> None:
    assert names_any([f"/{pattern}/"], "team-x" if "team" in pattern else "x-x")
    assert not names_any([f"/{pattern}/"], "kube-a")


def test_without_the_operators_word_there_is_the_control_namespace_alone() -> None:
    homes = Homes(HOME)

    assert homes.places == (HOME,)
    assert not homes.allows("team-a")


@pytest.mark.parametrize(
    ("others", "places"),
    [
        (("team-a", "team-b", "team-a"), (HOME, "team-a", "team-b")),
        ((HOME,), (HOME,)),
        (("team-a", "team-*"), ("",)),
        (("/team/",), ("",)),
    ],
)
def test_exact_names_are_asked_one_by_one_and_patterns_all_at_once(
    others: tuple[str, ...], places: tuple[str, ...]
) -> None:
    assert Homes(HOME, others).places == places


def test_an_application_is_called_by_where_it_lives() -> None:
    homes = Homes(HOME, ("team-*",))
    named = [{"metadata": {"name": "web", "namespace": place}} for place in (HOME, "team-a", "other")]

    assert [homes.name_of(one) for one in named] == ["web", "team-a/web", ""]
    assert [homes.split(name) for name in ("web", "team-a/web")] == [(HOME, "web"), ("team-a", "web")]


def test_of_those_who_are_not_ours_nobody_says_that_they_are_gone() -> None:
    homes = Homes(HOME, ("team-a",))

    assert [homes.has(name, {"web"}) for name in ("web", "gone", "team-a/gone", "others/web")] == [
        True,
        False,
        False,
        True,
    ]
