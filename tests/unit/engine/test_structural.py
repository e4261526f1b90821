"""A definition's schema fills in an object that no API server can be asked about."""

from __future__ import annotations

from bot.engine.structural import schema_of, unknown_fields, with_defaults
from bot.model.resources import JsonObject

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "default": {},
            "properties": {
                "mode": {"type": "string", "default": "plain"},
                "maybe": {"type": "string", "default": "x", "nullable": True},
                "parts": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"weight": {"type": "integer", "default": 7}}},
                },
                "limits": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"cpu": {"default": "1"}}},
                },
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        }
    },
}


def widget(**fields: object) -> JsonObject:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, **fields}


def test_defaults_are_filled_in_where_their_parent_is_or_has_one_itself() -> None:
    assert with_defaults(widget(), SCHEMA)["spec"] == {"mode": "plain", "maybe": "x"}


def test_a_null_gives_way_to_a_default_unless_it_may_stay() -> None:
    assert with_defaults(widget(spec={"mode": None, "maybe": None}), SCHEMA)["spec"] == {"mode": "plain", "maybe": None}


def test_lists_and_maps_are_filled_in_too() -> None:
    filled = with_defaults(widget(spec={"parts": [{}, {"weight": 1}], "limits": {"a": {}}}), SCHEMA)["spec"]

    assert filled["parts"] == [{"weight": 7}, {"weight": 1}]
    assert filled["limits"] == {"a": {"cpu": "1"}}


def test_the_object_given_stays_as_it_is() -> None:
    obj = widget(spec={"parts": [{}]})
    with_defaults(obj, SCHEMA)

    assert obj == widget(spec={"parts": [{}]})


def test_fields_that_the_schema_lacks_are_named() -> None:
    obj = widget(spec={"modus": 1, "open": {"a": 1}, "parts": [{"wait": 2}], "limits": {"a": {"x": 1}}}, extra=1)

    assert unknown_fields(obj, SCHEMA) == ["spec.modus", "spec.parts[0].wait", "spec.limits.a.x", "extra"]


def test_only_a_version_that_is_served_has_a_schema() -> None:
    schema = {"openAPIV3Schema": SCHEMA}
    versions = [{"name": "v1", "served": True, "schema": schema}, {"name": "v0", "served": False, "schema": schema}]
    definition: JsonObject = {"spec": {"versions": versions}}

    assert schema_of(definition, "example.com/v1") == SCHEMA
    assert schema_of(definition, "example.com/v0") is None
    assert schema_of(definition, "example.com/v2") is None
    assert schema_of({}, "example.com/v1") is None
