"""The annotation that says what was applied last."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION
from bot.engine.patches.directives import Unmergeable
from bot.engine.patches.last_applied import annotated, encoded, last_applied_of


def manifest(**metadata: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", **metadata}, "data": {"a": "<&>"}}


def annotation(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["annotations"][LAST_APPLIED_ANNOTATION])


def test_the_annotation_holds_the_manifest_as_kubectl_writes_it() -> None:
    assert annotation(annotated(manifest())) == (
        '{"apiVersion":"v1","data":{"a":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap",'
        '"metadata":{"annotations":{},"name":"a"}}\n'
    )


def test_the_annotation_does_not_hold_itself() -> None:
    once = annotated(manifest(annotations={"b": "c"}))

    assert annotated(once) == once


def test_other_annotations_stay_and_null_is_the_empty_text() -> None:
    made = annotated(manifest(annotations={"b": "c", "d": None}))

    assert {**made["metadata"]["annotations"], LAST_APPLIED_ANNOTATION: ""} == {
        "b": "c",
        "d": "",
        LAST_APPLIED_ANNOTATION: "",
    }


def test_an_annotation_that_is_no_text_spoils_them_all_as_with_kubectl() -> None:
    assert list(annotated(manifest(annotations={"b": "c", "d": 1}))["metadata"]["annotations"]) == [
        LAST_APPLIED_ANNOTATION
    ]


def test_the_manifest_is_left_as_it_is() -> None:
    given = manifest(annotations={"b": None})
    annotated(given)

    assert given == manifest(annotations={"b": None})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1.5, "1.5"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (1.25e-10, "1.25e-10"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (2**63 - 1, "9223372036854775807"),
        (2**69, "590295810358705700000"),
        (2**80, "1.2089258196146292e+24"),
        ([True, None, "\u2028\x00\n\x7fé"], '[true,null,"\\u2028\\u0000\\n\x7fé"]'),
        ({"\ue000": 1, "😀": 2, "a": {}}, '{"a":{},"\ue000":1,"😀":2}'),
    ],
)
def test_values_are_written_as_go_writes_them(value: Any, text: str) -> None:
    assert encoded(value) == text


@pytest.mark.parametrize("value", [{1: "a"}, math.nan, math.inf, object(), {"a": {None: 1}}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encoded(value)


@pytest.mark.parametrize(("text", "expected"), [("", {}), ("null", {}), ("{}", {}), ('{"a":1}\n', {"a": 1})])
def test_what_was_applied_last_is_read_back(text: str, expected: dict[str, Any]) -> None:
    assert last_applied_of(manifest(annotations={LAST_APPLIED_ANNOTATION: text})) == expected
    assert last_applied_of(manifest()) == {}


@pytest.mark.parametrize("text", ["{", "[]", '"a"', "1", "[" * 5000])
def test_an_annotation_that_cannot_be_read_is_refused_in_words(text: str) -> None:
    with pytest.raises(Unmergeable, match="last-applied-configuration holds no"):
        last_applied_of(manifest(annotations={LAST_APPLIED_ANNOTATION: text}))
