"""Which Applications are heard of and read, where they may live in several namespaces, on a real API server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from bot.cluster.applications import Applications
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.engine.homes import Homes
from bot.errors import Rejected
from bot.model.projects import AppProject
from bot.model.resources import JsonObject
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.stage import CRDS
from tests.integration.cluster.conftest import wait_until
from workers.watching.applications import ApplicationWatch


@dataclass
class World:
    """A control namespace, two of tenants and one of strangers, with an Application `shop` in each."""

    plane: ControlPlane
    server: ApiServer
    word: str
    heard: list[tuple[str, str]] = field(default_factory=list)
    listed: list[tuple[frozenset[str], Callable[[str], bool]]] = field(default_factory=list)

    @property
    def control(self) -> str:
        return f"control-{self.word}"

    def tenant(self, number: int) -> str:
        return f"tenant-{self.word}-{number}"

    @property
    def stranger(self) -> str:
        return f"stranger-{self.word}"

    @property
    def every(self) -> list[str]:
        return [self.control, self.tenant(1), self.tenant(2), self.stranger]

    def watch(self, homes: Homes, *, server: ApiServer | None = None) -> ApplicationWatch:
        def heard(event: str, obj: JsonObject) -> None:
            self.heard.append((event, homes.name_of(obj)))

        made = ApplicationWatch(server or self.server, homes, heard, lambda *told: self.listed.append(told))
        with made.hearing:
            made.begin()
        wait_until(lambda: made.listed.is_set() and made.is_current)
        return made

    def create(self, namespace: str, name: str) -> None:
        self.plane.kubectl("create", "--filename=-", stdin=yaml.safe_dump(application(namespace, name)))


def application(namespace: str, name: str) -> JsonObject:
    spec = {
        "project": "team",
        "source": {"repoURL": "https://git.example/acme/shop.git", "path": "."},
        "destination": {"name": "in-cluster", "namespace": namespace},
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def world(control_plane: ControlPlane) -> Iterator[World]:
    control_plane.kubectl("apply", "--server-side", "-f", str(CRDS))
    control_plane.await_established("-f", str(CRDS))
    server = ApiServer.from_kubeconfig(str(control_plane.kubeconfig))
    made = World(control_plane, server, uuid.uuid4().hex[:8])
    for namespace in made.every:
        control_plane.kubectl("create", "namespace", namespace)
        made.create(namespace, "shop")
    yield made
    for namespace in made.every:  # which ends the watches, too
        control_plane.kubectl("delete", "applications", "--all", "--namespace", namespace)


@pytest.fixture(autouse=True)
def silence(world: World) -> None:
    world.heard.clear()
    world.listed.clear()


def names(world: World, homes: Homes) -> set[str]:
    applications = Applications(Cluster(world.server), homes=homes)
    found = applications.names()
    every = applications.all()
    assert {one.name for one in every.applications} | {one.name for one in every.problems} == found
    return set(found)


def test_without_the_operators_word_nothing_else_is_heard_of_or_read(world: World) -> None:
    homes = Homes(world.control)
    world.watch(homes).stop()
    assert world.heard == [("ADDED", "shop")]
    assert names(world, homes) == {"shop"}
    assert Applications(Cluster(world.server), homes=homes).count() == 1
    applications = Applications(Cluster(world.server), homes=homes)
    assert applications.get("shop") is not None
    assert applications.read(f"{world.tenant(1)}/shop") is None
    assert not applications.named([f"{world.tenant(1)}/shop"]).applications


@pytest.mark.parametrize("patterned", [False, True])
def test_what_the_operator_names_is_heard_of_and_nothing_else(world: World, *, patterned: bool) -> None:
    tenants = [world.tenant(number) for number in (1, 2)]
    homes = Homes(world.control, (f"tenant-{world.word}-*",) if patterned else tuple(tenants))
    wanted = {"shop", *(f"{one}/shop" for one in tenants)}
    watch = world.watch(homes)
    assert set(world.heard) == {("ADDED", name) for name in wanted}
    assert frozenset[str]().union(*(told for told, _ in world.listed)) == wanted
    assert all(is_listed(name) for told, is_listed in world.listed for name in told)
    assert len(world.listed) == (1 if patterned else 3)
    assert names(world, homes) == wanted
    applications = Applications(Cluster(world.server), homes=homes)
    wait_until(lambda: applications.count() == len(wanted) + watch.strangers)
    assert (watch.strangers > 0) is patterned
    for place in (world.stranger, tenants[1]):
        world.create(place, "later")
        world.plane.kubectl("delete", "application", "later", "--namespace", place)
    wait_until(lambda: ("DELETED", f"{tenants[1]}/later") in world.heard)
    watch.stop()
    assert all("stranger" not in name and name for _, name in world.heard)


def test_a_namespace_that_may_not_be_read_keeps_nobody_from_the_others(world: World, tmp_path: Path) -> None:
    forbidden, homes = world.tenant(2), Homes(world.control, (world.tenant(1), world.tenant(2)))
    server = reader(world, tmp_path, world.control, world.tenant(1))
    watch = world.watch(homes, server=server)
    assert set(world.heard) == {("ADDED", "shop"), ("ADDED", f"{world.tenant(1)}/shop")}
    applications = Applications(Cluster(server), homes=homes)
    assert {name.partition("/")[0] for name in applications.names()} == {"shop", world.tenant(1)}
    assert applications.count() == len(applications.names())
    assert not applications.named([f"{forbidden}/shop"]).problems
    allow(world, forbidden)
    wait_until(lambda: ("ADDED", f"{forbidden}/shop") in world.heard, seconds=120)
    watch.stop()


def test_one_that_nobody_understands_keeps_nobody_from_the_others(world: World) -> None:
    homes = Homes(world.control, (world.tenant(1),))
    heard = list[str]()

    def hear(_event: str, obj: JsonObject) -> None:
        if homes.name_of(obj) == "shop":
            raise KeyError("kind")
        heard.append(homes.name_of(obj))

    watch = ApplicationWatch(world.server, homes, hear, lambda _names, _is_listed: None)
    with watch.hearing:
        watch.begin()
    wait_until(watch.listed.is_set)
    watch.stop()
    assert heard == [f"{world.tenant(1)}/shop"]


def test_a_project_says_who_may_use_it_from_where(world: World) -> None:
    homes = Homes(world.control, (world.tenant(1), world.tenant(2)))
    spec = {"sourceNamespaces": [world.tenant(1)], "sourceRepos": ["*"]}
    team = AppProject.parse({"metadata": {"name": "team"}, "spec": spec})
    applications = Applications(Cluster(world.server), homes=homes, project_of={"team": team}.get)
    found = applications.get(f"{world.tenant(1)}/shop")
    assert found is not None
    assert (found.name, found.instance) == (f"{world.tenant(1)}/shop", f"{world.tenant(1)}_shop")
    with pytest.raises(Rejected, match=f"'shop' in namespace '{world.tenant(2)}' is not allowed to use project 'team'"):
        applications.get(f"{world.tenant(2)}/shop")
    told = applications.update(found, {"metadata": {"annotations": {"told": "yes"}}})
    assert (told.name, told.annotation("told")) == (found.name, "yes")
    own = applications.get("shop")
    assert own is not None
    assert own.annotation("told") == ""


@pytest.mark.parametrize("name", ["a/b/c", "../shop", "/shop", "shop/", "a%2Fb/shop", "x" * 300, "A/shop", "HOME/shop"])
def test_what_is_no_applications_one_name_is_not_asked_for(world: World, name: str) -> None:
    everywhere = Applications(Cluster(world.server), homes=Homes(world.control, ("*",)))
    assert everywhere.read(name.replace("HOME", world.control)) is None


def reader(world: World, tmp_path: Path, *namespaces: str) -> ApiServer:
    """Connect as somebody who may read the Applications of these namespaces alone."""
    world.plane.kubectl("create", "serviceaccount", "reader", "--namespace", world.control)
    for one in namespaces:
        allow(world, one)
    token = world.plane.kubectl("create", "token", "reader", "--namespace", world.control).strip()
    document = yaml.safe_load(world.plane.kubeconfig.read_text("utf-8"))
    document["users"][0]["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document), "utf-8")
    return ApiServer.from_kubeconfig(str(kubeconfig))


def allow(world: World, namespace: str) -> None:
    verbs = ("--verb=get,list,watch", "--resource=applications.argoproj.io")
    world.plane.kubectl("create", "role", "reader", *verbs, "--namespace", namespace)
    whom = f"--serviceaccount={world.control}:reader"
    world.plane.kubectl("create", "rolebinding", "reader", "--role=reader", whom, "--namespace", namespace)
