"""Requests on kept-alive connections: to servers that behave and to some that do not, straight and through a proxy."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cluster.connection import ApiServer
from bot.errors import Temporary
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cluster.wire import wire

_VERSION = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"gitVersion":"1"}'
_CLOSING = _VERSION.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")


def test_one_connection_serves_many_requests(tmp_path: Path) -> None:
    with wire([_VERSION, _VERSION, _VERSION]) as served:
        server = _server(tmp_path, f"http://{served.address}")
        answers = [server.get("/version") for _ in range(3)]

    assert answers == [{"gitVersion": "1"}] * 3
    assert served.connections == 1


def test_a_request_says_what_it_is_and_where_it_goes(tmp_path: Path) -> None:
    with wire([_VERSION]) as served:
        server = _server(tmp_path, f"http://{served.address}/clusters/c-1", user={"token": "t0ken"})
        server.request("PATCH", "/api", query={"dryRun": "All"}, body={"a": "ä"}, headers={"Accept": "*/*"})

    head, _, body = served.heard[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "PATCH /clusters/c-1/api?dryRun=All HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Authorization: Bearer t0ken",
        "Content-Length: 10",
        "Content-Type: application/json",
        f"Host: {served.address}",
        "User-Agent: foresail",
    ]
    assert body == '{"a":"ä"}'.encode()


def test_a_connection_that_the_server_ended_is_not_used_again(tmp_path: Path) -> None:
    with wire([_VERSION], [_CLOSING], [_VERSION]) as served:
        server = _server(tmp_path, f"http://{served.address}")
        answers = []
        for _ in range(3):
            answers.append(server.get("/version"))
            assert served.ended.acquire(timeout=30.0)

    assert answers == [{"gitVersion": "1"}] * 3
    assert served.connections == 3


@pytest.mark.parametrize(
    "bad", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"220 smtp.example\r\n", _VERSION + _VERSION]
)
def test_a_request_without_a_proper_answer_may_work_later_and_is_not_sent_twice(tmp_path: Path, bad: bytes) -> None:
    with wire([bad], [_VERSION]) as served:
        server = _server(tmp_path, f"http://{served.address}")
        with pytest.raises(Temporary, match="cannot reach away"):
            server.get("/version")
        asked = len(served.heard)
        again = server.get("/version")

    assert (asked, again) == (1, {"gitVersion": "1"})


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with wire([b"HTTP/1.1 200 OK\r\n", b""]) as served:
        server = _server(tmp_path, f"http://{served.address}", timeout=0.2)
        with pytest.raises(Temporary, match="cannot reach away: it does not answer in time"):
            server.get("/version")


def test_a_server_that_never_comes_to_an_end_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_dripping, args=(listening,))
        thread.start()
        server = _server(tmp_path, f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=0.3)
        with pytest.raises(Temporary, match="cannot reach away: it does not answer in time"):
            server.get("/version")
        thread.join()


def _dripping(listening: socket.socket) -> None:
    """Answer a byte at a time, until nobody listens any more."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        for _ in range(600):
            connection.sendall(b" ")
            time.sleep(0.05)


def test_a_credential_of_two_lines_is_not_sent(tmp_path: Path) -> None:
    with wire() as served:
        server = _server(tmp_path, f"http://{served.address}", user={"token": "t0ken\r\nX-Remote-User: admin"})
        with pytest.raises(ValueError, match="more than one line"):
            server.get("/version")


def test_a_proxy_that_forwards_is_told_the_whole_url(tmp_path: Path) -> None:
    with wire([_VERSION]) as served:
        proxy = {"proxy-url": f"http://{served.address}"}
        _server(tmp_path, "http://cluster.example:8001", cluster=proxy).get("/version")

    assert served.heard[0].startswith(b"GET http://cluster.example:8001/version HTTP/1.1\r\n")
    assert b"\r\nHost: cluster.example:8001\r\n" in served.heard[0]


def test_a_proxy_connects_to_a_server_with_tls(control_plane: ControlPlane, tmp_path: Path) -> None:
    with wire(proxy=True) as served:
        proxy = {"proxy-url": f"http://{served.address}"}
        server = _server(tmp_path, control_plane.server, cluster=_authority(control_plane) | proxy)
        server.get("/version")
        assert server.get("/version")["gitVersion"].startswith("v")

    assert served.connections == 1
    assert served.heard[0].startswith(b"CONNECT ")
    assert control_plane.token.encode() not in served.heard[0]


def test_the_server_is_known_by_its_certificate(control_plane: ControlPlane, tmp_path: Path) -> None:
    authority = _authority(control_plane)
    named = authority | {"tls-server-name": "kubernetes.default.svc"}
    assert "gitVersion" in _server(tmp_path, control_plane.server, cluster=named).get("/version")

    wrong = authority | {"tls-server-name": "another.example"}
    for cluster in (wrong, {}):
        with pytest.raises(Temporary, match="cannot reach away: its TLS is not accepted"):
            _server(tmp_path, control_plane.server, cluster=cluster).get("/version")


def _authority(control_plane: ControlPlane) -> dict[str, str]:
    cluster: dict[str, str] = yaml.safe_load(control_plane.kubeconfig.read_text())["clusters"][0]["cluster"]
    return {"certificate-authority": cluster["certificate-authority"]}


def _server(
    directory: Path,
    url: str,
    *,
    cluster: dict[str, str] | None = None,
    user: dict[str, str] | None = None,
    **more: Any,
) -> ApiServer:
    path = directory / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "away", "cluster": {"server": url, **(cluster or {})}}],
                "users": [{"name": "bot", "user": user or {}}],
                "contexts": [{"name": "here", "context": {"cluster": "away", "user": "bot"}}],
                "current-context": "here",
            }
        )
    )
    return ApiServer.from_kubeconfig(str(path), **more)
