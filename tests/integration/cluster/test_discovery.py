"""What is known of a server is what it is now: servers are upgraded while we run."""

from __future__ import annotations

from pathlib import Path

import orjson
import yaml

from bot.cluster.connection import ApiServer
from bot.cluster.discovery import Discovery
from bot.model.resources import JsonObject
from tests.integration.cluster.wire import wire


def answer(**document: object) -> bytes:
    body = orjson.dumps(document)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def serving(*kinds: str) -> bytes:
    resources: list[JsonObject] = [
        {"resource": f"{kind.lower()}s", "responseKind": {"kind": kind}, "scope": "Namespaced"} for kind in kinds
    ]
    versions: list[JsonObject] = [{"version": "v1", "resources": resources}]
    return answer(items=[{"metadata": {"name": "ships.example"}, "versions": versions}])


def discovery(folder: Path, address: str, *, fresh: float) -> Discovery:
    entry = {"name": "here", "cluster": {"server": f"http://{address}"}}
    context = {"name": "here", "context": {"cluster": "here", "user": "me"}}
    config = {
        "clusters": [entry],
        "users": [{"name": "me", "user": {}}],
        "contexts": [context],
        "current-context": "here",
    }
    (folder / "config").write_text(yaml.safe_dump(config))
    return Discovery(ApiServer.from_kubeconfig(str(folder / "config")), fresh=fresh)


def test_a_server_that_was_upgraded_says_so_and_what_it_serves_now(tmp_path: Path) -> None:
    old, new = answer(gitVersion="v1.36.1"), answer(gitVersion="v1.37.2")
    nothing = answer(items=[])
    with wire([old, serving("Barge"), nothing, old, new, serving("Ferry"), nothing]) as served:
        found = discovery(tmp_path, served.address, fresh=0.0)
        assert (found.version, found.knows("ships.example", "Barge")) == ("v1.36.1", True)
        assert (found.version, found.knows("ships.example", "Barge")) == ("v1.36.1", True)
        assert (found.version, found.knows("ships.example", "Barge")) == ("v1.37.2", False)
        assert found.knows("ships.example", "Ferry")


def test_a_version_is_asked_for_once_in_a_while(tmp_path: Path) -> None:
    with wire([answer(gitVersion="v1.36.1")]) as served:
        found = discovery(tmp_path, served.address, fresh=3600.0)
        assert [found.version, found.version] == ["v1.36.1", "v1.36.1"]
        assert len(served.heard) == 1
