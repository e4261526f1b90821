"""ApplicationSets that ask for too much, or are not what they should be."""

from __future__ import annotations

import pytest

from bot.engine.applicationsets.generating import generated
from bot.errors import Rejected
from bot.model.resources import JsonObject
from tests.unit.engine.applicationsets.world import GO_TEMPLATE, World, applicationset, problem

MANY = "{list: {elementsYaml: '[" + ", ".join("{name: x}" for _ in range(200)) + "]'}}"
GO = "goTemplate: true"


def test_a_product_without_end_is_refused() -> None:
    assert "more than 10,000 sets" in problem(f"- matrix: {{generators: [{MANY}, {MANY}]}}")


def test_a_template_without_end_is_refused() -> None:
    words = problem("- list: {elements: [{name: x}]}", GO_TEMPLATE.replace("{{.path}}", "{{repeat 9999999 .name}}"), GO)
    assert words.startswith("ApplicationSet shops: ")
    assert "a text of more than" in words


def test_many_templates_together_are_refused() -> None:
    slow = GO_TEMPLATE.replace("{{.path}}", "{{range until 9000}}{{end}}")
    assert "steps" in problem(f"- {MANY}", slow, GO)


def answer(manifest: JsonObject) -> str:
    """Return what is said, where it is not generated."""
    try:
        generated(manifest, World())
    except Rejected as error:
        return error.message
    return "ApplicationSet shops is as it should be"


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [None], [1], [{"list": 1}], [{"list": {"elements": 1}}]])
@pytest.mark.parametrize("field", ["generators", "template", "syncPolicy", "strategy", "templatePatch"])
def test_whatever_a_field_is_there_is_an_answer(field: str, value: object) -> None:
    manifest = applicationset("- list: {elements: [{name: x}]}")
    manifest["spec"][field] = value
    assert answer(manifest).startswith("ApplicationSet shops")


ODD = [
    None,
    1,
    "x",
    [],
    [None],
    {"matchLabels": 1},
    {"matchLabels": {"a/b/c": "d"}},
    {"matchExpressions": 1},
    {"matchExpressions": [1]},
    {"matchExpressions": [{"key": "a", "operator": ["In"]}]},
    {"elementsYaml": "\ud800x"},
    {"elements": [{"name": "\ud800x"}]},
    {"elements": [{"name": "\udc80x"}], "template": 1},
]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("kind", ["list", "clusters", "git", "matrix", "merge", "selector"])
def test_whatever_a_generator_is_there_is_an_answer(kind: str, value: object) -> None:
    manifest = applicationset("- list: {elements: [{name: x}]}")
    manifest["spec"]["generators"][0][kind] = value
    assert answer(manifest).startswith("ApplicationSet shops")
