"""Applications and projects in a real control cluster, under our own definitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bot.cluster
from bot.cluster.applications import APPLICATION, Applications, Conflict, Projects, RecordTooLarge
from bot.cluster.discovery import UnknownKind
from bot.cluster.objects import Cluster, collection_path
from bot.engine.homes import Homes
from bot.engine.inheritance import GlobalProject
from bot.errors import Rejected
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cluster.conftest import wait_until

DEFINITIONS = Path(bot.cluster.__path__[0]) / "crds"


@pytest.fixture(scope="module")
def definitions(control_plane: ControlPlane, cluster: Cluster) -> None:
    control_plane.kubectl("apply", "-f", str(DEFINITIONS))
    wait_until(lambda: served(cluster))


def served(cluster: Cluster) -> bool:
    try:
        cluster.discovery.find(application("any", "any"))
    except UnknownKind:
        return False
    return True


@pytest.fixture
def applications(request: pytest.FixtureRequest, cluster: Cluster, namespace: str) -> Iterator[Applications]:
    request.getfixturevalue("definitions")
    yield Applications(cluster, homes=Homes(namespace))
    for obj in cluster.listed(APPLICATION, namespace=namespace):
        cluster.delete(obj)


def application(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    fields = {
        "project": "default",
        "destination": {"name": "in-cluster", "namespace": "shop"},
        "source": {"repoURL": "https://git.example/acme/shop.git", "path": "apps/shop"},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {name: value for name, value in (fields | spec).items() if value is not None},
    }


def test_kubectl_shows_what_users_of_argo_cd_expect(applications: Applications, control_plane: ControlPlane) -> None:
    applications.apply(application("shop", applications.homes.control))
    shop = applications.get("shop")
    assert shop is not None
    status = {"sync": {"status": "Synced", "revision": "abc"}, "health": {"status": "Healthy"}}
    applications.update(shop, {"status": status})

    lines = control_plane.kubectl("get", "applications", "-n", applications.homes.control).splitlines()
    assert lines[0].split() == ["NAME", "SYNC", "STATUS", "HEALTH", "STATUS"]
    assert lines[1].split() == ["shop", "Synced", "Healthy"]
    wide = control_plane.kubectl("get", "app", "-o", "wide", "-n", applications.homes.control).splitlines()
    assert wide[0].split() == ["NAME", "SYNC", "STATUS", "HEALTH", "STATUS", "REVISION", "PROJECT"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"destination": None}, "spec.destination: Required value"),
        ({"destination": {"name": "a", "server": "b"}}, "give either server or name, not both"),
        ({"destination": {}}, "name the cluster: server (its URL) or name"),
        ({"source": None}, "give source, or sources"),
        ({"source": {"path": "x"}}, "spec.source.repoURL: Required value"),
        ({"source": {"repoURL": ""}}, "spec.source.repoURL"),
        ({"source": {"repoURL": "x", "path": 5}}, ".spec.source.path: expected string"),
        ({"syncPolicy": {"automated": {"prune": "yes"}}}, ".spec.syncPolicy.automated.prune"),
        ({"syncPolicy": {"automatic": {}}}, ".spec.syncPolicy.automatic: field not declared in schema"),
        ({"syncPolicy": {"syncOptions": ["Prune"]}}, "spec.syncPolicy.syncOptions[0]"),
        ({"ignoreDifferences": [{"group": "apps"}]}, "spec.ignoreDifferences[0].kind: Required value"),
    ],
)
def test_a_wrong_spec_is_refused_at_the_field(applications: Applications, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected) as refused:
        applications.apply(application("shop", applications.homes.control, **spec))

    assert words in refused.value.message


def test_a_project_is_read_and_checked(applications: Applications, cluster: Cluster) -> None:
    project: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "shop", "namespace": applications.homes.control},
        "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "shop-*"}]},
    }
    cluster.create(project)
    projects = Projects(cluster, namespace=applications.homes.control)
    found = projects.find("shop")
    assert found is not None
    assert (found.spec.source_repos, projects.find("other")) == (("*",), None)

    cluster.create(
        {**project, "metadata": {**project["metadata"], "name": "all"}, "spec": {"sourceRepos": ["https://b"]}}
    )
    heirs = Projects(cluster, namespace=applications.homes.control, above=[GlobalProject("all", {})])
    inheriting = heirs.find("shop")
    assert inheriting is not None
    assert inheriting.spec.source_repos == ("*", "https://b")

    with pytest.raises(Rejected, match=r"spec\.sourceRepos"):
        cluster.create({**project, "metadata": {**project["metadata"], "name": "b"}, "spec": {"sourceRepos": "*"}})


def test_one_broken_application_does_not_hide_the_others(applications: Applications, cluster: Cluster) -> None:
    applications.apply(application("good", applications.homes.control))
    hydrated = application("odd", applications.homes.control, source=None, sourceHydrator={"drySource": {}})
    path = collection_path(APPLICATION, namespace=applications.homes.control)
    cluster.server.request("POST", path, body=hydrated)

    inventory = applications.all()
    assert [one.name for one in inventory.applications] == ["good"]
    assert [(one.name, one.message) for one in inventory.problems] == [
        ("odd", "Application odd: spec: give source, or sources")
    ]
    with pytest.raises(Rejected, match="Application odd"):
        applications.get("odd")


def test_of_two_who_change_an_application_the_second_is_told(applications: Applications) -> None:
    applications.apply(application("shop", applications.homes.control))
    first, second = applications.get("shop"), applications.get("shop")
    assert first is not None
    assert second is not None
    operation = {"sync": {"revision": "abc"}}

    assert applications.update(first, {"operation": operation}).operation == operation
    with pytest.raises(Conflict, match="Application shop changed meanwhile"):
        applications.update(second, {"operation": {"sync": {"revision": "def"}}})
    current = applications.get("shop")
    assert current is not None
    assert current.operation == operation
    assert applications.update(current, {"operation": None}).operation is None


def test_updating_an_application_that_is_gone_is_refused(applications: Applications, cluster: Cluster) -> None:
    created = applications.apply(application("shop", applications.homes.control))
    shop = applications.get("shop")
    assert shop is not None
    cluster.delete(created)
    wait_until(lambda: applications.get("shop") is None)

    with pytest.raises(Rejected, match="not found"):
        applications.update(shop, {"operation": None})
    assert applications.all().applications == ()


@pytest.mark.parametrize("megabytes", [1.6, 2.2, 3.3])
def test_a_record_that_the_server_has_no_room_for_is_refused_for_good(
    applications: Applications, megabytes: float
) -> None:
    applications.apply(application("shop", applications.homes.control))
    shop = applications.get("shop")
    assert shop is not None
    status = {"resources": ["x" * 1000] * int(megabytes * 1000)}
    with pytest.raises(RecordTooLarge, match="too many objects for its record") as caught:
        applications.update(shop, {"status": status})
    assert caught.value.remedy == "Split it into several applications."
    assert applications.get("shop") == shop


def test_applications_are_counted_without_being_read(applications: Applications) -> None:
    assert applications.count() == 0
    for name in ("shop", "site", "home"):
        applications.apply(application(name, applications.homes.control))
        assert applications.count() == len(applications.all().applications)


def test_applications_are_read_by_name(applications: Applications, cluster: Cluster) -> None:
    for name in ("shop", "site"):
        applications.apply(application(name, applications.homes.control))
    hydrated = application("odd", applications.homes.control, source=None, sourceHydrator={"drySource": {}})
    path = collection_path(APPLICATION, namespace=applications.homes.control)
    cluster.server.request("POST", path, body=hydrated)

    inventory = applications.named(["site", "odd", "gone", "no/name", "", "x" * 1_000_000])
    assert [one.name for one in inventory.applications] == ["site"]
    assert [one.message for one in inventory.problems] == ["Application odd: spec: give source, or sources"]


def test_many_that_are_most_of_all_are_read_in_pages(applications: Applications) -> None:
    applications.apply(application("shop", applications.homes.control))
    applications.apply(application("site", applications.homes.control))
    inventory = applications.named(["shop", *(f"gone-{number}" for number in range(200))])
    assert [one.name for one in inventory.applications] == ["shop"]
