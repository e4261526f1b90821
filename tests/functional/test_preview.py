"""What a pull request is told: effect and drift apart, refusals in the server's words, nothing secret."""

from __future__ import annotations

import base64
import json
import re
import socket

import pytest

from bot.model.metrics import TOLD
from bot.store.connection import connect
from bot.store.metrics import Metrics
from tests.functional.conftest import Opener, application, config_map, deployment

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


def test_what_was_changed_by_hand_is_shown_as_drift_apart_from_the_effect(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shop.stage.plane.kubectl("scale", "-n", shop.namespace, "deployment/web", "--replicas=5")
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    effect, _, drift = shop.body(number).partition("Drift that was there before (1)")
    assert "-  COLOUR: blue\n+  COLOUR: green" in effect
    assert "replicas" not in effect
    assert "-  replicas: 5\n+  replicas: 2" in drift
    counted = Metrics(connect(shop.stage.redis.url)).counted
    shop.stage.until(lambda: counted().get(TOLD, {}).get((), {}).get("sum", 0) > 0, what="how long it took is counted")


def test_what_the_api_server_would_refuse_is_told_at_the_object_in_its_words(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment().replace("replicas: 2", "replicas: -1")})
    assert shop.await_preview(number) == "failure"
    body = shop.body(number)
    assert "predicted to fail" in body
    assert "must be greater than or equal to 0" in body


def test_a_quota_refuses_in_the_preview_already(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shop.stage.plane.kubectl("create", "quota", "few", "--hard=configmaps=1", "-n", shop.namespace)
    shop.stage.until(
        lambda: "used" in str((shop.live("resourcequota", "few") or {}).get("status", {})), what="the quota's count"
    )
    number = shop.propose({"deploy/more.yaml": config_map("more", A="b")})
    assert shop.await_preview(number) == "failure"
    assert "exceeded quota: few" in shop.body(number)


def test_an_immutable_field_is_predicted_to_fail_without_a_replace_option(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment().replace("{app: web}", "{app: web, tier: front}")})
    assert shop.await_preview(number) == "failure"
    assert "immutable" in shop.body(number)


def test_a_file_that_cannot_be_read_is_named_with_its_line(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"})
    assert shop.await_preview(number) == "failure"
    assert "deploy/web.yaml" in shop.body(number)


def test_secret_values_appear_nowhere(open_shop: Opener) -> None:
    def secret(value: str) -> str:
        return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\nstringData: {{password: {value}}}\n"

    shop = open_shop({**FILES, "deploy/login.yaml": secret("correct-horse-battery")})
    number = shop.propose({"deploy/login.yaml": secret("staple-tr0ub4dor")})
    shop.await_preview(number)
    body = shop.body(number)
    assert f"~ Secret {shop.namespace}/login" in body
    assert "+  password: <redacted" in body
    for value in ("correct-horse-battery", "staple-tr0ub4dor"):
        assert value not in body
        assert base64.b64encode(value.encode()).decode() not in body


def test_a_number_in_a_secret_is_not_quoted_in_the_servers_notation_either(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {pin: 1234500e2}\n"
    number = shop.propose({"deploy/login.yaml": secret})
    assert shop.await_preview(number) == "failure"
    body = shop.body(number)
    assert "expected string" in body
    assert "12345" not in body
    assert "1.2345" not in body


def test_what_a_failing_kustomize_quotes_of_a_secret_is_not_shown(open_shop: Opener) -> None:
    shop = open_shop({**FILES, "deploy/kustomization.yaml": "resources: [web.yaml]\n"})
    literals = "secretGenerator: [{name: login, literals: [password=correct-horse, battery-staple]}]\n"
    number = shop.propose({"deploy/kustomization.yaml": f"resources: [web.yaml]\n{literals}"})
    assert shop.await_preview(number) == "failure"
    body = shop.body(number)
    assert "a literal source is not `key=value`" in body
    assert "horse" not in body
    assert "staple" not in body


def test_removing_an_object_is_an_orphan_when_pruning_is_off(open_shop: Opener) -> None:
    shop = open_shop(FILES, prune=False)
    number = shop.propose({"deploy/settings.yaml": None})
    shop.await_preview(number)
    assert "no longer managed" in shop.body(number)
    assert shop.live("configmap", "settings") is not None


def test_a_new_application_is_previewed_before_it_exists(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    declared = shop.repository.read(f".foresail/{shop.name}.yaml").decode()
    second = declared.replace(f"name: {shop.name}", f"name: {shop.name}-second").replace("path: deploy", "path: second")
    number = shop.propose({".foresail/second.yaml": second, "second/extra.yaml": config_map("extra", A="b")})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert f"{shop.name}-second" in body
    assert f"+ ConfigMap {shop.namespace}/extra" in body


def test_a_change_has_nobody_call_at_the_ports_of_a_repository_in_use(open_shop: Opener) -> None:
    known, shop = open_shop(FILES), open_shop(FILES)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.0)
        port = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        elsewhere = re.sub(r"http://[^/]+/", port, application(known)).replace(known.name, f"{shop.name}-new", 1)
        number = shop.propose({".foresail/new.yaml": elsewhere})
        shop.await_preview(number)
        assert "is not predicted: no application on the target branch uses the repository" in shop.body(number)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_kustomization_is_rendered_with_its_base(open_shop: Opener) -> None:
    shop = open_shop(
        {
            "deploy/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n",
            "base/kustomization.yaml": "resources: [settings.yaml]\n",
            "base/settings.yaml": config_map(COLOUR="blue"),
        }
    )
    assert shop.live("configmap", "prod-settings") is not None
    number = shop.propose({"base/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    assert "+  COLOUR: green" in shop.body(number)


def test_what_is_certain_to_fail_is_not_called_estimated(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    typo = deployment("other").replace("kind: Deployment", "kind: Deploymnet")
    nowhere = config_map("lost", A="b").replace("name: lost", "name: lost\n  namespace: nowhere-at-all")
    number = shop.propose({"deploy/typo.yaml": typo, "deploy/nowhere.yaml": nowhere})
    assert shop.await_preview(number) == "failure"
    assert "2 resources predicted to fail" in shop.body(number)


def test_a_change_that_repairs_the_target_branch_is_predicted(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shop.await_sync(shop.repository.push("main", {"deploy/web.yaml": "kind: [\n"}), "failure")
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert "-  replicas: 2\n+  replicas: 3" in body
    assert "the target branch cannot be rendered" in body


def test_a_name_that_is_none_fails_its_application_and_its_repair_is_predicted(open_shop: Opener) -> None:
    for name in ("a/b", "a%2fb"):
        shop = open_shop(FILES)
        number = shop.propose({"deploy/odd.yaml": config_map(name, A="b")})
        assert shop.await_preview(number) == "failure"
        assert "cannot be the name" in shop.body(number)
        shop.repository.push("feature", {"deploy/odd.yaml": config_map("odd", A="b")})
        assert shop.await_preview(number) == "success"


def test_nothing_outside_of_its_project_is_shown_or_predicted(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    plane, control = shop.stage.plane, shop.stage.control_namespace
    elsewhere = shop.unique()
    plane.kubectl("create", "namespace", elsewhere)
    plane.kubectl("create", "configmap", "theirs", "-n", elsewhere, "--from-literal=PLAN=confidential")
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": shop.name, "namespace": control},
        "spec": {"sourceRepos": ["*"], "destinations": [{"name": "*", "namespace": shop.namespace}]},
    }
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(project))
    patch = json.dumps({"spec": {"project": shop.name}})
    plane.kubectl("patch", "application", shop.name, "-n", control, "--type=merge", "-p", patch)
    theirs = config_map("theirs", PLAN="public").replace("name: theirs", f"name: theirs\n  namespace: {elsewhere}")
    number = shop.propose({"deploy/theirs.yaml": theirs})
    assert shop.await_preview(number) == "failure"
    assert "confidential" not in shop.body(number)
    words = shop.body(number).replace("`", "")
    assert f"namespace {elsewhere} is not permitted in project {shop.name}" in words
