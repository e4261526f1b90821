"""Every directive of a strategic merge patch, and what brings it about."""

from __future__ import annotations

import copy
from typing import Any, TypeAlias

import pytest

from bot.engine.patches.directives import Unmergeable
from bot.engine.patches.schema import MergeField, MergeSchema
from bot.engine.patches.strategic import three_way

BY_NAME = {"strategy": "merge", "merge_key": "name"}
SCHEMA = MergeSchema(
    {
        "Pods": {
            "labels": MergeField("Labels"),
            "args": MergeField("Args"),
            "finalizers": MergeField("Finalizers", "merge"),
            "strategy": MergeField("Strategy", retain_keys=True),
            "selector": MergeField("Selector", "replace"),
            "containers": MergeField("Container", strategy="merge", merge_key="name"),
            "volumes": MergeField("Volume", strategy="merge", merge_key="name", retain_keys=True),
            "template": MergeField("Pods"),
        },
        "Container": {
            "env": MergeField("Env", strategy="merge", merge_key="name"),
            "ports": MergeField("Port", strategy="merge", merge_key="containerPort"),
        },
        "Volume": {"emptyDir": MergeField("EmptyDir"), "configMap": MergeField("ConfigMap")},
    },
    "Pods",
)


def patch(last_applied: dict[str, Any], manifest: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    states = {"last_applied": last_applied, "manifest": manifest, "live": live}
    before = copy.deepcopy(states)
    made = three_way(**states, schema=SCHEMA)
    assert states == before
    return made


def named(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": name, **fields} for name in names]


ORDER = "$setElementOrder"
Case: TypeAlias = tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]
"""Last applied, manifest, live, and the patch."""
FIELDS: dict[str, Case] = {
    "nothing differs": ({"a": 1}, {"a": 1}, {"a": 1, "b": 2}, {}),
    "a field is added": ({}, {"a": 1}, {}, {"a": 1}),
    "a field is changed": ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
    "drift is put right": ({"a": 1}, {"a": 1}, {"a": 3}, {"a": 1}),
    "a field was applied last time and is gone": ({"a": 1}, {}, {"a": 1}, {"a": None}),
    "it is gone already, and said once more": ({"a": 1}, {}, {}, {"a": None}),
    "a field of somebody else stays": ({}, {}, {"a": 1}, {}),
    "a null deletes": ({}, {"a": None}, {"a": 1}, {"a": None}),
    "a number is no text": ({}, {"a": "1"}, {"a": 1}, {"a": "1"}),
    "nothing is known to be applied last time": ({}, {"a": 1}, {"a": 2, "b": 3}, {"a": 1}),
}
MAPPINGS: dict[str, Case] = {
    "mappings are merged": (
        {"labels": {"a": "1", "b": "1"}},
        {"labels": {"a": "2"}},
        {"labels": {"a": "1", "b": "1", "c": "1"}},
        {"labels": {"a": "2", "b": None}},
    ),
    "a mapping that becomes something else is replaced": ({}, {"labels": "x"}, {"labels": {}}, {"labels": "x"}),
    "a mapping with the strategy `replace` is sent as a whole": (
        {"selector": {"a": "1"}},
        {"selector": {"a": "1"}},
        {"selector": {"a": "1"}},
        {"selector": {"a": "1"}},
    ),
    "of a union what is not named is cleared": (
        {"strategy": {"type": "RollingUpdate"}},
        {"strategy": {"type": "Recreate"}},
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
        {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
    ),
    "a union that is as it should be is left alone": (
        {"strategy": {"type": "Recreate"}},
        {"strategy": {"type": "Recreate"}},
        {"strategy": {"type": "Recreate"}},
        {},
    ),
    "deeper down the same holds": (
        {"template": {"template": {"a": 1}}},
        {"template": {"template": {"args": ["x"]}}},
        {"template": {"template": {"a": 1}}},
        {"template": {"template": {"a": None, "args": ["x"]}}},
    ),
}
LISTS: dict[str, Case] = {
    "an atomic list is replaced": ({"args": ["a"]}, {"args": ["b"]}, {"args": ["a", "c"]}, {"args": ["b"]}),
    "an atomic list in another order is replaced": (
        {},
        {"args": ["a", "b"]},
        {"args": ["b", "a"]},
        {"args": ["a", "b"]},
    ),
    "an atomic list is emptied": ({"args": ["a"]}, {"args": []}, {"args": ["a"]}, {"args": []}),
    "an element is added": (
        {"containers": named("a")},
        {"containers": named("a", "b")},
        {"containers": named("a")},
        {f"{ORDER}/containers": named("a", "b"), "containers": named("b")},
    ),
    "an element is changed": (
        {"containers": named("a", "b", image="1")},
        {"containers": named("a", image="1") + named("b", image="2")},
        {"containers": named("a", "b", image="1")},
        {f"{ORDER}/containers": named("a", "b"), "containers": named("b", image="2")},
    ),
    "an element is removed": (
        {"containers": named("a", "b")},
        {"containers": named("a")},
        {"containers": named("a", "b", "injected")},
        {f"{ORDER}/containers": named("a"), "containers": [{"$patch": "delete", "name": "b"}]},
    ),
    "an element of somebody else stays, and the order is told": (
        {"containers": named("a")},
        {"containers": named("a")},
        {"containers": named("a", "injected")},
        {f"{ORDER}/containers": named("a")},
    ),
    "elements change places": (
        {"containers": named("a", "b")},
        {"containers": named("b", "a")},
        {"containers": named("a", "b")},
        {f"{ORDER}/containers": named("b", "a")},
    ),
    "a list is removed as a whole": ({"containers": named("a")}, {}, {"containers": named("a")}, {"containers": None}),
    "a list that was not there is sent as it is": ({}, {"containers": named("a")}, {}, {"containers": named("a")}),
    "in one element something goes and something comes": (
        {"containers": named("a", old=1)},
        {"containers": named("a", new=1)},
        {"containers": named("a", old=1)},
        {f"{ORDER}/containers": named("a"), "containers": named("a", old=None, new=1)},
    ),
    "lists within elements are merged by keys of their own": (
        {"containers": named("a", env=named("x", "y"), ports=[{"containerPort": 80}])},
        {"containers": named("a", env=named("y"), ports=[{"containerPort": 80, "hostPort": 1}])},
        {"containers": named("a", env=named("x", "y"), ports=[{"containerPort": 80}])},
        {
            f"{ORDER}/containers": named("a"),
            "containers": named(
                "a",
                **{f"{ORDER}/env": named("y"), f"{ORDER}/ports": [{"containerPort": 80}]},
                env=[{"$patch": "delete", "name": "x"}],
                ports=[{"containerPort": 80, "hostPort": 1}],
            ),
        },
    ),
    "a volume of another sort does not keep the old one": (
        {"volumes": named("v", emptyDir={})},
        {"volumes": named("v", configMap={"name": "c"})},
        {"volumes": named("v", emptyDir={})},
        {
            f"{ORDER}/volumes": named("v"),
            "volumes": named("v", **{"$retainKeys": ["configMap", "name"]}, emptyDir=None, configMap={"name": "c"}),
        },
    ),
}
VALUES: dict[str, Case] = {
    "a value is added": (
        {"finalizers": ["a"]},
        {"finalizers": ["a", "b"]},
        {"finalizers": ["a", "theirs"]},
        {f"{ORDER}/finalizers": ["a", "b"], "finalizers": ["b"]},
    ),
    "a value is removed": (
        {"finalizers": ["a", "b"]},
        {"finalizers": ["a"]},
        {"finalizers": ["a", "b", "theirs"]},
        {f"{ORDER}/finalizers": ["a"], "$deleteFromPrimitiveList/finalizers": ["b"]},
    ),
    "the last value is removed": (
        {"finalizers": ["a"]},
        {"finalizers": []},
        {"finalizers": ["a", "theirs"]},
        {"$deleteFromPrimitiveList/finalizers": ["a"]},
    ),
    "values in another order than the sorted one are told each time": (
        {"finalizers": ["b", "a"]},
        {"finalizers": ["b", "a"]},
        {"finalizers": ["b", "a"]},
        {f"{ORDER}/finalizers": ["b", "a"]},
    ),
    "numbers are values, too": (
        {},
        {"finalizers": [1, 10]},
        {"finalizers": [1]},
        {f"{ORDER}/finalizers": [1, 10], "finalizers": [10]},
    ),
}
CASES = FIELDS | MAPPINGS | LISTS | VALUES


@pytest.mark.parametrize("case", CASES)
def test_the_patch_says_what_has_to_be_done(case: str) -> None:
    last_applied, manifest, live, expected = CASES[case]

    assert patch(last_applied, manifest, live) == expected


def test_of_two_ports_of_one_number_neither_can_be_removed_alone() -> None:
    """The merge key is the number: https://github.com/kubernetes/kubernetes/issues/39188."""
    tcp, udp = {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}
    live = {"containers": named("a", ports=[tcp, udp])}

    assert patch(live, live, live) == {}
    (container,) = patch(live, {"containers": named("a", ports=[tcp])}, live)["containers"]
    assert {"$patch": "delete", "containerPort": 53} in [
        {name: value for name, value in port.items() if name != "protocol"} for port in container["ports"]
    ]


@pytest.mark.parametrize(
    ("manifest", "live", "words"),
    [
        ({"containers": [{"image": "x"}]}, {"containers": named("a")}, "has no 'name'"),
        ({"containers": ["a"]}, {"containers": named("a")}, "all be mappings or all be plain values"),
        ({"finalizers": ["a", 1]}, {"finalizers": ["a"]}, "all be mappings or all be plain values"),
        ({"finalizers": [["a"]]}, {"finalizers": [["b"]]}, "all be mappings or all be plain values"),
        ({"finalizers": [{"a": 1}]}, {"finalizers": [{"a": 2}]}, "has no ''"),
        ({"containers": [{"name": {}}]}, {"containers": named("a")}, "a mapping or a list"),
        ({"unheard": {"a": 1}}, {"unheard": {"a": 2}}, "no field 'unheard'"),
        ({"labels": {"a": {"b": 1}}}, {"labels": {"a": {"b": 2}}}, "no field 'a'"),
    ],
)
def test_what_cannot_be_merged_is_refused_in_words(manifest: dict[str, Any], live: dict[str, Any], words: str) -> None:
    with pytest.raises(Unmergeable, match=words):
        patch({}, manifest, live)


def test_what_the_schema_does_not_know_is_no_matter_while_it_is_the_same() -> None:
    same = {"unheard": {"a": [1]}}

    assert patch(same, same, same) == {}
    assert patch({}, same, {}) == same


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"labels": {"$patch": "replace", "a": "2"}}, {"labels": {"a": "2"}}),
        ({"labels": {"$patch": "delete"}}, {"labels": {}}),
    ],
)
def test_a_directive_in_the_manifest_itself_is_followed(manifest: dict[str, Any], expected: dict[str, Any]) -> None:
    assert patch({"labels": {"gone": "1"}}, manifest, {"labels": {"gone": "1"}}) == expected


def test_a_directive_that_is_none_is_refused() -> None:
    with pytest.raises(Unmergeable, match="is not delete or replace"):
        patch({"labels": {"gone": "1"}}, {"labels": {"$patch": "?"}}, {"labels": {}})
