"""`foresail preview` of applications, against a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import ResourceKey
from bot.preview.markdown import comments
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cli.conftest import Done, Work, application, apply, settings

SETTINGS = "apps/shop/settings.yaml"


def resources(done: Done) -> dict[str, dict[str, str]]:
    found = [resource for each in done.report["report"]["applications"] for resource in each["resources"]]
    return {resource["key"]["name"]: resource for resource in found}


def test_without_a_change_nothing_changes(shop: Work) -> None:
    done = shop.foresail("preview")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Merging changes nothing in any cluster\n")


def test_a_change_in_the_working_tree_is_shown(shop: Work) -> None:
    shop.write(SETTINGS, settings(colour="green"))
    done = shop.foresail("preview")
    assert done.code == 2, done.err
    assert "Merging changes 1 resource in 1 application" in done.out
    assert "-  colour: blue\n+  colour: green" in done.out
    assert "with the working tree: 1 file not as committed" in done.out


def test_a_new_file_is_shown_and_the_cluster_left_alone(
    shop: Work, control_plane: ControlPlane, namespace: str
) -> None:
    shop.write("apps/shop/more.yaml", settings("more"))
    assert shop.foresail("preview").code == 2
    assert "more" not in control_plane.kubectl("get", "configmaps", "-n", namespace, "-o", "name")


def test_a_head_by_name_is_shown_without_the_working_tree(shop: Work) -> None:
    shop.write(SETTINGS, settings(colour="green"))
    assert shop.foresail("preview", "--head", "HEAD").code == 0


def test_a_committed_change_is_shown_from_any_folder(shop: Work) -> None:
    shop.git("checkout", "--quiet", "-b", "feature")
    shop.write(SETTINGS, settings(colour="green"))
    shop.commit()
    assert "+  colour: green" in shop.foresail("preview", below="apps").out


def test_a_removed_object_is_pruned(shop: Work) -> None:
    (shop.folder / SETTINGS).unlink()
    shop.write("apps/shop/other.yaml", settings("other"))
    found = resources(shop.foresail("preview", "-o", "json"))
    assert (found["settings"]["action"], found["other"]["action"]) == ("prune", "create")


def test_drift_by_hand_is_shown_apart_from_the_effect(shop: Work, control_plane: ControlPlane, namespace: str) -> None:
    patch = '{"data": {"size": "huge"}}'
    control_plane.kubectl("patch", "configmap", "settings", "-n", namespace, "--type=merge", f"--patch={patch}")
    shop.write(SETTINGS, settings(colour="green"))
    found = resources(shop.foresail("preview", "-o", "json"))["settings"]
    assert "size" not in "".join(line for line in found["effect_diff"].splitlines() if line[0] in "+-")
    assert "-  size: huge\n+  size: small" in found["drift_diff"]


def test_an_application_that_is_added_is_shown(shop: Work, namespace: str) -> None:
    shop.write(".foresail/web.yaml", application("web", namespace=namespace))
    shop.write("apps/web/web.yaml", settings("web"))
    done = shop.foresail("preview", "-o", "json")
    assert [each["change"] for each in done.report["report"]["applications"]] == ["create"]
    assert resources(done)["web"]["action"] == "create"


def test_an_application_that_is_removed_is_shown(shop: Work) -> None:
    (shop.folder / ".foresail/shop.yaml").unlink()
    done = shop.foresail("preview", "-o", "json")
    assert [each["change"] for each in done.report["report"]["applications"]] == ["prune"]


def test_only_the_named_application_is_shown(shop: Work, namespace: str) -> None:
    for name in ("one", "two"):
        shop.write(f".foresail/{name}.yaml", application(name, namespace=namespace))
        shop.write(f"apps/{name}/{name}.yaml", settings(name))
    done = shop.foresail("preview", "--app", "two", "-o", "json")
    assert [each["name"] for each in done.report["report"]["applications"]] == ["two"]


def test_an_unknown_application_is_refused_with_what_there_is(shop: Work) -> None:
    done = shop.foresail("preview", "--app", "shoop")
    assert (done.code, done.out) == (1, "")
    assert "no application 'shoop'" in done.err
    assert "There is: shop." in done.err


def test_every_verdict_is_explained(shop: Work, namespace: str) -> None:
    shop.write(".foresail/web.yaml", application("web", namespace=namespace))
    shop.write("apps/web/web.yaml", settings("web"))
    done = shop.foresail("explain")
    assert done.code == 0, done.err
    assert "  shop  everything it is rendered from is the same on both sides" in done.out
    assert "* web   the change adds this application" in done.out


def test_what_one_application_reads_is_explained(shop: Work) -> None:
    shop.write(SETTINGS, settings(colour="green"))
    shop.write("apps/web/web.yaml", settings("web"))
    done = shop.foresail("explain", "--app", "shop")
    assert done.code == 0, done.err
    words = "* shop  files that apps/shop is rendered from differ"
    assert done.out.splitlines() == [words, "    reads    apps/shop", "    changed  apps/shop/settings.yaml"]


def test_markdown_is_what_the_bot_would_post(shop: Work) -> None:
    shop.write(SETTINGS, settings(colour="green"))
    shop.environment["FORESAIL_INSTANCE"] = "prod"
    written = shop.foresail("preview", "-o", "markdown").out
    report = read(shop.foresail("preview", "-o", "json"))
    assert steady(written) == steady("\n".join(comments(report, instance="prod")))


def read(done: Done) -> Report:
    given = done.report["report"]
    return Report(**{**given, "applications": tuple(map(read_application, given["applications"]))})


def read_application(given: dict[str, Any]) -> ApplicationReport:
    told = tuple(map(read_resource, given["resources"]))
    lists = {name: tuple(given[name]) for name in ("dangers", "findings", "images", "notes")}
    return ApplicationReport(**{**given, **lists, "change": Action(given["change"]), "resources": told})


def read_resource(given: dict[str, Any]) -> ResourceReport:
    actions = {name: Action(given[name]) for name in ("action", "drift")}
    lists = {name: tuple(given[name]) for name in ("dangers", "findings")}  # of these changes there are none
    return ResourceReport(**{**given, **actions, **lists, "key": ResourceKey(**given["key"])})


def steady(markdown: str) -> list[str]:
    """Leave out how long it took."""
    return [line for line in markdown.splitlines() if not line.startswith("<sub>")]


def test_json_says_its_version_headline_and_exit_code(shop: Work) -> None:
    shop.write(SETTINGS, settings(colour="green"))
    done = shop.foresail("preview", "--output", "json")
    assert (done.report["version"], done.report["exit_code"]) == (1, done.code)
    assert done.report["headline"] == "Merging changes 1 resource in 1 application"


def test_a_conflict_is_reported_with_its_files(shop: Work) -> None:
    shop.git("checkout", "--quiet", "-b", "feature")
    shop.write(SETTINGS, settings(colour="green"))
    shop.commit()
    shop.git("checkout", "--quiet", "main")
    shop.write(SETTINGS, settings(colour="red"))
    shop.commit()
    done = shop.foresail("preview", "--base", "main", "--head", "feature")
    assert done.code == 1
    assert "Nothing predicted: 1 file in merge conflict" in done.out
    assert f"  {SETTINGS}" in done.out


def test_a_head_is_merged_into_the_base_as_the_forge_would(shop: Work) -> None:
    shop.git("checkout", "--quiet", "-b", "feature")
    shop.write(SETTINGS, settings(colour="green"))
    shop.commit()
    shop.git("checkout", "--quiet", "main")
    shop.write("apps/shop/later.yaml", settings("later"))
    shop.commit()
    found = resources(shop.foresail("preview", "--base", "main", "--head", "feature", "-o", "json"))
    assert found["settings"]["action"] == "change"
    assert found["later"]["action"] == "nothing"


def test_broken_yaml_is_named_with_file_and_line(shop: Work) -> None:
    shop.write("apps/shop/broken.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: }\n")
    done = shop.foresail("preview")
    assert done.code == 1
    assert "apps/shop/broken.yaml" in done.out
    assert "line 3" in done.out
    assert "1 application cannot be rendered" in done.out


def test_a_broken_declaration_is_named_with_its_file(shop: Work) -> None:
    shop.write(".foresail/broken.yaml", "kind: Application\nspec: [\n")
    done = shop.foresail("preview")
    assert (done.code, done.out) == (1, "")
    assert ".foresail/broken.yaml" in done.err


def test_a_wrong_field_of_a_declaration_is_named(shop: Work, namespace: str) -> None:
    wrong = application("web", namespace=namespace)
    del wrong["spec"]["destination"]
    shop.write(".foresail/web.yaml", wrong)
    done = shop.foresail("preview")
    assert done.code == 1
    assert "Application web: spec.destination" in done.err


def test_what_the_api_server_refuses_is_said_at_the_object(shop: Work) -> None:
    shop.write("apps/shop/more.yaml", {**settings("more"), "data": {"a": {"not": "text"}}})
    done = shop.foresail("preview")
    assert done.code == 1
    assert "1 resource predicted to fail" in done.out
    assert "ConfigMap" in done.out.partition("Predicted to fail:")[2]


def test_all_of_it_is_had_as_a_page_that_stands_alone(shop: Work) -> None:
    shop.write(SETTINGS, settings(colour="green"))
    done = shop.foresail("preview", "-o", "html")
    assert (done.code, done.err) == (2, "")
    assert done.out.startswith("<!doctype html>")
    assert "<ins>+  colour: green\n</ins>" in done.out
    assert done.out.rstrip().endswith("</html>")
    refused = shop.foresail("explain", "-o", "html")
    assert refused.code == 1
    assert "-o text, or -o json" in refused.err


@pytest.mark.parametrize("form", ["text", "markdown", "json", "html"])
def test_values_of_secrets_are_never_printed(
    shop: Work, control_plane: ControlPlane, namespace: str, form: str
) -> None:
    def secret(value: str) -> dict[str, object]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"password": value}}

    apply(control_plane, secret("correct-horse-one"), namespace=namespace, owner="shop")
    shop.write("apps/shop/key.yaml", secret("battery-staple-two"))
    done = shop.foresail("preview", "-o", form)
    assert done.code == 2, done.err
    shown = done.out + done.err
    for leaked in ("correct-horse", "battery-staple", "Y29ycmVjdC1ob3JzZ", "YmF0dGVyeS1zdGFwbG"):
        assert leaked not in shown


def test_an_application_of_the_cluster_is_found_by_its_repository(
    shop: Work, kinds: ControlPlane, namespace: str
) -> None:
    shop.write("apps/kept/kept.yaml", settings("kept"))
    shop.publish()
    apply(
        kinds, application("kept", namespace=namespace, url="git@git.example.com:shop/config.git"), namespace=namespace
    )
    shop.write("apps/kept/kept.yaml", settings("kept", colour="green"))
    done = shop.foresail("preview", "--control-namespace", namespace, "-o", "json")
    assert [each["name"] for each in done.report["report"]["applications"]] == ["kept"]


def test_a_fork_shows_the_applications_of_the_repository_it_came_from(shop: Work) -> None:
    shop.git("remote", "rename", "origin", "upstream")
    shop.git("remote", "add", "origin", "https://git.example.com/dev/config.git")
    shop.write(SETTINGS, settings(colour="green"))
    assert "+  colour: green" in shop.foresail("preview", "--base", "main").out


def test_applications_that_applications_declare_are_followed(shop: Work, namespace: str) -> None:
    parent = application("parent", namespace="foresail", path="declared")
    shop.write(".foresail/parent.yaml", parent)
    shop.write("declared/child.yaml", application("child", namespace=namespace))
    shop.write("apps/child/child.yaml", settings("child"))
    done = shop.foresail("preview", "--app", "child", "-o", "json")
    assert resources(done)["child"]["action"] == "create"


def test_a_file_wins_over_the_cluster(shop: Work, kinds: ControlPlane, namespace: str) -> None:
    apply(kinds, application("shop", namespace=namespace, path="apps/elsewhere"), namespace=namespace)
    shop.write(SETTINGS, settings(colour="green"))
    done = shop.foresail("preview", "--control-namespace", namespace, "-o", "json")
    assert resources(done)["settings"]["action"] == "change"


def test_without_any_application_the_error_leads_to_a_folder(shop: Work, kinds: ControlPlane, namespace: str) -> None:
    shop.git("rm", "--quiet", "-r", ".foresail")
    shop.publish()
    other = application("other", namespace=namespace, url="https://git.example.com/other.git")
    apply(kinds, other, namespace=namespace)
    done = shop.foresail("preview", "--control-namespace", namespace)
    assert (done.code, done.out) == (1, "")
    assert "no application comes from this repository (git.example.com/shop/config)" in done.err
    assert "https://git.example.com/other.git" in done.err
    assert "--path" in done.err
