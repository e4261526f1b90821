"""What is rendered differently each time is no effect of a change, and says so."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bot.model.predictions import Pointer, Prediction, Refusal, ResourceStates
from bot.model.reports import Action, ResourceReport
from bot.model.resources import JsonObject, ResourceKey
from bot.preview.attribution import Attribution
from bot.preview.redaction import Redactor
from bot.preview.varying import ANOTHER, steady, unforeseen

OURS = Attribution(instance="web", prunes=True, redactor=Redactor(b"k" * 16), hidden=frozenset)


def config(stamp: str, **data: str) -> JsonObject:
    metadata = {"name": "app", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"stamp": stamp, **data}}


def side(manifest: JsonObject, *places: Pointer, **more: Any) -> Prediction:
    return Prediction(manifest, manifest, varying=places or (["data", "stamp"],), **more)


def report(live: JsonObject, base: Prediction, head: Prediction) -> ResourceReport:
    return OURS.report(ResourceStates(ResourceKey.of(live), live, base, head))


def test_another_value_on_each_side_is_drift_and_no_effect() -> None:
    found = report(config("1"), side(config("2")), side(config("3")))
    assert (found.action, found.effect_diff, found.rewritten, found.varying) == (Action.NOTHING, "", False, True)
    assert found.drift is Action.CHANGE
    assert f'-  stamp: "1"\n+  stamp: {ANOTHER}' in found.drift_diff
    assert found.estimated == (
        "renders differently each time, in data.stamp: what a sync writes there is not known before"
    )


def test_what_else_a_change_does_is_its_effect() -> None:
    found = report(config("1"), side(config("2", size="s")), side(config("3", size="m")))
    assert found.action is Action.CHANGE
    assert [line for line in found.effect_diff.split("\n") if line[:1] in "+-"] == ["-  size: s", "+  size: m"]


def test_a_change_that_fixes_a_value_is_told() -> None:
    found = report(config("1"), side(config("2")), Prediction(config("fixed"), config("fixed")))
    assert f"-  stamp: {ANOTHER}\n+  stamp: fixed" in found.effect_diff
    assert found.estimated.startswith("as the target branch has it: renders differently each time")


def test_a_secret_keeps_its_texts_as_bytes() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    manifest = {**secret, "stringData": {"password": "x", "user": "u"}}
    user = base64.b64encode(b"u").decode()
    result = {**secret, "data": {"password": base64.b64encode(b"x").decode(), "user": user}}
    found = steady(Prediction(manifest, result, varying=(["stringData", "password"],)))
    assert found is not None
    assert found.manifest["stringData"] == {"password": ANOTHER, "user": "u"}
    assert found.result is not None
    assert found.result["data"] == {"password": ANOTHER, "user": user}


def test_what_the_server_has_made_of_it_stays() -> None:
    found = steady(Prediction(config("2"), config("by the server"), varying=(["data", "stamp"],)))
    assert found is not None
    assert found.result == config("by the server")


@pytest.mark.parametrize("place", [["data", "gone"], ["data", 0], ["data", "stamp", "deeper"], ["gone", "deeper"]])
def test_a_place_that_is_not_there_changes_nothing(place: Pointer) -> None:
    one = side(config("1"), place)
    assert steady(one) == one


def test_an_element_of_a_list_is_one_place() -> None:
    manifest: JsonObject = {"kind": "Pod", "spec": {"args": ["a", "b"]}}
    found = steady(Prediction(manifest, manifest, varying=(["spec", "args", 1], ["spec", "args", 9])))
    assert found is not None
    assert found.result == {"kind": "Pod", "spec": {"args": ["a", ANOTHER]}}


def test_a_refusal_stays() -> None:
    found = steady(Prediction(config("1"), None, refusal=Refusal("no", 403), varying=(["data", "stamp"],)))
    assert found is not None
    assert (found.result, found.refusal) == (None, Refusal("no", 403))


def test_an_object_by_another_name_each_time_is_shown_as_it_is() -> None:
    one = side(config("1"), [])
    assert steady(one) is one
    assert "by another name too" in unforeseen(one)


def test_the_first_few_of_many_places_are_named() -> None:
    words = unforeseen(side(config("1"), ["data", "a"], ["data", "b"], ["data", "c"], ["data", "d"], ["data", "e"]))
    assert "in data.a, data.b, data.c and 2 more:" in words
