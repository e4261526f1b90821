"""Objects that fit a quota alone may not fit it together."""

from __future__ import annotations

from typing import Any

from bot.engine.quota import Created, exceeded
from bot.model.resources import JsonObject, ResourceKey


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> JsonObject:
    return {
        "metadata": {"name": "team", "namespace": "shop"},
        "spec": spec,
        "status": {"hard": hard, "used": used or {}},
    }


def make(kind: str, resource: str, name: str, *, api: str = "v1", namespace: str = "shop", **spec: Any) -> Created:
    metadata = {"name": name, "namespace": namespace}
    return Created({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}, resource)


def config(name: str, namespace: str = "shop") -> Created:
    return make("ConfigMap", "configmaps", name, namespace=namespace)


def key(name: str, kind: str = "ConfigMap", group: str = "") -> ResourceKey:
    return ResourceKey(group, kind, "shop", name)


def test_the_object_that_no_room_is_left_for_is_refused_in_the_servers_words() -> None:
    found = exceeded([config("a"), config("b")], [quota({"configmaps": "3"}, {"configmaps": "2"})])

    assert found == {
        key("b"): 'configmaps "b" is forbidden: exceeded quota: team, '
        "requested: configmaps=1, used: configmaps=3, limited: configmaps=3"
    }


def test_what_does_not_fit_alone_is_left_to_the_server() -> None:
    assert exceeded([config("a")], [quota({"configmaps": "1"}, {"configmaps": "1"})]) == {}


def test_objects_of_another_namespace_take_nothing() -> None:
    assert exceeded([config("a", "else"), config("b")], [quota({"configmaps": "1"})]) == {}


def test_kinds_of_groups_are_counted_by_resource() -> None:
    both = [make("Deployment", "deployments.apps", name, api="apps/v1") for name in "ab"]
    found = exceeded(both, [quota({"count/deployments.apps": "1"})])

    assert list(found) == [key("b", "Deployment", "apps")]
    assert found[key("b", "Deployment", "apps")].startswith('deployments.apps "b" is forbidden: exceeded quota: team')


def test_what_is_refused_takes_no_room() -> None:
    claims = [
        make("PersistentVolumeClaim", "persistentvolumeclaims", name, resources={"requests": {"storage": size}})
        for name, size in (("a", "1Gi"), ("b", "3Gi"), ("c", "1Gi"))
    ]

    assert list(exceeded(claims, [quota({"requests.storage": "2Gi"})])) == [key("b", "PersistentVolumeClaim")]


def test_node_ports_are_counted_one_each() -> None:
    two = [{"port": 80}, {"port": 81}]
    both = [make("Service", "services", name, type="NodePort", ports=two) for name in "ab"]

    assert list(exceeded(both, [quota({"services.nodeports": "3"})])) == [key("b", "Service")]


def test_pods_take_what_their_containers_ask_for_together() -> None:
    def pod(name: str) -> Created:
        containers = [{"resources": {"requests": {"cpu": "200m"}}}, {"resources": {"requests": {"cpu": "0.3"}}}]
        init = [{"resources": {"requests": {"cpu": "100m"}}}]
        return make("Pod", "pods", name, containers=containers, initContainers=init)

    assert exceeded([pod("a"), pod("b")], [quota({"cpu": "1"})]) == {}
    assert list(exceeded([pod("a"), pod("b")], [quota({"requests.cpu": "999m"})])) == [key("b", "Pod")]


def test_a_quota_with_scopes_is_left_out() -> None:
    assert exceeded([config("a"), config("b")], [quota({"configmaps": "1"}, scopes=["BestEffort"])]) == {}
