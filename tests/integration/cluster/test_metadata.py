"""Names and versions out of an API server's protobuf: the same as its JSON says."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.connection import ApiServer
from bot.cluster.metadata import ACCEPT, Named, read_page
from bot.errors import Temporary
from bot.sandbox.control_plane.cluster import ControlPlane


def test_pages_say_what_json_says(control_plane: ControlPlane, namespace: str) -> None:
    server = ApiServer.from_kubeconfig(str(control_plane.kubeconfig))
    for name in ("one", "two", "three"):
        control_plane.kubectl("create", "configmap", name, "-n", namespace, f"--from-literal=a={'x' * 300}")
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    first = read_page(server.read(path, query={"limit": "2"}, accept=ACCEPT))
    rest = read_page(server.read(path, query={"limit": "500", "continue": first.token}, accept=ACCEPT))

    metadata = [item["metadata"] for item in server.get(path)["items"]]
    told = [Named(namespace, one["name"], f"{one['uid']}/{one['resourceVersion']}") for one in metadata]
    assert [*first.items, *rest.items] == told
    assert (len(first.items), first.more, rest.token, rest.more) == (2, len(told) - 2, "", 0)


def test_a_list_of_nothing_has_no_items(control_plane: ControlPlane, namespace: str) -> None:
    server = ApiServer.from_kubeconfig(str(control_plane.kubeconfig))

    page = read_page(server.read(f"/api/v1/namespaces/{namespace}/secrets", query={}, accept=ACCEPT))

    assert (page.items, page.token) == ((), "")


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"k8s\0\x12", b"k8s\0\x12\x02\x12\x00", b"k8s\0\x12\x04\x12\x02\x0a\x00"]
)
def test_what_is_no_page_is_waited_out(answer: bytes) -> None:
    with pytest.raises(Temporary, match="cannot be read"):
        read_page(answer)


@given(st.binary())
def test_any_bytes_are_a_page_or_none(rest: bytes) -> None:
    with suppress(Temporary):
        read_page(b"k8s\0" + rest)
