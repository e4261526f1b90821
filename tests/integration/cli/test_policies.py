"""`foresail preview` holds a change against the rules of its base branch, and the operator's."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cli.conftest import Done, Work, apply, settings

FOLDER = ".foresail/policies"
SETTINGS = "apps/shop/settings.yaml"
NO_RED = dedent("""\
    package main

    deny[msg] {
      input.kind == "ConfigMap"
      input.data.colour == "red"
      msg := "red is for alarms, <b>@acme/ops</b>"
    }

    warn contains "large" if { input.data.size == "large" }
    """)
OBJECTS = dedent("""\
    package foresail

    deny contains msg if {
      msg := json.marshal({"operation": input.operation, "old": input.oldObject, "new": input.object})
    }
    """)
ALL = "package foresail.application\n\ndeny contains json.marshal(input.objects) if true\n"


@pytest.fixture
def guarded(shop: Work) -> Work:
    """Return a shop whose main branch has a rule."""
    shop.write(f"{FOLDER}/colours.rego", NO_RED)
    shop.publish()
    return shop


def resource(done: Done, name: str = "settings") -> dict[str, Any]:
    found = [one for each in done.report["report"]["applications"] for one in each["resources"]]
    return next(one for one in found if one["key"]["name"] == name)


def test_what_a_rule_denies_is_an_error_and_what_it_warns_of_is_said(guarded: Work) -> None:
    guarded.write(SETTINGS, settings(colour="red", size="large"))
    done = guarded.foresail("preview")
    assert done.code == 1, done.err
    assert done.out.startswith("Merging changes 1 resource in 1 application, 1 policy violation\n")
    assert "violates policy main.deny: red is for alarms, <b>@acme/ops</b>" in done.out
    assert "is warned of by policy main.warn: large" in done.out


def test_json_has_what_rules_say(guarded: Work) -> None:
    guarded.write(SETTINGS, settings(size="large"))
    done = guarded.foresail("preview", "-o", "json")
    assert done.code == 2, done.err
    assert resource(done)["findings"] == [{"policy": "main.warn", "severity": "warn", "message": "large"}]
    assert done.report["report"]["broken_policies"] == []


def test_words_of_a_rule_are_inert_in_a_comment(guarded: Work) -> None:
    guarded.write(SETTINGS, settings(colour="red"))
    out = guarded.foresail("preview", "-o", "markdown").out
    assert out.index("[!CAUTION]") < out.index("red is for alarms, `<b>@acme/ops</b>`")


def test_a_rule_is_not_altered_by_the_change_that_it_judges(guarded: Work) -> None:
    (guarded.folder / FOLDER / "colours.rego").unlink()
    guarded.write(f"{FOLDER}/other.cel.yaml", "- {name: all, expression: 'false', message: denied}\n")
    guarded.write(SETTINGS, settings(colour="red"))
    done = guarded.foresail("preview", "-o", "json")
    assert [one["policy"] for one in resource(done)["findings"]] == ["main.deny"]


def test_a_change_that_touches_nothing_is_not_judged(guarded: Work) -> None:
    guarded.write(f"{FOLDER}/colours.rego", "no rego")
    guarded.publish()
    guarded.write("README.md", "text\n")
    assert guarded.foresail("preview").code == 0


def test_a_broken_rule_fails_the_preview_by_its_place(guarded: Work) -> None:
    guarded.write(f"{FOLDER}/broken.rego", "package main\n\ndeny contains msg if {\n  msg :=\n}\n")
    guarded.publish()
    guarded.write(SETTINGS, settings(colour="green"))
    done = guarded.foresail("preview")
    assert done.code == 1, done.err
    assert "Policies cannot be evaluated: .foresail/policies/broken.rego: line 4: Invalid assignment" in done.out


def test_rules_see_both_sides_as_the_server_has_them(shop: Work) -> None:
    shop.write(f"{FOLDER}/objects.rego", OBJECTS)
    shop.publish()
    shop.write(SETTINGS, settings(colour="green"))
    shop.write("apps/shop/pod.yaml", pod())
    done = shop.foresail("preview", "-o", "json")
    assert '"colour":"blue"' in resource(done)["findings"][0]["message"].partition('"old"')[2]
    assert '"colour":"green"' in resource(done)["findings"][0]["message"].partition('"old"')[0]
    created = resource(done, "web")["findings"][0]["message"]
    assert '"old":null' in created
    assert '"restartPolicy":"Always"' in created


def test_no_rule_sees_a_secret_value(shop: Work, control_plane: ControlPlane, namespace: str) -> None:
    live = secret(password="hunter2-before")
    apply(control_plane, live, namespace=namespace, owner="shop")
    shop.write("apps/shop/secret.yaml", live)
    shop.write(f"{FOLDER}/objects.rego", OBJECTS)
    shop.write(f"{FOLDER}/all.rego", ALL)
    shop.publish()
    shop.write("apps/shop/secret.yaml", secret(password="hunter2-after"))
    done = shop.foresail("preview", "-o", "json")
    assert "<redacted " in resource(done, "login")["findings"][0]["message"]
    assert "<redacted " in done.report["report"]["applications"][0]["findings"][0]["message"]
    assert "hunter2" not in done.out
    assert "aHVudGVyMi" not in done.out


def test_a_secret_value_that_a_rule_itself_knows_is_not_said(shop: Work) -> None:
    shop.write("apps/shop/secret.yaml", secret(password="hunter2-known"))
    shop.write(f"{FOLDER}/leak.cel.yaml", "- {name: leak, expression: 'false', message: it is hunter2-known}\n")
    shop.publish()
    shop.write("apps/shop/secret.yaml", secret(password="hunter2-known", other="more"))
    done = shop.foresail("preview", "-o", "json")
    assert resource(done, "login")["findings"][0]["message"] == "it is <redacted>"


def test_an_object_that_is_deleted_is_judged_by_what_is_live(shop: Work) -> None:
    rule = "expression: 'false', messageExpression: oldObject.data.colour, match: {operations: [delete]}"
    shop.write(f"{FOLDER}/keep.cel.yaml", f"- {{name: keep, {rule}}}\n")
    shop.publish()
    shop.write("apps/shop/other.yaml", settings("other"))
    (shop.folder / SETTINGS).unlink()
    done = shop.foresail("preview", "-o", "json")
    assert [one["message"] for one in resource(done)["findings"]] == ["blue"]
    assert resource(done, "other")["findings"] == []


def test_a_rule_about_a_whole_application_sees_what_the_change_leaves_alone(shop: Work) -> None:
    rule = 'warn contains msg if { msg := sprintf("%d", [count(input.objects)]) }'
    shop.write(f"{FOLDER}/all.rego", f"package foresail.application\n\n{rule}\n")
    shop.publish()
    shop.write("apps/shop/other.yaml", settings("other"))
    done = shop.foresail("preview", "-o", "json")
    findings = done.report["report"]["applications"][0]["findings"]
    assert [(one["policy"], one["message"]) for one in findings] == [("foresail.application.warn", "2")]


def test_the_operators_rules_hold_beside_those_of_the_repository(guarded: Work, tmp_path: Path) -> None:
    own = tmp_path / "policies"
    own.mkdir()
    (own / "a.cel.yaml").write_text("- {name: never, expression: 'false', message: ours}\n", encoding="utf-8")
    guarded.environment["FORESAIL_POLICIES"] = str(own)
    guarded.write(SETTINGS, settings(colour="red"))
    done = guarded.foresail("preview", "-o", "json")
    assert [one["policy"] for one in resource(done)["findings"]] == ["never", "main.deny"]


def pod() -> dict[str, Any]:
    containers = [{"name": "web", "image": "nginx:1.27"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": containers}}


def secret(**values: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": values}
