"""What a custom resource's schema says of its lists."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.custom_lists import lists_in
from bot.engine.diff.equality import same
from bot.engine.diff.noise import meant
from bot.engine.diff.schema import Field, field_of

SET = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
BY_NAME = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def ship(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "x.io/v1", "kind": "Ship", "metadata": {"name": "x"}, "spec": spec}


def means_the_same(before: dict[str, Any], after: dict[str, Any], **spec: Any) -> bool:
    return same(before, meant(before, after, lists_in(fields(spec=fields(**spec)), "x.io/Ship")))


def test_only_what_leads_to_a_set_or_map_is_kept() -> None:
    schema = fields(spec=fields(ports=SET, log={"type": "array"}, size={"type": "integer"}), other=fields(a={}))
    assert lists_in(schema, "x.io/Ship") == {
        "x.io/Ship": {"spec": Field("x.io/Ship.spec", None)},
        "x.io/Ship.spec": {"ports": Field("", ())},
    }


def test_a_set_within_a_map_within_a_mapping_is_found() -> None:
    decks = {"type": "object", "additionalProperties": {**BY_NAME, "items": fields(name={}, ports=SET)}}
    before = ship(decks={"upper": [{"name": "a", "ports": ["x", "y"]}, {"name": "b"}]})
    after = ship(decks={"upper": [{"name": "b"}, {"name": "a", "ports": ["y", "x"]}]})
    assert means_the_same(before, after, decks=decks)
    assert not means_the_same(before, after)


def test_what_is_started_in_order_keeps_its_order() -> None:
    before, after = (ship(initContainers=[{"name": name} for name in names]) for names in ("ab", "ba"))
    assert not means_the_same(before, after, initContainers=BY_NAME)


def test_elements_without_the_key_are_told_apart_by_their_places() -> None:
    before, after = ship(parts=[{"name": "a"}, {"size": 1}]), ship(parts=[{"size": 1}, {"name": "a"}])
    assert not means_the_same(before, after, parts=BY_NAME)


def test_a_field_of_that_name_below_an_object_is_not_its_metadata() -> None:
    types = lists_in(fields(spec=fields(metadata=fields(ports=SET))), "x.io/Ship")
    assert field_of("x.io/Ship", "metadata", types).below == "ObjectMeta"
    assert field_of("x.io/Ship.spec", "metadata", types).below == "x.io/Ship.spec.metadata"


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": []},
        {"properties": {"a": None, "b": {"items": []}, "c": {"additionalProperties": True}}},
        {"properties": {"a": {"x-kubernetes-list-type": "map"}, "b": {"x-kubernetes-list-type": ["set"]}}},
        {"properties": {"a": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [1]}}},
    ],
)
def test_a_schema_of_another_shape_says_nothing(schema: dict[str, Any]) -> None:
    assert lists_in(schema, "x.io/Ship") == {}


def test_a_schema_is_followed_as_far_as_objects_go() -> None:
    deep: dict[str, Any] = SET
    for _ in range(3000):
        deep = fields(a=deep)
    assert lists_in(deep, "x.io/Ship") == {}
