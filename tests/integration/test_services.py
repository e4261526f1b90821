"""As whom a repository is read: the forge's own credentials, then what the control namespace says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.argocd_cm import exclusions_of
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.cluster.repositories import Repositories
from bot.errors import Rejected
from bot.forges.github.client import GitHub
from bot.model.credentials import Credentials
from bot.repository.mirrors import Mirrors
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.github.server import GitHubStandIn
from bot.services import credentials_for, projects_of
from bot.settings import Settings
from tests.integration.loopback import CLIENT

Find: TypeAlias = Callable[[str, str], Credentials | None]
READING = {"metadata": "read", "contents": "read"}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn.start(tmp_path / "github") as stand_in:
        yield stand_in


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    connected = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    yield connected
    connected.close()


def finder(cluster: Cluster, namespace: str, **settings: object) -> Find:
    read = Settings(control_namespace=namespace, **settings)
    return credentials_for(GitHub.from_settings(read), read, Repositories(cluster, namespace=namespace))


def secret(control_plane: ControlPlane, namespace: str, name: str, **data: str) -> None:
    metadata = {"name": name, "namespace": namespace, "labels": {"argocd.argoproj.io/secret-type": "repo-creds"}}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def test_another_app_reads_what_ours_is_not_installed_on(
    github: GitHubStandIn, control_plane: ControlPlane, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    shop, other = (github.create_repository(name, files={"a": "1"}) for name in ("acme/shop", "guests/other"))
    ours = github.create_app("Foresail", permissions=READING, events=())
    theirs = github.create_app("Guest", permissions=READING, events=())
    github.install(ours, owner="acme", repositories=[shop.full_name])
    installation = github.install(theirs, owner="guests", repositories=[other.full_name])
    secret(
        control_plane,
        namespace,
        "guests",
        url=other.clone_url.removesuffix("/other.git"),
        githubAppID=str(theirs.id),
        githubAppInstallationID=str(installation.id),
        githubAppPrivateKey=theirs.private_key_pem,
        githubAppEnterpriseBaseUrl=github.url,
    )
    secret(
        control_plane, namespace, "shop", url=shop.clone_url, username="canary", password="canary", proxy="http://p:1"
    )
    labels = ("label", "--overwrite", "secret", "shop", "argocd.argoproj.io/secret-type=repository")
    control_plane.kubectl(*labels, "-n", namespace)
    control_plane.kubectl("patch", "secret", "shop", "-n", namespace, "-p", '{"stringData": {"enableLfs": "true"}}')
    find = finder(
        cluster, namespace, github_url=github.url, github_app_id=ours.id, github_app_private_key=ours.private_key_pem
    )
    found = find(other.clone_url, "default")
    assert found is not None
    assert found.github_app is None
    assert Mirrors(tmp_path / "mirrors", CLIENT).refresh(other.clone_url, auth=found).resolve("main") == other.head()
    own = find(shop.clone_url, "default")
    assert own is not None
    assert (own.username, own.proxy, own.large_files) == ("x-access-token", "http://p:1", True)
    assert own.password not in {"canary", found.password}


def test_a_key_that_is_none_is_named_by_where_it_is(
    control_plane: ControlPlane, cluster: Cluster, namespace: str
) -> None:
    url = "https://git.example.com/team"
    secret(control_plane, namespace, "team", url=url, githubAppID="7", githubAppPrivateKey="canary")
    find = finder(cluster, namespace)
    with pytest.raises(
        Rejected, match="githubAppPrivateKey of its repository Secret is not an RSA private key"
    ) as told:
        find(f"{url}/shop", "default")
    assert "canary" not in repr(told.value)
    assert find("https://git.example.com/other", "default") is None


def test_what_the_operator_names_may_be_in_a_private_network(
    github: GitHubStandIn, control_plane: ControlPlane, cluster: Cluster, namespace: str
) -> None:
    app = github.create_app("Foresail", permissions=READING, events=())
    key = {"github_app_id": app.id, "github_app_private_key": app.private_key_pem}
    secret(control_plane, namespace, "team", url="https://git.example.com/team")
    at_home = finder(cluster, namespace, github_url=github.url, **key)
    elsewhere = f"{github.create_repository('guests/other', files={'a': '1'}).clone_url}"
    for url in (elsewhere, "https://git.example.com/team/shop"):
        found = at_home(url, "default")
        assert found is not None
        assert (found.vouched, found.names_somebody) == (True, False)
    assert at_home("https://git.example.com/other", "default") is None


def test_an_argocd_cm_that_is_mounted_says_what_is_left_alone_and_inherited(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "resource.exclusions").write_text("- {kinds: [Lease]}\n", "utf-8")
    (tmp_path / "globalProjects").write_text("- {name: all}\n", "utf-8")
    settings = Settings(argocd_cm=tmp_path)
    assert exclusions_of(settings).excludes("coordination.k8s.io", "Lease", ("in-cluster",))
    assert not exclusions_of(Settings()).excludes("coordination.k8s.io", "Lease", ("in-cluster",))
    with pytest.raises(Rejected, match="globalProjects: must be a list"):
        projects_of(settings, cluster)
