"""Applications from private repositories are synced, and their credentials are nobody's to see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest

from bot.sandbox.stage import Stage
from tests.functional.canaries import Canaries, everything_said
from tests.functional.conftest import Opener, Shop, config_map
from tests.integration.repository.conftest import Files, Fixed, Submodule
from tests.integration.repository.servers import SshSite, basic, http_site, ssh_site


def secret(stage: Stage, name: str, **data: str) -> None:
    namespace = stage.control_namespace
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
    stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def declared(shop: Shop, name: str, url: str) -> dict[str, str]:
    manifest = dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}-{name}, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          source: {{repoURL: "{url}", path: deploy, targetRevision: main, directory: {{recurse: true}}}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{}}}}
        """)
    return {f".foresail/{name}.yaml": manifest}


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[SshSite]:
    Fixed(tmp_path / "ssh" / "config.git").commit("main", {"deploy/a.yaml": config_map("by-ssh", A="1")})
    with ssh_site(tmp_path / "ssh") as site:
        yield site


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Return a folder with a repository that has another as a submodule."""
    lib = Fixed(tmp_path / "served" / "lib.git").commit("main", {"b.yaml": config_map("in-a-submodule", B="1")})
    modules = '[submodule "lib"]\n\tpath = deploy/lib\n\turl = ../lib.git\n'
    files: Files = {
        "deploy/a.yaml": config_map("by-https", A="1"),
        "deploy/lib": Submodule(lib),
        ".gitmodules": modules,
    }
    Fixed(tmp_path / "served" / "config.git").commit("main", files)
    return tmp_path / "served"


def test_private_repositories_are_synced_and_what_opens_them_is_told_nobody(
    stage: Stage, open_shop: Opener, served: Path, ssh: SshSite
) -> None:
    canaries = Canaries()
    password, wrong = canaries("a password"), canaries("a password that is wrong")
    canaries("an SSH key", "\n".join(ssh.private_key.splitlines()[1:-1]))
    canaries("a header", basic("alice", password).removeprefix("Basic "))
    hosts = f"--from-literal=ssh_known_hosts={ssh.known_hosts}"
    stage.plane.kubectl("create", "configmap", "argocd-ssh-known-hosts-cm", "-n", stage.control_namespace, hosts)
    with http_site(served, lambda told: told == basic("alice", password)) as site:
        for name, word in (("config", password), ("lib", password), ("refused", wrong)):
            secret(stage, f"{name}-by-https", url=f"{site.url}/{name}.git", username="alice", password=word)
        secret(stage, "config-by-ssh", url=f"{ssh.url}/config.git", sshPrivateKey=ssh.private_key)
        shop = open_shop({"deploy/own.yaml": config_map("own", A="1")})
        files = {
            **declared(shop, "https", f"{site.url}/config.git"),
            **declared(shop, "ssh", f"{ssh.url}/config.git"),
            **declared(shop, "refused", f"{site.url}/refused.git"),
        }
        shop.repository.push("main", files)
        for name in ("by-https", "in-a-submodule", "by-ssh"):
            stage.until(partial(is_there, shop, name), what=name)
        number = shop.propose({name: text.replace("{}}", "{prune: true}}") for name, text in files.items()})
        shop.await_preview(number)
        stage.until(stage.is_idle, what="an end of all work")
        said = everything_said(stage)
    assert "the server does not accept its credentials" in said["comments"]
    assert {place: heard for place, text in said.items() if (heard := canaries.heard_in(text))} == {}


def is_there(shop: Shop, name: str) -> bool:
    return shop.live("ConfigMap", name) is not None
