"""Objects and their names."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import Rejected
from bot.model.resources import ResourceKey, ResourceType, annotations_of, group_of, metadata_of, options_of


def test_an_object_is_named_without_its_version() -> None:
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}

    assert ResourceKey.of(obj) == ResourceKey("apps", "Deployment", "shop", "web")
    assert str(ResourceKey.of(obj)) == "Deployment shop/web"
    assert str(ResourceKey("", "Node", "", "n1")) == "Node n1"


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({}, "needs apiVersion, kind and metadata"),
        ({"apiVersion": 1, "kind": "A", "metadata": {}}, "needs apiVersion, kind and metadata"),
        ({"apiVersion": "v1", "kind": "A", "metadata": []}, "needs apiVersion, kind and metadata"),
        ({"apiVersion": "v1", "kind": "A", "metadata": {}}, "a A has no metadata.name"),
        ({"apiVersion": "v1", "kind": "A", "metadata": {"name": 5}}, "a A has no metadata.name"),
        ({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a", "namespace": ["b"]}}, "metadata.namespace of A a"),
    ],
)
def test_what_has_no_name_is_refused_in_words(obj: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected) as refused:
        ResourceKey.of(obj)

    assert words in refused.value.message


def test_groups_are_what_stands_before_the_slash() -> None:
    assert (group_of("apps/v1"), group_of("v1")) == ("apps", "")
    assert ResourceType("apps", "v1", "Deployment", "deployments", namespaced=True).api_version == "apps/v1"
    assert ResourceType("", "v1", "Pod", "pods", namespaced=True).api_version == "v1"


@pytest.mark.parametrize("annotations", [None, [], {"a": 5}, {"a": None}, {"a": ["A=true"]}, {"a": ", ,"}])
def test_what_is_no_list_of_options_has_none(annotations: Any) -> None:
    assert options_of({"metadata": {"annotations": annotations}}, "a") == frozenset()


def test_options_are_split_at_commas() -> None:
    assert options_of({"metadata": {"annotations": {"a": "A=true, B=false"}}}, "a") == {"A=true", "B=false"}


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": []}, {"metadata": {"annotations": 5}}])
def test_hostile_metadata_is_empty(obj: dict[str, Any]) -> None:
    assert annotations_of(obj) == {}
    assert isinstance(metadata_of(obj), dict)
