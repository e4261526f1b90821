"""What Git and somebody's hands change at once is told."""

from __future__ import annotations

from typing import Any

from bot.model.resources import JsonObject
from bot.preview.overlap import overlap


def scaled(replicas: int, **labels: str) -> JsonObject:
    return {"kind": "Deployment", "metadata": {"name": "web", "labels": labels}, "spec": {"replicas": replicas}}


def meeting(*states: Any) -> str:
    return overlap(*states)


def test_a_change_that_asks_for_what_is_there_already_writes_nothing() -> None:
    words = "the cluster is like this already: merging writes nothing that is not there"

    assert meeting(scaled(5), scaled(2), scaled(5)) == words


def test_a_field_that_drifted_and_is_changed_is_named() -> None:
    assert meeting(scaled(5), scaled(2), scaled(3)) == "drifted in what the change is about: spec.replicas"


def test_drift_elsewhere_does_not_meet_the_change() -> None:
    assert meeting(scaled(2, by="hand"), scaled(2), scaled(3)) == ""


def test_a_field_within_one_that_is_added_meets_it() -> None:
    base = {"kind": "ConfigMap"}

    assert meeting({**base, "data": {"a": "x"}}, base, {**base, "data": {"a": "1", "b": "2"}}) == (
        "drifted in what the change is about: data"
    )


def test_only_a_few_fields_are_named() -> None:
    live, base, head = ({"data": dict.fromkeys("abcde", value)} for value in "123")

    assert meeting(live, base, head) == "drifted in what the change is about: data.a, data.b, data.c and 2 more"
