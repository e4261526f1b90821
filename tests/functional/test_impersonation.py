"""Objects are written in the name of the service account that an application's project names."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import yaml

from bot.sandbox.stage import Stage
from tests.functional.conftest import Opener, Shop, config_map

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: b}\n"
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {argocd.argoproj.io/hook: PreSync}}
spec:
  template:
    spec: {nodeSelector: {on: mars}, restartPolicy: Never, containers: [{name: run, image: "busybox:1"}]}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return settings of a Foresail whose `argocd-cm` asks for impersonation."""
    mounted: Path = tmp_path_factory.mktemp("argocd-cm")
    (mounted / "application.sync.impersonation.enabled").write_text("true\n", "ascii")
    return {"FORESAIL_ARGOCD_CM": str(mounted)}


@pytest.fixture(scope="module", autouse=True)
def project(stage: Stage) -> None:
    """Have the roots written by an administrator, and everything else by `deployer` of its namespace."""
    here = "https://kubernetes.default.svc"
    accounts = [
        {"server": here, "namespace": stage.control_namespace, "defaultServiceAccount": "root"},
        {"server": here, "namespace": "test-*", "defaultServiceAccount": "deployer"},
    ]
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "destinationServiceAccounts": accounts,
    }
    metadata = {"name": "default", "namespace": stage.control_namespace}
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}
    stage.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(manifest))
    subject = f"--user=system:serviceaccount:{stage.control_namespace}:root"
    stage.plane.kubectl(
        "create", "rolebinding", "root", "-n", stage.control_namespace, "--clusterrole=cluster-admin", subject
    )


@pytest.fixture
def shop(stage: Stage, open_shop: Opener, namespace: str) -> Shop:
    """Return a shop whose service account may write ConfigMaps alone."""
    kubectl, user = stage.plane.kubectl, f"--user=system:serviceaccount:{namespace}:deployer"
    kubectl("create", "role", "configs", "-n", namespace, "--verb=*", "--resource=configmaps")
    kubectl("create", "rolebinding", "configs", "-n", namespace, "--role=configs", user)
    return open_shop(FILES)


def writers(shop: Shop, name: str) -> set[str]:
    """Return in whose name an object was written or tried, as the API server logged it."""
    whole = shop.stage.plane.audit_log.read_bytes().rpartition(b"\n")[0]  # the rest is yet to come
    events = map(orjson.loads, whole.splitlines())
    meant = [one for one in events if one.get("objectRef", {}).get("namespace") == shop.namespace]
    return {
        one.get("impersonatedUser", {}).get("username", "ourselves")
        for one in meant
        if one["objectRef"].get("name") == name and "foresail" in one.get("userAgent", "")
    }


def test_a_preview_and_a_sync_are_done_in_its_name(shop: Shop) -> None:
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    shop.merge(number)
    assert shop.data("settings") == {"COLOUR": "green"}
    assert writers(shop, "settings") == {f"system:serviceaccount:{shop.namespace}:deployer"}


def test_what_goes_with_an_application_goes_in_its_name(shop: Shop) -> None:
    kubectl, where = shop.stage.plane.kubectl, f"--namespace={shop.stage.control_namespace}"
    cascade = '{"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}}'
    kubectl("patch", "application", shop.name, where, "--type=merge", f"--patch={cascade}")
    kubectl("delete", "application", shop.name, where, "--wait=false")
    shop.stage.until(lambda: shop.live("configmap", "settings") is None, what="the end of its objects")
    assert writers(shop, "settings") == {f"system:serviceaccount:{shop.namespace}:deployer"}


def test_a_hook_that_a_person_ends_goes_in_its_name(shop: Shop) -> None:
    kubectl, where = shop.stage.plane.kubectl, f"--namespace={shop.stage.control_namespace}"
    user = f"--user=system:serviceaccount:{shop.namespace}:deployer"
    kubectl("create", "role", "jobs", "-n", shop.namespace, "--verb=*", "--resource=jobs.batch")
    kubectl("create", "rolebinding", "jobs", "-n", shop.namespace, "--role=jobs", user)
    sha = shop.repository.push("main", {"deploy/before.yaml": HOOK})
    shop.stage.until(lambda: "waiting for completion of hook" in str(shop.status(sha, "sync")), what="the hook")

    ending = '{"status": {"operationState": {"phase": "Terminating"}}}'
    kubectl("patch", "application", shop.name, where, "--type=merge", f"--patch={ending}")
    shop.stage.until(lambda: shop.live("job", "before") is None, what="the end of the hook")
    assert writers(shop, "before") == {f"system:serviceaccount:{shop.namespace}:deployer"}


def test_what_it_may_not_write_is_predicted_to_fail(shop: Shop) -> None:
    number = shop.propose({"deploy/secret.yaml": SECRET})
    assert shop.await_preview(number) == "failure"
    assert f'`system:serviceaccount:{shop.namespace}:deployer`" cannot patch resource "secrets"' in shop.body(number)
