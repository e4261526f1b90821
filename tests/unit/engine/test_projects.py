"""The fence that a project is around its applications."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.projects import Fence, service_account, why_not_allowed, why_not_from
from bot.errors import Rejected
from bot.model.applications import Application, ApplicationSpec
from bot.model.projects import AppProject
from bot.model.resources import ResourceKey

HERE = ("in-cluster", "https://kubernetes.default.svc")
SHOP = "https://github.com/acme/shop"


def project(**spec: Any) -> AppProject:
    everywhere = [{"server": "*", "namespace": "*"}]
    return AppProject.parse(
        {"metadata": {"name": "team"}, "spec": {"sourceRepos": ["*"], "destinations": everywhere} | spec}
    )


def application(url: str = SHOP, namespace: str = "shop", name: str = "team") -> ApplicationSpec:
    destination = {"name": "in-cluster", "namespace": namespace}
    return ApplicationSpec.model_validate(
        {"project": name, "destination": destination, "source": {"repoURL": url, "path": "."}}
    )


def config(namespace: str = "shop") -> ResourceKey:
    return ResourceKey("", "ConfigMap", namespace, "settings")


def destinations(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": cluster, "namespace": namespace} for cluster, namespace in pairs]


@pytest.mark.parametrize("url", [SHOP, f"{SHOP}.git", "https://GitHub.com/acme/shop.git"])
def test_a_repository_is_allowed_however_its_url_is_written(url: str) -> None:
    assert why_not_allowed(project(sourceRepos=[SHOP]), application(url), HERE) == ""


@pytest.mark.parametrize(
    "patterns",
    [
        ["https://github.com/acme/other"],
        ["https://github.com/*"],
        ["*", "!https://github.com/acme/*"],
        ["http://github.com/acme/shop"],
        ["https://github.com:8443/acme/shop"],
        [],
    ],
)
def test_a_repository_that_no_pattern_fits_or_one_denies_is_not(patterns: list[str]) -> None:
    words = why_not_allowed(project(sourceRepos=patterns), application(), HERE)

    assert words == f"repository {SHOP} is not permitted in project team"


@pytest.mark.parametrize(
    "pattern", ["https://github.com/acme/*", "https://github.com/**", "https://*/acme/{shop,other}"]
)
def test_a_repository_may_be_allowed_by_a_pattern(pattern: str) -> None:
    assert why_not_allowed(project(sourceRepos=[pattern]), application(), HERE) == ""


def test_a_destination_is_allowed_by_the_name_or_the_url_of_its_cluster() -> None:
    by_url = [{"server": "https://kubernetes.default.svc", "namespace": "shop"}]

    assert why_not_allowed(project(destinations=by_url), application(), HERE) == ""
    assert why_not_allowed(project(destinations=destinations(("in-*", "sh*"))), application(), HERE) == ""


@pytest.mark.parametrize(
    "listed",
    [
        destinations(("in-cluster", "other")),
        destinations(("other", "shop")),
        destinations(("*", "*"), ("in-cluster", "!shop")),
        destinations(("*", "*"), ("!in-cluster", "*")),
        [],
    ],
)
def test_another_destination_is_not(listed: list[dict[str, str]]) -> None:
    words = why_not_allowed(project(destinations=listed), application(), HERE)

    assert words == "destination in-cluster · shop is not permitted in project team"


def test_a_project_has_to_exist_but_for_the_default_one() -> None:
    assert why_not_allowed(None, application(), HERE) == "it belongs to project team, which does not exist"
    assert why_not_allowed(None, application(name="default"), HERE) == ""


def test_an_object_stays_in_the_namespaces_of_the_project() -> None:
    fenced = project(destinations=destinations(("in-cluster", "shop")))

    assert Fence(fenced, HERE).refusal([config()]) == ""
    assert Fence(fenced, HERE).refusal([config(), config("kube-system")]) == (
        "ConfigMap kube-system/settings: namespace kube-system is not permitted in project team"
    )


def test_objects_of_the_whole_cluster_need_to_be_listed() -> None:
    role = ResourceKey("rbac.authorization.k8s.io", "ClusterRole", "", "reader")
    listed = [{"group": "rbac.authorization.k8s.io", "kind": "*"}]

    assert Fence(project(), HERE).refusal([role]) == (
        "ClusterRole reader: resource rbac.authorization.k8s.io:ClusterRole is not permitted in project team"
    )
    assert Fence(project(clusterResourceWhitelist=listed), HERE).refusal([role]) == ""
    denied = project(clusterResourceWhitelist=listed, clusterResourceBlacklist=[{"group": "*", "kind": "ClusterRole"}])
    assert Fence(denied, HERE).refusal([role])


def test_objects_of_namespaces_need_to_be_listed_only_where_there_is_a_list() -> None:
    listed = [{"group": "apps", "kind": "Deployment"}]

    assert Fence(project(), HERE).refusal([config()]) == ""
    assert Fence(project(namespaceResourceWhitelist=listed), HERE).refusal([config()])
    assert Fence(project(namespaceResourceWhitelist=[]), HERE).refusal([config()])
    assert Fence(project(namespaceResourceBlacklist=[{"group": "", "kind": "Config*"}]), HERE).refusal([config()])


def test_without_a_project_everything_is_permitted() -> None:
    assert Fence(None, HERE).refusal([ResourceKey("", "Namespace", "", "x")]) == ""


@pytest.mark.parametrize(
    ("lists", "key"),
    [
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}, ResourceKey("", "Namespace", "", "x")),
        ({"namespaceResourceWhitelist": [{"group": "*", "kind": "Secret"}]}, ResourceKey("", "Secret", "shop", "x")),
    ],
)
def test_a_star_is_also_the_group_without_a_name(lists: dict[str, Any], key: ResourceKey) -> None:
    assert Fence(project(**lists), HERE).permits(key)


def test_a_star_denies_names_that_begin_with_a_dot() -> None:
    denied = [{"group": "*", "kind": "Role"}]
    role = ResourceKey("rbac.authorization.k8s.io", "Role", "shop", ".admin")

    assert not Fence(project(namespaceResourceBlacklist=denied), HERE).permits(role)
    assert not Fence(project(namespaceResourceBlacklist=[{"group": "", "kind": "*"}]), HERE).permits(config())


def test_two_stars_cross_the_parts_of_a_url() -> None:
    denied = project(sourceRepos=["*", "!https://github.com/ac**"])

    assert why_not_allowed(denied, application(), HERE)


def test_an_application_without_a_namespace_may_go_wherever_any_is_allowed() -> None:
    assert why_not_allowed(project(), application(namespace=""), HERE) == ""


def account(*entries: tuple[str, str, str], namespace: str = "shop") -> str:
    listed = [{"server": one, "namespace": two, "defaultServiceAccount": three} for one, two, three in entries]
    spec = application(namespace=namespace)
    return service_account(project(destinationServiceAccounts=listed), spec, HERE, home="argocd")


def test_the_first_entry_that_fits_says_in_whose_name_objects_are_written() -> None:
    entries = (
        ("https://other", "*", "no"),
        (HERE[1], "bank", "no"),
        ("https://kube*", "sh*", "deployer"),
        ("*", "*", "no"),
    )
    assert account(*entries) == "system:serviceaccount:shop:deployer"
    assert account(("*", "*", "team:deployer")) == "system:serviceaccount:team:deployer"
    assert account(("*", "*", "deployer"), namespace="") == "system:serviceaccount:argocd:deployer"


@pytest.mark.parametrize("entries", [(), (("*", "bank", "x"),), (("*", "*", " "),), (("*", "*", "a/b"),)])
def test_nobody_is_no_name_to_write_in(entries: tuple[tuple[str, str, str], ...]) -> None:
    with pytest.raises(Rejected, match="service account"):
        account(*entries)


def living(namespace: str, *, project: str = "team") -> Application:
    spec = {"project": project, "destination": {"name": "in-cluster"}, "source": {"repoURL": SHOP}}
    return Application.parse({"metadata": {"name": "web", "namespace": namespace}, "spec": spec}, home="argocd")


@pytest.mark.parametrize("namespace", ["", "argocd"])
def test_from_the_control_namespace_any_project_may_be_used(namespace: str) -> None:
    assert why_not_from(project(), living(namespace)) == ""
    assert why_not_from(None, living(namespace)) == ""


@pytest.mark.parametrize("listed", [["team-a"], ["team-*"], ["/^team-[a-c]$/"], ["other", "team-a"]])
def test_from_elsewhere_a_project_may_be_used_that_says_so(listed: list[str]) -> None:
    assert why_not_from(project(sourceNamespaces=listed), living("team-a")) == ""


def test_from_elsewhere_nothing_is_used_that_asks_for_another_repository() -> None:
    closed = project(sourceNamespaces=["team-a"], sourceRepos=["https://github.com/acme/other"])
    assert why_not_from(closed, living("team-a")) == f"repository {SHOP} is not permitted in project team"
    assert why_not_from(closed, living("argocd")) == ""  # there the sync says so


@pytest.mark.parametrize("listed", [[], ["team-b"], ["argocd"], ["team"], ["/^team$/"]])
def test_from_elsewhere_no_other_project_may_be_used(listed: list[str]) -> None:
    words = "application 'web' in namespace 'team-a' is not allowed to use project 'team'"
    assert why_not_from(project(sourceNamespaces=listed), living("team-a")) == words


def test_the_default_project_may_not_be_used_from_elsewhere_unless_it_says_so() -> None:
    words = "application 'web' in namespace 'team-a' is not allowed to use project 'default'"
    assert why_not_from(None, living("team-a", project="")) == words
    assert why_not_from(None, living("team-a", project="default")) == words
    assert why_not_from(project(), living("team-a", project="default")) == words
