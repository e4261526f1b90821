"""The proxy passes on what it is not told to spoil; of the rest the API server has done what was asked, or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.errors import ApiRefused
from bot.errors import Temporary
from bot.model.resources import JsonObject
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.chaos.proxy import Losses, Proxy, Refusals


@pytest.fixture
def proxy(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(control_plane.kubeconfig, tmp_path) as one:
        yield one


@pytest.fixture
def server(proxy: Proxy) -> ApiServer:
    return ApiServer.from_kubeconfig(str(proxy.kubeconfig))


def is_create(method: str, _target: str) -> bool:
    return method == "POST"


def create(server: ApiServer, namespace: str, name: str) -> JsonObject:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return server.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body=body)


def names(server: ApiServer, namespace: str) -> set[str]:
    found = server.get(f"/api/v1/namespaces/{namespace}/configmaps")
    return {item["metadata"]["name"] for item in found["items"]} - {"kube-root-ca.crt"}


def test_what_is_not_to_be_spoilt_is_passed_on(server: ApiServer, namespace: str) -> None:
    assert create(server, namespace, "one")["metadata"]["name"] == "one"
    assert names(server, namespace) == {"one"}


def test_what_is_refused_never_reaches_the_server(proxy: Proxy, server: ApiServer, namespace: str) -> None:
    proxy.refuse(Refusals(is_create, HTTPStatus.TOO_MANY_REQUESTS, left=1, retry_after="7"))
    proxy.refuse(Refusals(is_create, HTTPStatus.CONFLICT, left=1))
    with pytest.raises(Temporary) as busy:
        create(server, namespace, "one")
    assert busy.value.retry_after == 7
    with pytest.raises(ApiRefused) as conflict:
        create(server, namespace, "one")
    assert conflict.value.reason == "Conflict"
    assert names(server, namespace) == set()
    create(server, namespace, "one")


def test_what_is_lost_was_done(proxy: Proxy, server: ApiServer, namespace: str) -> None:
    proxy.lose(Losses(is_create, left=1))
    with pytest.raises(Temporary):
        create(server, namespace, "one")
    assert names(server, namespace) == {"one"}


def test_what_is_held_was_done_before_anybody_knows(proxy: Proxy, server: ApiServer, namespace: str) -> None:
    with proxy.hold(is_create) as held:
        asking = threading.Thread(target=create, args=(server, namespace, "one"))
        asking.start()
        assert held.reached.wait(60)
        assert names(server, namespace) == {"one"}
        assert asking.is_alive()
    asking.join(60)
    assert not asking.is_alive()


def test_a_watch_that_is_cut_breaks(proxy: Proxy, server: ApiServer, namespace: str) -> None:
    create(server, namespace, "one")
    path, query = f"/api/v1/namespaces/{namespace}/configmaps", {"watch": "1"}
    with server.stream(path, query=query, idle=60) as events:
        seen = {next(events)["object"]["metadata"]["name"]}
        assert seen <= {"one", "kube-root-ca.crt"}
        assert proxy.cut_watches() == 1
        with pytest.raises(Temporary):
            list(events)
