"""Custom kinds: `kinds/<group>/<Kind>.yaml` lists states of one, each with the health and the words it has to get."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest
import yaml

from bot.engine.health import assess
from bot.engine.health.conventions import ByConditions, ByPhase
from bot.engine.health.rules import BUILT_IN, FAMILIES, rule_of
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject

STATES: Final = Path(__file__).parent / "kinds"


def files() -> Iterator[tuple[str, str, list[JsonObject]]]:
    for path in sorted(STATES.glob("*/*.yaml")):
        yield path.parent.name, path.stem, yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


FILES: Final = list(files())
CASES: Final = [(group, kind, case) for group, kind, states in FILES for case in states]


@pytest.mark.parametrize(("group", "kind", "states"), FILES, ids=[f"{group}-{kind}" for group, kind, _ in FILES])
def test_a_custom_kind_is_judged_by_its_state(group: str, kind: str, states: list[JsonObject]) -> None:
    for state in states:
        found = assess({"apiVersion": f"{group}/v1", "kind": kind, **state["object"]})
        assert found == HealthStatus(Health(state["health"]), state["message"]), state["object"]


def test_every_kind_has_states_on_file() -> None:
    on_file = {(group, kind) for group, kind, _ in CASES}
    for family in FAMILIES[len(BUILT_IN) :]:
        for kind in family.kinds:
            assert any(fnmatchcase(group, family.group) and kind in {"*", other} for group, other in on_file), (
                f"{family.group}/{kind}"
            )


def test_every_health_that_a_convention_can_give_is_on_file() -> None:
    given: dict[int, set[Health]] = defaultdict(set)
    rules: dict[int, ByConditions | ByPhase] = {}
    for group, kind, case in CASES:
        rule = rule_of(group, kind)
        if isinstance(rule, ByConditions | ByPhase):
            rules[id(rule)] = rule
            given[id(rule)].add(Health(case["health"]))
    assert {str(rule): rule.states - given[key] for key, rule in rules.items() if rule.states - given[key]} == {}


def test_every_rule_can_give_something_else_than_healthy() -> None:
    given: dict[str, set[str]] = defaultdict(set)
    for group, kind, case in CASES:
        rule = rule_of(group, kind)
        given[getattr(rule, "__name__", str(rule))].add(case["health"])
    assert {rule for rule, found in given.items() if found == {"Healthy"}} == {"astra_schedule"}
