"""A person without a checkout works on an Application in the cluster: from a difference to a sync, and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from bot.sandbox.installation import ROOT
from tests.functional.conftest import Opener, Shop, config_map, deployment

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}


STUCK = deployment().replace("containers: [", "nodeSelector: {on: mars}\n      containers: [")


@dataclass(frozen=True)
class Person:
    """Somebody with a kubeconfig."""

    shop: Shop
    home: Path

    def app(self, command: str, *options: str, code: int = 0) -> str:
        """Run `foresail app <command> <the shop>`, which has to end with this code, and return all it said."""
        environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(self.shop.stage.plane.kubeconfig),
            "FORESAIL_CONTROL_NAMESPACE": self.shop.stage.control_namespace,
            "FORESAIL_FETCH_ALLOW": "127.0.0.1",
        }
        words = [sys.executable, "-m", "bot.cli.main", "app", command, self.shop.name, *options]
        done = subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        return said


def manual(shop: Shop) -> str:
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          source: {{repoURL: {shop.repository.clone_url}, path: deploy, targetRevision: main}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
        """)


def with_secret(shop: Shop) -> None:
    """Say how the repository is reached by whoever may read Secrets beside the Application."""
    app, metadata = shop.stage.app, {"name": f"{shop.name}-repository", "namespace": shop.stage.control_namespace}
    data = {
        "url": shop.repository.clone_url,
        "githubAppID": str(app.id),
        "githubAppPrivateKey": app.private_key_pem,
        "githubAppEnterpriseBaseUrl": shop.stage.github.url,
    }
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {**metadata, "labels": labels}, "stringData": data}
    shop.stage.plane.kubectl("create", "--filename=-", stdin=json.dumps(manifest))


@pytest.fixture
def person(open_shop: Opener, tmp_path: Path) -> Person:
    """Return somebody whose application is synced by nobody else."""
    shop = open_shop(FILES)
    shop.repository.push("main", {f".foresail/{shop.name}.yaml": manual(shop)})
    shop.stage.until(lambda: not shop.is_automated(), what="the definition")
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    with_secret(shop)
    return Person(shop, tmp_path)


def test_an_application_is_synced_stopped_and_taken_back_from_the_command_line(person: Person) -> None:
    shop, app = person.shop, person.app
    app("wait", "--timeout", "300")
    assert app("diff") == ""

    green = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    assert "+  COLOUR: green" in app("diff", code=1)
    assert "operation Succeeded" in app("sync", "--wait", "--timeout", "300")
    assert shop.data("settings") == {"COLOUR": "green"}
    assert app("diff") == ""
    assert green in app("history")

    shop.repository.push("main", {"deploy/web.yaml": STUCK})
    app("sync")
    shop.stage.until(lambda: shop.live("deployment", "web") is not None, what="the deployment")
    assert "has an operation that has not ended" in app("sync", code=20)
    assert "operation Failed: Operation terminated" in app("terminate", "--wait", "--timeout", "300")

    assert "operation Succeeded" in app("rollback", "--wait", "--timeout", "300")
    assert shop.data("settings") == {"COLOUR": "blue"}

    assert "nothing was written (dry run)" in app("sync", "--dry-run", "--resource", ":ConfigMap:settings", "--wait")
    assert "its objects are gone" in app("delete", "--yes", "--wait", "--timeout", "300")
    assert shop.live("configmap", "settings") is None
