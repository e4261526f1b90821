"""How kinds are merged, read from a real API server."""

from __future__ import annotations

import pytest

from bot.cluster.objects import Cluster
from bot.cluster.schemas import MergeSchemas, merge_schemas
from bot.engine.patches.schema import MergeField, MergeSchema
from bot.model.resources import ResourceType


def schema_of(cluster: Cluster, api_version: str, kind: str) -> MergeSchema | None:
    return MergeSchemas(cluster.server).find(cluster.discovery.find({"apiVersion": api_version, "kind": kind}))


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


def test_a_group_that_nobody_describes_is_not_merged_by_schema(cluster: Cluster) -> None:
    nowhere = ResourceType("nowhere.example", "v1", "Thing", "things", namespaced=True)

    assert MergeSchemas(cluster.server).find(nowhere) is None


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
