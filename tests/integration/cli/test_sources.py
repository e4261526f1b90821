"""What sources may say, from the Application in a checkout to what a person is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from tests.integration.cli.conftest import Done, Work, application, settings

KUSTOMIZATION = "resources: [settings.yaml]\n"


def objects(done: Done) -> list[dict[str, Any]]:
    assert done.code == 0, done.err
    return list(orjson.loads(done.out)["items"])


def noted(done: Done) -> dict[str, str]:
    (found,) = objects(done)
    return {
        name: value
        for name, value in found["metadata"]["annotations"].items()
        if not name.startswith("argocd.argoproj")
    }


def affected(done: Done) -> list[str]:
    assert done.code == 0, done.err
    return [one["application"] for one in done.report["verdicts"] if one["affected"]]


def test_an_override_for_one_application_changes_it_alone(shop: Work, namespace: str) -> None:
    shop.write(".foresail/twin.yaml", application("twin", namespace=namespace, path="apps/shop"))
    shop.write("apps/shop/kustomization.yaml", KUSTOMIZATION)
    shop.publish()
    shop.write("apps/shop/.argocd-source-twin.yaml", "kustomize: {commonAnnotations: {of: twin}}")
    assert noted(shop.foresail("render", "--app", "twin", "-o", "json")) == {"of": "twin"}
    assert noted(shop.foresail("render", "--app", "shop", "-o", "json")) == {}
    assert "twin" in affected(shop.foresail("explain", "-o", "json"))


def test_an_override_that_is_wrong_is_the_error(shop: Work) -> None:
    shop.write("apps/shop/.argocd-source.yaml", "kustomize: 3")
    done = shop.foresail("render")
    assert done.code == 1
    assert "apps/shop/.argocd-source.yaml: kustomize: Input should be a valid dictionary" in done.err


def test_a_source_that_mentions_the_revision_is_affected_by_every_commit(shop: Work, namespace: str) -> None:
    words = "$ARGOCD_APP_NAME in $ARGOCD_APP_NAMESPACE of $ARGOCD_APP_PROJECT_NAME at $ARGOCD_APP_REVISION"
    options = {"commonAnnotations": {"is": words}, "commonAnnotationsEnvsubst": True}
    declared = application("shop", namespace=namespace)
    declared["spec"]["source"]["kustomize"] = options
    shop.write(".foresail/shop.yaml", declared)
    shop.write("apps/shop/kustomization.yaml", KUSTOMIZATION)
    shop.publish()
    shop.write("README.md", "Nothing that anybody renders.")
    commit = shop.commit()
    assert affected(shop.foresail("explain", "--head", "HEAD", "-o", "json")) == ["shop"]
    found = noted(shop.foresail("render", "--head", "HEAD", "-o", "json"))
    assert found == {"is": f"shop in {namespace} of default at {commit}"}


def test_jsonnet_is_rendered_and_what_it_imports_counts(shop: Work) -> None:
    shop.write("apps/shop/more.jsonnet", "local l = import '../../lib/more.libsonnet'; l")
    shop.write("lib/more.libsonnet", orjson.dumps(settings("more")))
    shop.publish()
    shop.write("lib/more.libsonnet", orjson.dumps(settings("more", colour="red")))
    assert [one["metadata"]["name"] for one in objects(shop.foresail("render", "-o", "json"))] == ["more", "settings"]
    assert affected(shop.foresail("explain", "-o", "json")) == ["shop"]


def test_a_tool_that_the_operator_switches_off_is_plain_files(shop: Work, tmp_path: Path) -> None:
    shop.write("apps/shop/kustomization.yaml", f"{KUSTOMIZATION}commonAnnotations: {{by: kustomize}}\n")
    assert noted(shop.foresail("render", "-o", "json")) == {"by": "kustomize"}
    (tmp_path / "argocd-cm").mkdir()
    (tmp_path / "argocd-cm" / "kustomize.enable").write_text("false", encoding="utf-8")
    shop.environment["FORESAIL_ARGOCD_CM"] = str(tmp_path / "argocd-cm")
    assert noted(shop.foresail("render", "-o", "json")) == {}


def test_a_plugin_of_the_operator_renders_what_it_discovers(shop: Work, tmp_path: Path) -> None:
    plugin = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": {"name": "plain"},
        "spec": {
            "discover": {"fileName": "plain.txt"},
            "generate": {"command": ["sh", "-c", 'sed "s/settings/$ARGOCD_APP_NAME/" settings.yaml']},
        },
    }
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "plain.yaml").write_bytes(orjson.dumps(plugin))
    shop.write("apps/shop/plain.txt", "")
    shop.publish()
    shop.environment["FORESAIL_PLUGINS"] = str(tmp_path / "plugins")
    assert [one["metadata"]["name"] for one in objects(shop.foresail("render", "-o", "json"))] == ["shop"]
    shop.write("elsewhere/x", "What a plugin reads nobody knows.")
    assert affected(shop.foresail("explain", "-o", "json")) == ["shop"]
