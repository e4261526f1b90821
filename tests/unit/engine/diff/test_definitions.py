"""Changes of a definition's schema, told by version and path."""

from __future__ import annotations

from typing import Any

from bot.engine.diff.definitions import is_definition, schema_changes, without_schemas


def definition(**versions: dict[str, Any]) -> dict[str, Any]:
    named = [
        {"name": name, "served": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": fields}}}
        for name, fields in versions.items()
    ]
    spec = {"group": "x.io", "versions": named}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def holding(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


def test_fields_that_come_go_and_change_are_named_by_path() -> None:
    before = definition(v1={"spec": holding(size=TEXT, old=holding(a=TEXT, b=TEXT))})
    after = definition(v1={"spec": holding(size=NUMBER, new=TEXT)})
    assert schema_changes(before, after) == [
        "+ v1 .spec.new: string",
        "- v1 .spec.old: object (2 fields)",
        "- v1 .spec.size: string",
        "+ v1 .spec.size: integer",
    ]


def test_lists_and_maps_are_steps_of_the_path() -> None:
    before = definition(v1={"spec": holding(l={"items": holding(a=TEXT)}, m={"additionalProperties": TEXT})})
    after = definition(v1={"spec": holding(l={"items": holding(a=NUMBER)}, m={"additionalProperties": NUMBER})})
    assert schema_changes(before, after) == [
        "- v1 .spec.l[].a: string",
        "+ v1 .spec.l[].a: integer",
        "- v1 .spec.m{}: string",
        "+ v1 .spec.m{}: integer",
    ]


def test_rules_about_a_field_are_told_with_their_name() -> None:
    before = definition(v1={"size": {**NUMBER, "minimum": 1}})
    after = definition(v1={"size": {**NUMBER, "minimum": 2, "enum": [2, 3]}})
    assert schema_changes(before, after) == [
        "+ v1 .size: enum [2,3]",
        "- v1 .size: minimum 1",
        "+ v1 .size: minimum 2",
    ]


def test_a_required_field_is_told_at_the_root_too() -> None:
    after = definition(v1={"spec": TEXT})
    after["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["required"] = ["spec"]
    assert schema_changes(definition(v1={"spec": TEXT}), after) == ['+ v1 (root): required ["spec"]']


def test_descriptions_are_counted() -> None:
    before = definition(v1={"a": TEXT, "b": TEXT})
    after = definition(v1={"a": {**TEXT, "description": "one"}, "b": {**TEXT, "description": "two"}})
    assert schema_changes(before, after) == ["  … 2 descriptions changed"]


def test_many_changes_are_counted_in_the_end() -> None:
    after = definition(v1={f"field{number:03}": TEXT for number in range(500)})
    lines = schema_changes(definition(v1={}), after)
    assert lines[-1] == "  … 380 more lines about schemas"
    assert len(lines) == 121


def test_a_version_that_comes_is_left_to_the_rest_of_the_diff() -> None:
    assert schema_changes(definition(v1={}), definition(v1={}, v2={"a": TEXT})) == []


def test_a_schema_is_shown_by_the_number_of_its_fields() -> None:
    told = without_schemas(definition(v1={"spec": holding(a=TEXT, l={"items": holding(b=TEXT)})}))
    assert told["spec"]["versions"] == [{"name": "v1", "served": True, "schema": "4 fields"}]


def test_what_has_no_versions_is_left_as_it_is() -> None:
    for spec in (None, {}, {"versions": "v1"}, {"versions": ["v1", None]}):
        odd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
        assert is_definition(odd)
        assert without_schemas(odd) == odd
        assert schema_changes(odd, definition(v1={})) == []


def test_a_schema_that_never_ends_does_end() -> None:
    deep: dict[str, Any] = {"type": "string"}
    other: dict[str, Any] = {"type": "integer"}
    for _ in range(400):
        deep, other = holding(a=deep), holding(a=other)
    lines = schema_changes(definition(v1={"a": deep}), definition(v1={"a": other}))
    assert lines == ["  … a schema changes below what can be shown"]
