from __future__ import annotations

import pytest

from bot.engine.health.own import OwnRules
from bot.errors import Rejected

TABLE = """
example.com/Ship: {health.lua: exact}
"*.example.com/*": {health.lua: wide}
"*.harbour.example.com/*": {health.lua: closer}
example.com/Idle: {actions: none}
Pod: {health.lua: core}
"""


def script(rules: OwnRules, group: str, kind: str) -> str | None:
    rule = rules.of(group, kind)
    return None if rule is None else str(rule.question["lua"])


@pytest.mark.parametrize(
    ("group", "kind", "found"),
    [
        ("example.com", "Ship", "exact"),
        ("a.example.com", "Ship", "wide"),
        ("a.harbour.example.com", "Ship", "closer"),
        ("", "Pod", "core"),
        ("example.com", "Idle", None),
        ("other.org", "Ship", None),
        ("", "Ship", None),
    ],
)
def test_the_most_exact_rule_of_the_table_counts(group: str, kind: str, found: str | None) -> None:
    assert script(OwnRules.read({"resource.customizations": TABLE}), group, kind) == found


def test_a_key_of_its_own_outweighs_the_table() -> None:
    keys = {
        "resource.customizations": TABLE,
        "resource.customizations.health.example.com_Ship": "single",
        "resource.customizations.health.Pod": "single pod",
        "resource.customizations.ignoreDifferences.example.com_Ship": "none of ours",
        "resource.customizations.health.example.com_Idle": "  \n",
    }
    rules = OwnRules.read(keys)
    assert script(rules, "example.com", "Ship") == "single"
    assert script(rules, "", "Pod") == "single pod"
    assert script(rules, "example.com", "Idle") is None


def test_all_is_every_kind_of_every_group() -> None:
    rules = OwnRules.read({"resource.customizations.health.all": "any"})
    assert script(rules, "example.com", "Ship") == "any"
    assert script(rules, "", "Pod") is None


def test_foresails_own_rule_for_a_kind_outweighs_argo_cds() -> None:
    rules = OwnRules.read({"resource.customizations": TABLE, "foresail.health": "example.com/Ship: {healthy: 'true'}"})
    rule = rules.of("example.com", "Ship")
    assert rule is not None
    assert rule.name == "foresail.health: example.com/Ship"
    assert rule.question["cel"]["healthy"] == "true"


def test_nothing_is_in_an_empty_map() -> None:
    assert OwnRules.read({}).of("example.com", "Ship") is None


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("resource.customizations", "[", "resource.customizations: is not YAML"),
        ("resource.customizations", "[a]", "resource.customizations: must hold a mapping of kinds"),
        ("resource.customizations", "1: {}", "resource.customizations: must hold a mapping of kinds"),
        ("resource.customizations", "a/B: {health.lua: 1}", "resource.customizations: a/B: health.lua is not a text"),
        ("resource.customizations", '"{a/*": {health.lua: x}', "{a/* is no pattern"),
        ("foresail.health", "a/B: {}", "foresail.health: a/B: healthy: Field required"),
        ("foresail.health", "a/B: {healthy: 1}", "foresail.health: a/B: healthy: "),
        ("foresail.health", "a/B: {healthy: x, ill: y}", "foresail.health: a/B: ill: "),
        ("foresail.health", "a/B: x", "foresail.health: a/B: "),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(key: str, text: str, words: str) -> None:
    with pytest.raises(Rejected) as refused:
        OwnRules.read({key: text})
    assert words in refused.value.message
