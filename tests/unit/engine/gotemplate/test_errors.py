"""What a template's author is told."""

from __future__ import annotations

import pytest

from bot.engine.gotemplate.values import TemplateError
from tests.unit.engine.gotemplate.corpus import rendered


def problem(template: str, params: object = None, *options: str) -> str:
    with pytest.raises(TemplateError) as caught:
        rendered(template, params or {}, *options)
    return str(caught.value)


def test_an_unknown_function_is_named_with_its_place() -> None:
    assert problem("name:\n  {{ .name | shout }}") == "line 2, {{ .name | shout }}: the function shout is not defined"


@pytest.mark.parametrize("function", ["now", "randAlphaNum 5", "uuidv4", "genCA"])
def test_what_differs_from_render_to_render_is_no_prediction(function: str) -> None:
    assert "gives something else each time" in problem(f"{{{{ {function} }}}}")


@pytest.mark.parametrize("function", ["env", "expandenv", "getHostByName"])
def test_the_machine_is_not_told_of(function: str) -> None:
    assert "is not allowed" in problem(f'{{{{ {function} "PATH" }}}}')


def test_a_missing_key_is_named() -> None:
    words = problem("{{ .a.b }}", {"a": {}}, "missingkey=error")
    assert words == "line 1, {{ .a.b }}: there is no key 'b'"


def test_a_wrong_argument_is_named_by_gos_types() -> None:
    words = problem("{{ trunc .n .name }}", {"n": 3, "name": "x"})
    assert "expected int, got float64" in words


def test_the_words_of_fail_are_told() -> None:
    assert problem('{{ fail "no cluster" }}').endswith("fail: no cluster")


def test_an_option_that_is_none_is_named() -> None:
    assert "missingkey=loud" in problem("{{ .a }}", {}, "missingkey=loud")


@pytest.mark.parametrize("attribute", ["__class__", "__len__", "items", "upper", "type_name", "fields"])
def test_nothing_of_python_can_be_reached(attribute: str) -> None:
    params = {"text": "x", "list": [1], "map": {}}
    assert rendered(f"{{{{ .map.{attribute} }}}}", params) == "<no value>"
    for name in ("text", "list"):
        assert f"has no field {attribute}" in problem(f"{{{{ .{name}.{attribute} }}}}", params)
    assert "has no field" in problem(f'{{{{ (semver "1.2.3").{attribute} }}}}')
