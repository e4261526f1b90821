"""Repository Secrets are read from a real API server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import structlog

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.cluster.repositories import Repositories
from bot.errors import Temporary
from bot.model.credentials import Credentials
from bot.sandbox.control_plane.cluster import ControlPlane

URL = "https://git.example.com/team/shop"


def write(control_plane: ControlPlane, namespace: str, name: str, kind: str, **data: str) -> None:
    labels = {"argocd.argoproj.io/secret-type": kind} if kind else {}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def test_secrets_and_config_maps_of_the_control_namespace_count(
    control_plane: ControlPlane, cluster: Cluster, namespace: str
) -> None:
    write(control_plane, namespace, "shop", "repository", url=URL, password="one")
    write(control_plane, namespace, "team", "repo-creds", url="https://git.example.com/team", password="team")
    write(control_plane, namespace, "other", "cluster", url="https://git.example.com", password="no")
    write(control_plane, namespace, "plain", "", url="https://git.example.com/plain", password="no")
    write(control_plane, namespace, "wrong", "repository", url="https://git.example.com/wrong", insecure="perhaps")
    hosts = [
        "create",
        "configmap",
        "argocd-ssh-known-hosts-cm",
        "--from-literal=ssh_known_hosts=hosts",
        "-n",
        namespace,
    ]
    control_plane.kubectl(*hosts)
    pem = ["create", "configmap", "argocd-tls-certs-cm", "--from-literal=git.example.com=pem", "-n", namespace]
    control_plane.kubectl(*pem)
    repositories = Repositories(cluster, namespace=namespace)
    with structlog.testing.capture_logs() as logs:
        assert repositories.find(URL, "default") == Credentials(password="one", authorities="pem", vouched=True)
        assert repositories.find(f"{URL}s", "default") == Credentials(password="team", authorities="pem", vouched=True)
        assert repositories.find("https://git.example.com/plain", "") == Credentials(authorities="pem")
        assert repositories.find("git@git.example.com:a", "") == Credentials(known_hosts="hosts")
        assert repositories.find("https://other.example.com/plain", "") is None
    assert [one["reason"] for one in logs] == ["the Secret wrong has neither true nor false in insecure"]


def test_what_was_read_holds_for_a_while(control_plane: ControlPlane, cluster: Cluster, namespace: str) -> None:
    write(control_plane, namespace, "shop", "repository", url=URL, password="one")
    repositories = Repositories(cluster, namespace=namespace)
    assert repositories.find(URL, "") == Credentials(password="one", vouched=True)
    write(control_plane, namespace, "shop", "repository", url=URL, password="two")
    assert repositories.find(URL, "") == Credentials(password="one", vouched=True)
    assert Repositories(cluster, namespace=namespace).find(URL, "") == Credentials(password="two", vouched=True)


def test_that_they_may_not_be_read_is_said_once_and_stops_nothing(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    write(control_plane, namespace, "shop", "repository", url=URL, password="canary")
    control_plane.kubectl("create", "serviceaccount", "nobody", "-n", namespace)
    token = control_plane.kubectl("create", "token", "nobody", "-n", namespace).strip()
    text = control_plane.kubeconfig.read_text(encoding="ascii").replace(control_plane.token, token)
    stranger = connected(tmp_path, text)
    repositories = Repositories(stranger, namespace=namespace)
    with structlog.testing.capture_logs() as logs:
        assert repositories.find(URL, "") is None
        assert repositories.find(f"{URL}s", "") is None
    stranger.close()
    assert {one["event"] for one in logs} == {
        "repository Secrets may not be read",
        "ConfigMap about repositories may not be read",
    }
    assert "canary" not in str(logs)


def test_a_server_that_is_away_is_no_reason_to_go_on_without(control_plane: ControlPlane, tmp_path: Path) -> None:
    text = control_plane.kubeconfig.read_text(encoding="ascii").replace(control_plane.server, "https://127.0.0.1:9")
    away = connected(tmp_path, text)
    with pytest.raises(Temporary):
        Repositories(away, namespace="default").find(URL, "")
    away.close()


def connected(folder: Path, kubeconfig: str) -> Cluster:
    (folder / "kubeconfig").write_text(kubeconfig, encoding="ascii")
    return Cluster(ApiServer.from_kubeconfig(str(folder / "kubeconfig"), timeout=5.0))
