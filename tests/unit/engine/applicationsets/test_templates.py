"""From parameters to Applications."""

from __future__ import annotations

import pytest

from bot.engine.applicationsets.definition import SyncPolicy
from bot.model.applications import Application
from tests.unit.engine.applicationsets.world import GO_TEMPLATE, TEMPLATE, generate, names, problem

ONE = "- list: {elements: [{name: web, path: apps/web}]}"
GO = "goTemplate: true"


def test_an_application_is_whole() -> None:
    (found,) = generate(ONE).applications
    assert Application.parse(found, home="argocd").name == "web"
    assert found["metadata"] == {
        "name": "web",
        "namespace": "argocd",
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }


def test_what_is_unknown_stays_as_it_is() -> None:
    assert generate(ONE, TEMPLATE.replace("{{path}}", "a/{{nope}}")).applications[0]["spec"]["source"]["path"] == (
        "a/{{nope}}"
    )


def test_keys_are_rendered_as_well() -> None:
    template = TEMPLATE.replace("metadata: {", "metadata: {labels: {'team-{{name}}': '{{name}}'}, ")
    assert generate(ONE, template).applications[0]["metadata"]["labels"] == {"team-web": "web"}


def test_preserving_resources_leaves_the_finalizer_out() -> None:
    found = generate(ONE, more="syncPolicy: {preserveResourcesOnDeletion: true, applicationsSync: create-only}")
    assert "finalizers" not in found.applications[0]["metadata"]
    assert found.sync_policy == SyncPolicy("create-only", preserves=True)


def test_a_finalizer_of_the_template_stays_alone() -> None:
    template = TEMPLATE.replace("metadata: {", "metadata: {finalizers: [x.example/y], ")
    assert generate(ONE, template).applications[0]["metadata"]["finalizers"] == ["x.example/y"]


@pytest.mark.parametrize(
    ("policy", "updates", "deletes"),
    [
        ("sync", True, True),
        ("create-only", False, False),
        ("create-update", True, False),
        ("create-delete", False, True),
    ],
)
def test_the_policy_says_what_may_be_done(policy: str, updates: bool, deletes: bool) -> None:  # noqa: FBT001 - a table
    found = generate(ONE, more=f"syncPolicy: {{applicationsSync: {policy}}}").sync_policy
    assert (found.may_update, found.may_delete) == (updates, deletes)


def test_a_policy_that_is_none_is_refused() -> None:
    assert "applicationsSync is none of" in problem(ONE, more="syncPolicy: {applicationsSync: never}")


def test_the_strategy_is_told() -> None:
    assert generate(ONE, more="strategy: {type: RollingSync}").strategy == "RollingSync"


def test_names_that_are_there_twice_are_refused() -> None:
    found = generate("- list: {elements: [{name: a}, {name: b}, {name: a}]}")
    assert names(found) == ["b"]
    assert dict(found.refused) == {"a": "ApplicationSet shops contains applications with duplicate name: a"}


def test_an_application_needs_a_name() -> None:
    found = generate("- list: {elements: [{name: ''}]}")
    assert dict(found.refused) == {"": "ApplicationSet shops contains an application with no name"}


def test_a_template_of_a_generator_stands_over_the_usual_one() -> None:
    own = "{metadata: {labels: {a: own}}, spec: {source: {path: other}, project: ''}}"
    template = TEMPLATE.replace("metadata: {", "metadata: {labels: {a: usual, b: usual}, ")
    (found,) = generate(f"- list: {{elements: [{{name: web}}], template: {own}}}", template).applications
    assert found["metadata"]["labels"] == {"a": "own", "b": "usual"}
    assert found["spec"]["source"]["path"] == "other"
    assert found["spec"]["project"] == "default"


def test_a_place_in_a_go_template_is_named() -> None:
    words = problem(ONE, GO_TEMPLATE.replace("{{.path}}", "{{.path | shout}}"), GO)
    assert words == (
        "ApplicationSet shops, generator 1 (list): template.spec.source.path: "
        "line 1, {{ .path | shout }}: the function shout is not defined"
    )


def test_missing_keys_can_be_errors() -> None:
    strict = f"{GO}\ngoTemplateOptions: [missingkey=error]"
    assert "there is no key 'nope'" in problem(ONE, GO_TEMPLATE.replace("{{.path}}", "{{.nope}}"), strict)


def test_a_patch_may_set_what_is_no_text() -> None:
    patch = """
goTemplate: true
templatePatch: |
  metadata:
    finalizers: [a.example/b]
    annotations: {a: null, b: "1"}
  spec:
    project: stolen
    syncPolicy:
      automated: {prune: {{ eq .name "web" }}}
    source:
      helm:
        valueFiles:
        {{- range splitList "/" .path }}
        - {{ . }}.yaml
        {{- end }}
"""
    template = GO_TEMPLATE.replace("metadata: {", "metadata: {annotations: {a: '0', c: '2'}, ")
    (found,) = generate(ONE, template, patch).applications
    assert found["spec"]["syncPolicy"] == {"automated": {"prune": True}}
    assert found["spec"]["source"]["helm"] == {"valueFiles": ["apps.yaml", "web.yaml"]}
    assert found["spec"]["project"] == "default"
    assert found["metadata"]["annotations"] == {"b": "1", "c": "2"}
    assert found["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io", "a.example/b"]


def test_an_empty_patch_changes_nothing() -> None:
    patched = generate(ONE, GO_TEMPLATE, GO + "\ntemplatePatch: '{{ if .nope }}x{{ end }}'")
    assert patched.applications == generate(ONE, GO_TEMPLATE, GO).applications


def test_a_patch_into_open_values_fails_as_in_argo_cd() -> None:
    helm = "{{.path}}', helm: {valuesObject: {a: {b: 1}}}, x: '"
    patch = f"{GO}\ntemplatePatch: '{{spec: {{source: {{helm: {{valuesObject: {{a: {{c: 2}}}}}}}}}}}}'"
    assert "unable to find api field in struct RawExtension" in problem(
        ONE, GO_TEMPLATE.replace("{{.path}}", helm), patch
    )


def test_a_patch_that_is_no_yaml_is_named() -> None:
    assert "templatePatch: line 1" in problem(ONE, GO_TEMPLATE, GO + "\ntemplatePatch: 'a: b: c'")


def test_the_namespace_is_the_applicationsets() -> None:
    template = TEMPLATE.replace("metadata: {", "metadata: {namespace: elsewhere, ")
    assert generate(ONE, template).applications[0]["metadata"]["namespace"] == "argocd"


@pytest.mark.parametrize("spec", ["generators", "template"])
def test_what_is_missing_is_named(spec: str) -> None:
    assert problem(ONE, more=f"{spec}: null") == f"ApplicationSet shops: spec.{spec} is missing"
