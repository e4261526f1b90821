"""Somebody asks what could be newer, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.cli.app.conftest import Desk
from tests.integration.repository.charts.registry import RegistryStandIn
from tests.integration.repository.conftest import Fixed
from tests.integration.repository.servers import http_site


def secret(registry: RegistryStandIn) -> str:
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    data = {"type": "oci", "url": f"oci://{registry.host}/team/web", "insecureOCIForceHttp": "true"}
    kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry", "labels": labels}}
    return json.dumps({**kind, "stringData": data})


def test_what_could_be_newer_is_said_with_the_place_and_what_could_not_be_found(desk: Desk, tmp_path: Path) -> None:
    assert desk.work.foresail("updates").out == "no Application asks for newer images or charts\n"
    with RegistryStandIn() as registry, http_site(tmp_path / "served") as site:
        for tag in ("1.0.0", "1.2.0"):
            registry.push("team/web", tag, [])
        manifest = f"containers:\n- image: {registry.host}/team/web:1.0.0\n"
        Fixed(tmp_path / "served" / "config.git").commit("main", {"app/web.yaml": manifest})
        desk.work.environment["FORESAIL_FETCH_ALLOW"] = "127.0.0.1"
        desk.plane.kubectl("create", f"--namespace={desk.namespace}", "--filename=-", stdin=secret(registry))
        images = f"web={registry.host}/team/web:^1, x/y"
        annotations = {"argocd-image-updater.argoproj.io/image-list": images}
        source = {"repoURL": f"{site.url}/config.git", "path": "app", "targetRevision": "main"}
        spec = {"project": "default", "source": source, "destination": {"name": "in-cluster", "namespace": "shop"}}
        desk.has("shop", metadata={"annotations": annotations}, spec=spec)
        done = desk.work.foresail("updates", "--app", "shop")
    assert done.code == 2, done.err
    assert "1.0.0 → 1.2.0" in done.out
    assert "app/web.yaml: containers[0].image (main of" in done.out
    assert "! x/y: no file of the application's sources says which version of it is used" in done.out


def test_a_name_that_is_not_there_is_refused(desk: Desk) -> None:
    assert "there is no Application 'gone'" in desk.work.foresail("updates", "--app", "gone").err
