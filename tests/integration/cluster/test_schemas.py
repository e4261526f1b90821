"""How kinds are merged, read from a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cluster.objects import Cluster
from bot.cluster.schemas import merge_schemas
from bot.engine.diff.equality import same
from bot.engine.diff.noise import meant
from bot.engine.diff.normalise import comparable
from bot.engine.patches.schema import MergeField, MergeSchema
from bot.model.resources import JsonObject, ResourceType
from tests.integration.cluster.conftest import dry_run, wait_until


def schema_of(cluster: Cluster, api_version: str, kind: str) -> MergeSchema | None:
    return cluster.schemas.merging(cluster.discovery.find({"apiVersion": api_version, "kind": kind}))


def field_at(schema: MergeSchema, path: str) -> MergeField:
    *above, last = path.split(".")
    for name in above:
        schema = schema.below(schema.field(name))
    return schema.field(last)


@pytest.mark.parametrize(
    ("path", "strategy", "merge_key", "retain_keys"),
    [
        ("metadata.finalizers", "merge", "", False),
        ("metadata.ownerReferences", "merge", "uid", False),
        ("spec.strategy", "", "", True),
        ("spec.template.spec.containers", "merge", "name", False),
        ("spec.template.spec.containers.ports", "merge", "containerPort", False),
        ("spec.template.spec.containers.args", "", "", False),
        ("spec.template.spec.volumes", "merge", "name", True),
        ("spec.template.spec.hostAliases", "merge", "ip", False),
        ("spec.template.spec.tolerations", "", "", False),
    ],
)
def test_a_built_in_kind_is_merged_as_its_schema_says(
    cluster: Cluster, path: str, strategy: str, merge_key: str, *, retain_keys: bool
) -> None:
    schema = schema_of(cluster, "apps/v1", "Deployment")

    assert schema is not None
    found = field_at(schema, path)
    assert (found.strategy, found.merge_key, found.retain_keys) == (strategy, merge_key, retain_keys)


def test_a_definition_that_leads_to_itself_is_followed_as_far_as_one_likes(cluster: Cluster) -> None:
    schema = schema_of(cluster, "apiextensions.k8s.io/v1", "CustomResourceDefinition")

    assert schema is not None
    below = schema.below(field_at(schema, "spec.versions.schema.openAPIV3Schema"))
    assert field_at(below, ".".join(["not"] * 50)).below == below.name


@pytest.mark.usefixtures("harbour")
def test_custom_resources_are_not_merged_by_schema(cluster: Cluster) -> None:
    assert schema_of(cluster, "harbour.example/v1", "Ship") is None


def ship(place: str, **spec: Any) -> JsonObject:
    metadata = {"name": "ferry", "namespace": place}
    return {"apiVersion": "harbour.example/v1", "kind": "Ship", "metadata": metadata, "spec": spec}


def told(cluster: Cluster, before: JsonObject, after: JsonObject) -> bool:
    """Whether a difference between two objects is told, as the API server would hold them."""
    wait_until(lambda: bool(cluster.lists_of(before)))  # it describes a new kind a moment after it serves it
    one, other = (comparable(dry_run(cluster, obj)) for obj in (before, after))
    return not same(one, meant(one, other, cluster.lists_of(other)))


A, B = {"hold": "a", "goods": "salt"}, {"hold": "b", "deck": "upper", "goods": "tea"}


@pytest.mark.parametrize(
    ("before", "after", "differ"),
    [
        ({"ports": ["x", "y"]}, {"ports": ["y", "x"]}, False),
        ({"ports": ["x", "y"]}, {"ports": ["y", "z"]}, True),
        ({"cargo": [A, B]}, {"cargo": [B, A]}, False),
        ({"cargo": [A, B]}, {"cargo": [B, {**A, "goods": "silk"}]}, True),
        ({"log": [{"a": 1}, {"b": 2}]}, {"log": [{"b": 2}, {"a": 1}]}, True),
    ],
)
def test_the_order_of_a_set_or_map_of_a_custom_resource_is_not_told(
    cluster: Cluster, harbour: str, before: JsonObject, after: JsonObject, *, differ: bool
) -> None:
    assert told(cluster, ship(harbour, **before), ship(harbour, **after)) is differ


@pytest.mark.usefixtures("harbour")
def test_of_kinds_that_the_server_merges_nothing_more_is_asked(cluster: Cluster) -> None:
    assert cluster.lists_of({"apiVersion": "apps/v1", "kind": "Deployment"}) == {}
    assert cluster.lists_of({"apiVersion": "harbour.example/v1", "kind": "Submarine"}) == {}


def test_a_group_that_nobody_describes_is_not_merged_by_schema(cluster: Cluster) -> None:
    nowhere = ResourceType("nowhere.example", "v1", "Thing", "things", namespaced=True)

    assert cluster.schemas.merging(nowhere) is None
    assert cluster.schemas.lists(nowhere) == {}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"paths": [], "components": None},
        {"paths": {"/a": {"patch": {"requestBody": {"content": []}}}}, "components": {"schemas": {"A": []}}},
        {"components": {"schemas": {"A": {"properties": {"a": None, "b": {"type": "array"}, "c": {"allOf": []}}}}}},
    ],
)
def test_a_document_of_another_shape_describes_nothing(document: dict[str, object]) -> None:
    assert merge_schemas(document, group="", version="v1") == {}
