"""What an apply takes away once fields of others were handed over before it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.patches.pruning import Pruned
from bot.model.resources import JsonObject

US = "foresail"


def entry(fields: JsonObject, manager: str = US, operation: str = "Apply", api: str = "v1") -> JsonObject:
    return {"manager": manager, "operation": operation, "apiVersion": api, "fieldsV1": fields}


def pruned(obj: JsonObject, *, had: JsonObject, has: JsonObject, others: JsonObject | None = None) -> Pruned:
    """Apply what leaves us `has` of `obj` after we were given `had`; `others` is somebody else's."""
    applied = {"apiVersion": "v1", "metadata": {"managedFields": [entry(has)]}, **obj}
    given = [entry(had), *([entry(others, "them", "Update")] if others else [])]
    return Pruned.of(applied, {"metadata": {"managedFields": given}}, manager=US, manifest={})


def left(obj: JsonObject, **fields: Any) -> JsonObject:
    found = pruned(obj, **fields).obj
    return {name: value for name, value in found.items() if name in obj}


def test_what_was_given_and_is_not_applied_goes() -> None:
    had: JsonObject = {"f:data": {"f:a": {}, "f:b": {}}}
    has: JsonObject = {"f:data": {"f:a": {}}}

    assert left({"data": {"a": 1, "b": 2, "c": 3}}, had=had, has=has) == {"data": {"a": 1, "c": 3}}


def test_what_another_owns_stays() -> None:
    had: JsonObject = {"f:data": {"f:a": {}, "f:b": {}}}
    others: JsonObject = {"f:data": {"f:b": {}}}

    assert left({"data": {"a": 1, "b": 2}}, had=had, has={}, others=others) == {"data": {"b": 2}}


def test_nobodys_field_goes_with_the_place_it_stands_in() -> None:
    had: JsonObject = {"f:spec": {"f:strategy": {"f:type": {}}, "f:replicas": {}}}
    spec = {"strategy": {"type": "Recreate", "defaulted": True}, "replicas": 1}

    assert left({"spec": spec}, had=had, has={"f:spec": {"f:replicas": {}}}) == {"spec": {"replicas": 1}}


@pytest.mark.parametrize("others", [{"f:labels": {}}, {"f:labels": {".": {}}}])
def test_what_is_emptied_goes_itself_though_it_is_anothers(others: JsonObject) -> None:
    had: JsonObject = {"f:labels": {"f:app": {}}}

    assert left({"labels": {"app": "web"}}, had=had, has={}, others=others) == {}


def test_elements_are_found_by_key_and_by_value() -> None:
    had: JsonObject = {"f:ports": {'k:{"port":80}': {".": {}, "f:name": {}}}, "f:tags": {'v:"a"': {}, 'v:"b"': {}}}
    has = {"f:ports": {'k:{"port":80}': {".": {}}}, "f:tags": {'v:"a"': {}}}
    obj = {"ports": [{"port": 79}, {"port": 80, "name": "http"}], "tags": ["b", "a"]}

    assert left(obj, had=had, has=has) == {"ports": [{"port": 79}, {"port": 80}], "tags": ["a"]}


def test_nothing_to_take_away_leaves_the_very_same_object() -> None:
    fields: JsonObject = {"f:data": {"f:a": {}}}
    applied = {"apiVersion": "v1", "data": {"a": 1}, "metadata": {"managedFields": [entry(fields)]}}

    assert Pruned.of(applied, {"metadata": {"managedFields": [entry(fields)]}}, manager=US, manifest={}).obj is applied


def test_fields_of_another_version_stay() -> None:
    applied = {"apiVersion": "v2", "data": {"a": 1}, "metadata": {"managedFields": []}}
    given = {"metadata": {"managedFields": [entry({"f:data": {"f:a": {}}})]}}

    assert Pruned.of(applied, given, manager=US, manifest={}).obj is applied


def test_of_an_empty_list_nobody_knows() -> None:
    assert pruned({"spec": {"parts": []}}, had={"f:spec": {"f:parts": {}}}, has={"f:spec": {}}).doubtful
    assert not pruned({"data": {"a": 1}}, had={"f:data": {"f:a": {}}}, has={}).doubtful
