"""Applications and projects, read field by field."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import Rejected
from bot.model.applications import Application, ApplicationSpec
from bot.model.names import name_of_instance, split
from bot.model.projects import AppProject


def declared(**spec: Any) -> dict[str, Any]:
    fields = {
        "destination": {"name": "prod", "namespace": "shop"},
        "source": {"repoURL": "https://git.example/acme/shop.git", "path": "apps/web", "targetRevision": "main"},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {name: value for name, value in (fields | spec).items() if value is not None},
    }


def spec_of(**spec: Any) -> ApplicationSpec:
    return Application.parse(declared(**spec), home="argocd").spec


def test_an_application_is_read() -> None:
    application = Application.parse(declared(project="shop"), home="argocd")

    assert (application.name, application.namespace, application.spec.project) == ("web", "argocd", "shop")
    assert [source.path for source in application.spec.effective_sources] == ["apps/web"]
    assert str(application.spec.destination) == "prod · shop"


def test_what_the_cluster_adds_is_read_too() -> None:
    metadata = {"name": "web", "resourceVersion": "7", "uid": "u", "annotations": {"b": "2", "a": "1"}}
    application = Application.parse(
        {**declared(), "metadata": metadata, "operation": {"sync": {}}, "status": {"x": 1}}, home="argocd"
    )

    assert (application.resource_version, application.uid, application.annotation("b")) == ("7", "u", "2")
    assert (application.operation, application.status, application.annotation("c")) == ({"sync": {}}, {"x": 1}, "")


def test_sources_win_over_the_one_source() -> None:
    assert [each.path for each in spec_of(sources=[{"repoURL": "a", "path": "x"}]).effective_sources] == ["x"]


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({"destination": None}, "spec.destination: Field required"),
        ({"destination": {}}, "spec.destination: name the cluster: server (its URL) or name"),
        ({"destination": {"name": "a", "server": "b"}}, "spec.destination: give either server or name, not both"),
        ({"source": None}, "spec: give source, or sources"),
        ({"source": {"path": "x"}}, "spec.source.repoURL: Field required"),
        ({"source": {"repoURL": "x", "path": 5}}, "spec.source.path: Input should be a valid string"),
        ({"sources": [{"repoURL": ""}]}, "spec.sources[0].repoURL: String should have at least 1 character"),
        ({"syncPolicy": {"automated": {"prune": "yes"}}}, "spec.syncPolicy.automated.prune: Input should be a valid"),
        ({"revisionHistoryLimit": -1}, "spec.revisionHistoryLimit: Input should be greater than or equal to 0"),
        ({"syncPolicy": {"syncOptions": "A=b"}}, "spec.syncPolicy.syncOptions: Input should be a valid tuple"),
    ],
)
def test_a_wrong_field_is_named(spec: dict[str, Any], line: str) -> None:
    with pytest.raises(Rejected) as refused:
        Application.parse(declared(**spec), home="argocd")

    assert refused.value.message.startswith(f"Application web: {line}")


def test_every_wrong_field_has_a_line() -> None:
    with pytest.raises(Rejected) as refused:
        Application.parse(declared(project=5, source={}), home="argocd")

    assert len(refused.value.message.split("\n")) == 2


@pytest.mark.parametrize("obj", [{}, {"metadata": []}, {"metadata": {"name": 5}}, {"spec": []}, {"spec": "x"}])
def test_what_is_no_application_is_refused(obj: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="Application"):
        Application.parse(obj, home="argocd")


@pytest.mark.parametrize("annotations", [None, [], "x", {"a": 1}])
def test_hostile_annotations_break_nothing(annotations: Any) -> None:
    application = Application.parse(
        {**declared(), "metadata": {"name": "web", "annotations": annotations}}, home="argocd"
    )

    assert application.annotation("a") in {"", "1"}


@pytest.mark.parametrize("obj", [{"operation": {}}, {"operation": []}, {"operation": None}])
def test_an_empty_operation_is_none(obj: dict[str, Any]) -> None:
    assert Application.parse({**declared(), **obj}, home="argocd").operation is None


@pytest.mark.parametrize(
    ("automated", "starts", "prunes"),
    [
        (None, False, False),
        ({}, True, False),
        ({"prune": True}, True, True),
        ({"enabled": False, "prune": True}, False, False),
    ],
)
def test_only_an_automated_application_prunes_by_itself(
    automated: dict[str, bool] | None, *, starts: bool, prunes: bool
) -> None:
    spec = spec_of(syncPolicy={"automated": automated})

    assert (spec.automated, spec.prunes) == (starts, prunes)


@pytest.mark.parametrize(
    ("value", "alone"), [("true", True), ("1", True), ("false", False), ("yes", False), ("", False)]
)
def test_an_application_may_ask_to_be_left_alone(value: str, *, alone: bool) -> None:
    metadata = {"name": "web", "annotations": {"argocd.argoproj.io/skip-reconcile": value}}
    automated = declared(syncPolicy={"automated": {}})
    application = Application.parse({**automated, "metadata": metadata}, home="argocd")

    assert (application.left_alone, application.automated) == (alone, not alone)


def test_options_are_exact() -> None:
    spec = spec_of(syncPolicy={"syncOptions": ["Prune=false"]})

    assert spec.has_option("Prune=false")
    assert not spec.has_option("Prune")


def test_outside_the_control_namespace_an_instance_is_named_with_its_namespace() -> None:
    here, elsewhere = (Application.parse(declared(), home=home) for home in ("argocd", "foresail"))

    assert (here.name, here.short_name, here.instance) == ("web", "web", "web")
    assert (elsewhere.name, elsewhere.short_name, elsewhere.instance) == ("argocd/web", "web", "argocd_web")
    assert [name_of_instance(one.instance) for one in (here, elsewhere)] == ["web", "argocd/web"]
    assert split("web", home="argocd") == split("argocd/web", home="foresail") == ("argocd", "web")


@pytest.mark.parametrize(("namespace", "name"), [("a", "b_c"), ("a_b", "c"), ("", "a/b"), ("a/b", "c"), ("", "a_b")])
def test_no_application_passes_for_one_of_another_namespace(namespace: str, name: str) -> None:
    metadata = {"name": name, "namespace": namespace}

    with pytest.raises(Rejected, match="cannot be the name or namespace of an Application"):
        Application.parse({**declared(), "metadata": metadata}, home="argocd")


def test_a_tenant_has_one_lane_however_many_clusters_they_name() -> None:
    def lane(namespace: str, cluster: str) -> str:
        obj = declared(destination={"name": cluster})
        return Application.parse({**obj, "metadata": {"name": "web", "namespace": namespace}}, home="argocd").lane

    assert {lane("team-a", f"cluster-{number}") for number in range(9)} == {"team-a/"}
    assert lane("argocd", "prod") == "prod"


def test_what_generates_an_application_lives_where_it_does() -> None:
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "apps", "controller": True}
    obj = {**declared(), "metadata": {"name": "web", "namespace": "argocd", "ownerReferences": [owner]}}

    assert [Application.parse(obj, home=home).generator for home in ("argocd", "foresail")] == ["apps", ""]


def test_the_definition_changes_with_what_is_synced_where() -> None:
    same, policy = spec_of().definition, spec_of(syncPolicy={"automated": {}}).definition

    assert policy == same
    assert spec_of(revisionHistoryLimit=3).definition == same
    assert spec_of(destination={"name": "other"}).definition != same
    assert spec_of(sources=[{"repoURL": "a"}]).definition != same
    assert spec_of(project="other").definition != same
    assert spec_of(syncPolicy={"syncOptions": ["Replace=true"]}).definition != same
    assert spec_of(ignoreDifferences=[{"kind": "Deployment"}]).definition != same
    assert spec_of(syncPolicy={"automated": {"prune": True}}).definition != same


def test_fields_that_we_do_not_know_are_the_servers_business() -> None:
    assert spec_of(revisionHistory=3, source={"repoURL": "a", "unheardOf": 1}).source is not None


def test_a_project_is_read_and_checked() -> None:
    project = AppProject.parse({"metadata": {"name": "shop"}, "spec": {"sourceRepos": ["*"]}})

    assert (project.name, project.spec.source_repos) == ("shop", ("*",))
    assert AppProject.parse({"metadata": {"name": "empty"}}).spec.source_repos == ()
    with pytest.raises(Rejected, match=r"AppProject shop: spec\.sourceRepos"):
        AppProject.parse({"metadata": {"name": "shop"}, "spec": {"sourceRepos": "*"}})


def test_ignored_differences_are_read_as_argo_cd_names_them() -> None:
    entry = {
        "group": "apps",
        "kind": "Deployment",
        "name": "web",
        "jqPathExpressions": [".spec"],
        "jsonPointers": ["/a"],
    }
    (found,) = spec_of(ignoreDifferences=[entry]).ignore_differences
    assert (found.group, found.kind, found.name, found.namespace) == ("apps", "Deployment", "web", "")
    assert (found.json_pointers, found.jq_path_expressions, found.managed_fields_managers) == (("/a",), (".spec",), ())


@pytest.mark.parametrize("entry", [{"jsonPointers": ["/a"]}, {"kind": "X", "jsonPointers": "/a"}, "apps"])
def test_an_ignored_difference_that_says_nothing_is_named(entry: Any) -> None:
    with pytest.raises(Rejected, match=r"spec.ignoreDifferences\[0\]"):
        spec_of(ignoreDifferences=[entry])
