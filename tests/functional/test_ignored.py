"""Fields in which the cluster may differ from Git: an autoscaler's replicas, and what is written of them."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, application, config_map, deployment

POINTER = dedent("""\
    ignoreDifferences:
      - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}
    """)
EXPRESSION = dedent("""\
    ignoreDifferences:
      - {group: apps, kind: Deployment, jqPathExpressions: ['.spec | select(.replicas > 1) | .replicas']}
    """)
MANAGER = dedent("""\
    ignoreDifferences:
      - {group: apps, kind: Deployment, managedFieldsManagers: [autoscaler]}
    """)
RESPECT = "RespectIgnoreDifferences=true"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return where what all applications ignore is mounted."""
    folder = tmp_path_factory.mktemp("argocd-cm")
    entry = folder / "resource.customizations.ignoreDifferences.ConfigMap"
    entry.write_text("jsonPointers: [/data/kept]\n", encoding="utf-8")
    return {"FORESAIL_ARGOCD_CM": str(folder)}


def open_ignoring(open_shop: Opener, ignored: str, *, options: str = "") -> Shop:
    """Open a shop whose Deployment of two replicas is run by an autoscaler."""
    shop = open_shop({"deploy/web.yaml": deployment()})
    declared = application(shop, options=options) + indent(ignored, "  ")
    sha = shop.repository.push("main", {f".foresail/{shop.name}.yaml": declared})
    shop.await_sync(sha)  # under the new definition: a sync that came later would take back what an autoscaler did
    assert "ignoreDifferences" in spec(shop)
    return shop


def spec(shop: Shop) -> dict[str, Any]:
    found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    return dict(found["spec"])


def scale(shop: Shop, replicas: int) -> None:
    """Do what an autoscaler does, and wait until its pods are there."""
    where = ("--namespace", shop.namespace)
    body = f'{{"spec": {{"replicas": {replicas}}}}}'
    patch = ("--subresource=scale", "--type=merge", "--field-manager=autoscaler", "--patch", body)
    shop.stage.plane.kubectl("patch", "deployment", "web", *where, *patch)
    shop.stage.until(lambda: ready(shop) == replicas, what=f"{replicas} ready pods")


def ready(shop: Shop) -> int:
    status = (shop.live("deployment", "web") or {}).get("status", {})
    return int(status.get("readyReplicas", 0))


def image(shop: Shop) -> str:
    containers = (shop.live("deployment", "web") or {})["spec"]["template"]["spec"]["containers"]
    return str(containers[0]["image"])


@pytest.mark.parametrize("ignored", [POINTER, EXPRESSION, MANAGER], ids=["pointer", "expression", "manager"])
def test_a_respected_field_keeps_its_live_value_and_the_preview_says_so(open_shop: Opener, ignored: str) -> None:
    shop = open_ignoring(open_shop, ignored, options=RESPECT)
    scale(shop, 4)
    number = shop.propose({"deploy/web.yaml": deployment(image="nginx:1.28", replicas=3)})
    assert shop.await_preview(number) == "success"
    assert "nginx:1.28" in shop.body(number)
    assert "replicas: " not in shop.body(number)
    shop.merge(number)
    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")
    assert (image(shop), shop.replicas("web")) == ("nginx:1.28", 4)


def test_what_an_autoscaler_does_between_preview_and_merge_is_no_difference(open_shop: Opener) -> None:
    shop = open_ignoring(open_shop, POINTER, options=RESPECT)
    scale(shop, 4)
    number = shop.propose({"deploy/web.yaml": deployment(image="nginx:1.28")})
    shop.await_preview(number)
    scale(shop, 5)
    shop.await_sync(shop.repository.merge(number))
    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")
    assert (image(shop), shop.replicas("web")) == ("nginx:1.28", 5)


def test_a_change_of_respected_fields_alone_changes_nothing(open_shop: Opener) -> None:
    shop = open_ignoring(open_shop, POINTER, options=RESPECT)
    scale(shop, 4)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    shop.merge(number)
    assert shop.replicas("web") == 4


def test_a_field_that_is_only_ignored_is_written_and_the_preview_says_so(open_shop: Opener) -> None:
    shop = open_ignoring(open_shop, POINTER)
    scale(shop, 4)
    number = shop.propose({"deploy/web.yaml": deployment(image="nginx:1.28")})
    shop.await_preview(number)
    assert "Drift" not in shop.body(number)
    assert "spec.replicas" in shop.body(number)
    shop.await_sync(shop.repository.merge(number))
    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")
    assert shop.replicas("web") == 2


def test_an_expression_that_is_none_fails_the_preview_by_its_place(open_shop: Opener) -> None:
    shop = open_shop({"deploy/web.yaml": deployment()})
    broken = application(shop) + indent(EXPRESSION.replace(".replicas'", ".replicas +'"), "  ")
    number = shop.propose({f".foresail/{shop.name}.yaml": broken})
    assert shop.await_preview(number) == "failure"
    assert "spec.ignoreDifferences[0].jqPathExpressions[0]" in shop.body(number)
    assert "syntax error" in shop.body(number)


def test_a_real_autoscaler_keeps_its_replicas(open_shop: Opener) -> None:
    ignored = MANAGER.replace("autoscaler", "kube-controller-manager")
    shop = open_ignoring(open_shop, ignored, options=RESPECT)
    shop.stage.plane.kubectl("autoscale", "deployment", "web", "--min=4", "--max=6", "--namespace", shop.namespace)
    shop.stage.until(lambda: ready(shop) == 4, what="4 ready pods")
    number = shop.propose({"deploy/web.yaml": deployment(image="nginx:1.28", replicas=3)})
    assert shop.await_preview(number) == "success"
    shop.merge(number)
    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")
    assert (image(shop), shop.replicas("web")) == ("nginx:1.28", 4)


def test_what_every_application_ignores_is_kept_too(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map(kept="git", colour="blue")}, options=RESPECT)
    where = ("--namespace", shop.namespace, "--type=merge", "--patch", '{"data": {"kept": "live"}}')
    shop.stage.plane.kubectl("patch", "configmap", "settings", *where)
    number = shop.propose({"deploy/settings.yaml": config_map(kept="git2", colour="green")})
    assert shop.await_preview(number) == "success"
    assert "kept: git" not in shop.body(number)
    shop.merge(number)
    assert shop.data("settings") == {"kept": "live", "colour": "green"}
